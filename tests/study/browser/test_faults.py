"""Closed browsers, lost networks, two tabs, two machines: no answer is lost, none is there twice."""

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
    other.until(CHOSEN.format("Unhealthy"))
    other.press("Escape", "p").click(0.5, 0.5).saved()
    viewing.page.wait_for_selector(".marks-list li")
    other.page.locator("label", has_text="Healthy").first.click()
    other.saved()
    viewing.until(CHOSEN.format("Healthy"))
    assert list(viewing.kept()["answers"].values()) == ["healthy"]
    assert len(viewing.kept()["marks"]) == 1


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


def test_a_double_press_of_next_skips_nothing(viewing):
    cases = [case["id"] for case in viewing.session()["parts"][0]["cases"]]
    viewing.next()
    assert viewing.case == cases[1]
    viewing.page.go_back()
    viewing.shown(cases[0])
    viewing.page.go_forward()
    viewing.shown(cases[1])
