"""Closed browsers, lost networks, two tabs, two machines: no answer is lost, none is there twice."""

import contextlib
import os
import resource
import signal
import sqlite3
import threading

import numpy as np
import pytest

from tamperscope.study.page_reader import VIEWPORT
from tests.study.conftest import access
from tests.study.test_killed import free_port, serving

from .viewing import Viewing

CHOSEN = "document.querySelector('.choices input:checked')?.closest('label').innerText.startsWith('{}')"


def tab(context, study, case):
    return Viewing(context.new_page(), study.url).open(case)


def test_a_browser_closed_mid_case_loses_nothing(viewing, study):
    case, context = viewing.case, viewing.page.context
    viewing.press("2", "b").drag((0.4, 0.4), (0.5, 0.5))
    viewing.page.close()  # at once, with whatever is under way
    again = tab(context, study, case).saved()
    kept = again.kept()
    assert list(kept["answers"].values()) == ["unhealthy"]
    assert [mark["kind"] for mark in kept["marks"]] == ["box"]
    assert again.page.locator(".choices input:checked").count() == 1
    assert again.page.locator(".marks-list li").count() == 1


@pytest.mark.slow
def test_work_goes_on_while_the_server_is_away(viewing, study):
    case, context = viewing.case, viewing.page.context
    viewing.page.wait_for_timeout(500)  # the next case is fetched
    context.set_offline(True)
    viewing.press("2", "4", "p").click(0.4, 0.4)
    viewing.page.wait_for_selector('#saved[data-state="away"]')
    assert "kept here" in viewing.page.inner_text("#saved")
    following = viewing.next()
    viewing.press("1")
    assert viewing.case == following
    viewing.page.close()  # what waits is in the browser's storage
    context.set_offline(False)
    again = tab(context, study, case).saved()
    assert list(again.kept()["answers"].values()) == ["unhealthy", "4"]
    assert len(again.kept()["marks"]) == 1
    assert list(again.kept(following)["answers"].values()) == ["healthy"]


@pytest.mark.slow
def test_the_page_sends_by_itself_when_the_server_is_back(viewing):
    viewing.page.context.set_offline(True)
    viewing.press("2")
    viewing.page.wait_for_selector('#saved[data-state="away"]')
    viewing.page.context.set_offline(False)
    viewing.saved()
    assert list(viewing.kept()["answers"].values()) == ["unhealthy"]


def test_two_tabs_show_the_same_and_keep_one_answer(viewing, study):
    other = tab(viewing.page.context, study, viewing.case)
    viewing.press("2").saved()
    other.until(CHOSEN.format("Unhealthy"), seconds=5)
    other.press("Escape", "p").click(0.5, 0.5).saved()
    viewing.page.wait_for_selector(".marks-list li")
    other.page.locator("label", has_text="Healthy").first.click()
    other.saved()
    viewing.until(CHOSEN.format("Healthy"), seconds=5)
    assert list(viewing.kept()["answers"].values()) == ["healthy"]
    assert len(viewing.kept()["marks"]) == 1


@pytest.mark.slow
def test_another_machine_goes_on_where_this_one_stopped(viewing, study):
    viewing.press("2", "4").saved()
    following = viewing.next()
    viewing.press("1").saved()
    elsewhere = study.reader(0)
    page = elsewhere.page
    page.wait_for_selector("text=Go on")
    page.get_by_role("link", name="Go on").click()
    elsewhere.shown()
    assert elsewhere.case == viewing.session()["parts"][0]["cases"][0]["id"]
    elsewhere.open(following)
    assert page.locator(".choices input:checked").count() == 1


@pytest.mark.slow
def test_a_double_press_of_next_skips_nothing(viewing):
    cases = [case["id"] for case in viewing.session()["parts"][0]["cases"]]
    viewing.next()
    assert viewing.case == cases[1]
    viewing.page.go_back()
    viewing.shown(cases[0])
    viewing.page.go_forward()
    viewing.shown(cases[1])


@contextlib.contextmanager
def reading(chromium, folder, url):
    """The first reader at the first case."""
    context = chromium.new_context(viewport=VIEWPORT)
    viewing = Viewing(context.new_page(), url).sign_in(*access(folder)["reader-1"])
    viewing.page.get_by_role("link", name="Begin").click()
    yield viewing.shown()
    context.close()


def kept_acts(folder):
    """Kind, what was said, of all acts in the database, which is whole."""
    with sqlite3.connect(folder / "study.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute("SELECT uuid, kind, data FROM event ORDER BY seq").fetchall()
    assert len({uuid for uuid, _, _ in rows}) == len(rows)
    return [(kind, data) for _, kind, data in rows]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_server_killed_ten_times_under_the_readers_hands(chromium, study):
    """Every answer is given once, goes out once or more often, and is kept once, in its order."""
    rng, port, said = np.random.default_rng(3), free_port(), []
    going = contextlib.ExitStack()
    url, process = going.enter_context(serving(study.folder, port))
    with reading(chromium, study.folder, url) as viewing:
        for number in range(10):
            threading.Timer(float(rng.uniform(0, 0.3)), os.kill, (process.pid, signal.SIGKILL)).start()
            for step in range(8):  # answers while it dies, and while it is dead
                said.append(("healthy", "unhealthy")[(number + step) % 2])
                viewing.page.locator(".choices").first.locator("input").nth((number + step) % 2).check()
                viewing.page.wait_for_timeout(float(rng.uniform(5, 60)))
            process.wait()
            going.close()
            url, process = going.enter_context(serving(study.folder, port))
            viewing.saved()
        assert viewing.kept()["answers"] == {"health": said[-1]}
        assert viewing.errors == []
    going.close()
    answers = [data.split('"')[-2] for kind, data in kept_acts(study.folder) if kind == "answer"]
    assert answers == [one for one, before in zip(said, [None, *said], strict=False) if one != before]


@pytest.mark.slow
def test_a_full_disk_keeps_the_work_in_the_browser(chromium, study):
    """The server may write no further (its files have reached their limit): the page says so and keeps the answers."""
    with serving(study.folder) as (url, process), reading(chromium, study.folder, url) as viewing:
        viewing.press("1").saved()
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        size = max(path.stat().st_size for path in study.folder.glob("study.db*"))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))
        viewing.press("4", "r")
        for _ in range(40):  # more than fits into what is left
            viewing.page.keyboard.insert_text("dense " * 10)
            viewing.press("Escape", "r")
        viewing.page.wait_for_selector('#saved[data-state="away"]')
        assert viewing.kept()["answers"]["health"] == "healthy"  # what was acknowledged can still be read
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        viewing.saved()
        answers = viewing.kept()["answers"]
        assert (answers["health"], answers["birads"], len(answers["remark"])) == ("healthy", "4", 2400)
    kept_acts(study.folder)


@pytest.mark.slow
def test_a_browsers_clock_that_jumps_changes_nothing(chromium, study):
    context = chromium.new_context(viewport=VIEWPORT)
    context.add_init_script(
        "const now = Date.now, Old = Date; let jump = 0; addEventListener('keydown', () => (jump -= 400 * 864e5));"
        "Date = class extends Old { constructor(...given) { given.length ? super(...given) : super(now() + jump); } };"
    )
    viewing = Viewing(context.new_page(), study.url).sign_in(*access(study.folder)["reader-1"])
    viewing.page.get_by_role("link", name="Begin").click()
    viewing.shown()
    for key in ("1", "Shift+Q", "2", "Shift+Q", "1", "3"):  # each a year and more before the last
        viewing.press(key)
    viewing.saved()
    assert viewing.kept()["answers"] == {"health": "healthy", "birads": "3"}
    viewing.next()
    viewing.saved()
    first = viewing.session()["parts"][0]["cases"][0]["id"]
    assert 0 < viewing.kept(first)["seconds"] < 60
    with sqlite3.connect(study.folder / "study.db") as database:
        times = [at for (at,) in database.execute("SELECT client_time FROM event WHERE kind = 'answer' ORDER BY seq")]
    assert times == sorted(times, reverse=True)  # the clock did run backwards
    context.close()


@pytest.mark.slow
def test_a_session_that_ends_loses_nothing(viewing, study):
    """The work stays in the browser, and goes out after the reader has signed in again."""
    case = viewing.case
    viewing.press("2").saved()
    with sqlite3.connect(study.folder / "study.db") as database:
        database.execute("DELETE FROM session")
    viewing.press("4", "p").click(0.4, 0.4)
    viewing.page.wait_for_selector('#saved[data-state="signed-out"]')
    again = Viewing(viewing.page.context.new_page(), study.url).sign_in(*access(study.folder)["reader-1"])
    again.open(case).saved()
    assert again.kept()["answers"] == {"health": "unhealthy", "birads": "4"}
    assert len(again.kept()["marks"]) == 1


@pytest.mark.slow
def test_lock_pressed_twice_locks_once(viewing, study):
    for number in range(9):
        viewing.press("1", "1", "5").saved()
        if number < 8:
            viewing.next()
    viewing.page.goto(f"{study.url}/study")
    viewing.page.get_by_role("button", name="Lock this part").dblclick()
    viewing.page.locator("dialog").get_by_role("button", name="Lock", exact=True).first.dblclick()
    viewing.page.locator(".card .state.locked").wait_for()
    viewing.page.wait_for_timeout(500)
    with sqlite3.connect(study.folder / "study.db") as database:
        assert database.execute("SELECT count(*) FROM part_event WHERE kind = 'lock'").fetchone() == (1,)
