"""The operator's page: progress, locking and reopening with a reason, agreement that stays hidden."""

import pytest

from tamperscope.study.page_reader import VIEWPORT, PageReader
from tests.study.conftest import access

pytestmark = pytest.mark.slow


@pytest.fixture
def operator(chromium, study):
    context = chromium.new_context(viewport=VIEWPORT)
    yield PageReader(context.new_page(), study.url).sign_in(*access(study.folder)["operator"]).page
    context.close()


def press(page, reader, words, reason):
    """Presses Lock or Reopen in a reader's first open or locked row, and gives a reason."""
    page.locator("#rows tr", has_text=reader).get_by_role("button", name=words).first.click()
    if reason:
        page.get_by_label("Reason").fill(reason)
    page.locator("dialog").get_by_role("button", name=words).click()


def test_progress_shows_what_a_reader_does(operator, viewing):
    viewing.press("2").saved()
    viewing.next()
    operator.reload()
    row = operator.locator("#rows tr", has_text="Reader 1").first
    row.wait_for()
    cells = [cell.inner_text() for cell in row.locator("td").all()]
    assert cells[:3] == ["Reader 1", "First series", "open"]
    assert cells[4:6] == ["0 of 9", "5"]  # two of the first case, three of the second, which was looked at


def test_parts_are_locked_and_reopened_with_a_reason_that_is_kept(operator, study):
    press(operator, "Reader 1", "Lock", None)
    assert operator.locator("dialog[open]").count() == 1  # nothing goes on without a reason
    operator.get_by_role("button", name="Back").click()
    assert operator.locator("#audit tr").count() == 0
    press(operator, "Reader 1", "Lock", "ill, goes on next week")
    operator.locator("#audit tr", has_text="ill, goes on next week").wait_for()
    assert operator.locator("#rows .state.locked").count() == 1
    press(operator, "Reader 1", "Reopen", "<b>back</b> again")
    row = operator.locator("#audit tr", has_text="<b>back</b> again")
    row.wait_for()
    assert "reopen: First series of Reader 1" in row.inner_text()
    assert "[a later part was open already]" in row.inner_text()
    assert operator.locator("#audit b").count() == 0
    assert operator.locator("#rows .state.locked").count() == 0


def test_agreement_is_hidden_until_every_reader_has_locked(operator):
    operator.wait_for_selector("#agreement tr")
    assert operator.locator("#agreement").inner_text().count("hidden until every reader has locked") == 2
    for number in (1, 2, 3):
        press(operator, f"Reader {number}", "Lock", "the end")
        operator.locator("#audit tr", has_text=f"Reader {number}").wait_for()
    operator.locator("#agreement tr", has_text="BI-RADS").first.wait_for()
    assert operator.locator("#agreement").inner_text().count("hidden until every reader has locked") == 1


def test_a_reader_gets_no_operators_page(viewing, study):
    assert viewing.page.goto(f"{study.url}/operator").status == 403
    assert viewing.page.locator("#rows").count() == 0
