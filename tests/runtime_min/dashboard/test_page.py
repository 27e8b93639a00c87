"""The dashboard's page in a real browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from runtime_min import Runtime
from runtime_min.backend import Commit, NewRun
from runtime_min.dashboard import Dashboard
from runtime_min.journal import Started, encode
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.dashboard import flows
from tests.runtime_min.dashboard.browser import Browser

ROWS = "#rows > li"


def at(dashboard: Dashboard, browser: Browser, place: str = "") -> None:
    """Open the page with its token, and go to a place of it."""
    browser.open(dashboard.url)
    browser.until(
        "!document.querySelector('#runs').hidden && document.querySelectorAll('#list tr').length > 0"
    )
    if place:
        browser.run(f"void (location.hash = {json.dumps(place)})")


def at_run(dashboard: Dashboard, browser: Browser, id: str) -> None:
    at(dashboard, browser, f"#run?id={quote(id)}")
    browser.until(f"!document.querySelector('#run').hidden && document.querySelectorAll('{ROWS}').length > 0")


def widths(browser: Browser, selector: str) -> list[float]:
    """How wide elements are shown."""
    return boxes(browser, selector, "width")


def boxes(browser: Browser, selector: str, side: str) -> list[float]:
    """One number of the box of each element."""
    elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
    found: list[float] = browser.run(f"{elements}.map((e) => e.getBoundingClientRect().{side})")
    return found


def work_on(database: Path, events: int, id: str = "approval-1") -> None:
    """Let a worker do what there is to do for a run."""

    async def work() -> None:
        async with Runtime(database, only=[flows.approval]) as runtime, asyncio.timeout(10):
            while runtime.run_of(id).events < events:
                await asyncio.sleep(0.02)

    asyncio.run(work())


def test_the_token_leaves_the_address_bar_and_stays_for_reloads(
    dashboard: Dashboard, browser: Browser
) -> None:
    at(dashboard, browser)
    assert browser.run("location.href") == f"{dashboard.origin}/"
    assert dashboard.token not in browser.run("document.documentElement.outerHTML")
    assert browser.run("document.cookie") == ""
    browser.call("Page.reload")
    browser.until("document.querySelectorAll('#list tr').length > 0")


def test_without_the_token_the_page_shows_nothing_and_asks_for_it(
    dashboard: Dashboard, browser: Browser
) -> None:
    browser.open(f"{dashboard.origin}/#token=wrong")
    browser.until("!document.querySelector('#door').hidden")
    assert browser.run("document.querySelector('#runs').hidden && document.querySelector('#run').hidden")
    browser.type("#token", dashboard.url)
    browser.click("#door button")
    browser.until("document.querySelectorAll('#list tr').length > 0")
    assert browser.run("document.querySelector('#door').hidden")
    # The browser itself notes each refusal.
    refusals = [note for note in browser.complaints if "401" in note]
    assert refusals == browser.complaints
    browser.complaints.clear()


def test_the_list_is_filtered_and_paged(dashboard: Dashboard, browser: Browser) -> None:
    at(dashboard, browser)
    assert len(browser.texts("#list tr")) == 50
    browser.click("#older")
    browser.until("document.querySelectorAll('#list tr').length < 50")
    assert "trial-1" in browser.text("#list")
    browser.run("history.back()")
    browser.until("document.querySelectorAll('#list tr').length === 50")
    browser.click("#states [data-key=failed]")
    browser.until("document.querySelectorAll('#list tr').length === 1")
    assert "fail-1" in browser.text("#list")
    assert browser.run("document.querySelector('#states [aria-pressed=true]').innerText").startswith("failed")
    browser.type("#prefix", "ship-0")
    browser.until("!document.querySelector('#empty').hidden")
    assert browser.text("#empty") == "No run is like that."
    browser.run("document.querySelector('#states button').click()")
    browser.until("document.querySelectorAll('#list tr').length === 10")


def test_the_keyboard_reaches_the_filter_the_rows_and_the_details(
    dashboard: Dashboard, browser: Browser
) -> None:
    at(dashboard, browser, "#runs?state=running")
    browser.press("/")
    assert browser.run("document.activeElement.id") == "prefix"
    browser.type("#prefix", "trial")
    browser.until("document.querySelector('#list a')?.innerText === 'trial-1'")
    browser.press("Tab")
    browser.until("document.activeElement.matches('#list a')")
    browser.press("Enter")
    browser.until("!document.querySelector('#run').hidden")
    browser.run("document.querySelector('#rows button[tabindex=\"0\"]').focus()")
    browser.press("ArrowDown")
    browser.press("j")
    assert "mail" in browser.run("document.activeElement.getAttribute('aria-label')")
    browser.press("Enter")
    browser.until("document.querySelector('#panel').innerText.includes('the server of ada is away')")
    browser.press("Escape")
    browser.until("document.querySelector('#panel').hidden")
    assert "mail" in browser.run("document.activeElement.getAttribute('aria-label')")
    assert browser.run("document.querySelectorAll('#rows button[tabindex=\"0\"]').length") == 1


def test_a_step_of_milliseconds_and_a_wait_of_a_month_are_both_seen(
    dashboard: Dashboard, browser: Browser
) -> None:
    at_run(dashboard, browser, "trial-1")
    whole = browser.run("document.querySelector('#rows .track').clientWidth")
    for kind in ("time", "packed", "order"):
        browser.click(f"#axis [value={kind}]")
        shown = widths(browser, "#rows .track > i:not(.mark)")
        assert len(shown) >= 6
        assert all(0 <= width <= whole for width in shown)
    browser.click("#axis [value=packed]")
    assert widths(browser, ".step.completed")[0] >= 8
    assert widths(browser, ".ahead")[0] >= 40
    assert "30 d" in browser.text("#ticks")


def test_the_bars_stand_in_the_order_of_time(dashboard: Dashboard, browser: Browser) -> None:
    at_run(dashboard, browser, "trial-1")
    lefts = boxes(browser, "#rows .track > i:first-child", "left")
    assert lefts[1:] == sorted(lefts[1:])
    assert lefts[1] < lefts[-1]
    assert browser.run("document.querySelectorAll('#rows .try').length") == 1
    assert "attempt 2" in browser.texts(ROWS)[2]


def test_details_show_a_failure_with_its_traceback_and_link_to_children(
    dashboard: Dashboard, browser: Browser
) -> None:
    at_run(dashboard, browser, "fail-1")
    browser.click("#rows li:nth-child(2) button")
    browser.until("document.querySelector('#panel').innerText.includes('Traceback')")
    assert "await decline()" in browser.text("#panel")
    at_run(dashboard, browser, "trial-1")
    browser.click("#rows li:nth-child(4) button")
    browser.until("document.querySelector('#panel a')")
    child = browser.text("#panel a")
    browser.click("#panel a")
    browser.until(f"document.querySelector('#title').innerText.includes({json.dumps(child)})")
    assert "child of trial-1" in browser.text("#relations")


def test_generations_are_linked(dashboard: Dashboard, browser: Browser) -> None:
    at_run(dashboard, browser, "count-1")
    assert "generation 2 of 0–2" in browser.text("#relations")
    browser.click("#relations a")
    browser.until("document.querySelector('#relations').innerText.includes('generation 1 of 0–2')")
    assert "continued" in browser.text("#title")


def test_a_long_history_is_shown_in_parts(dashboard: Dashboard, browser: Browser) -> None:
    at_run(dashboard, browser, "many-1")
    assert "1–250 of 602" in browser.text("#windows")
    browser.run(
        "[...document.querySelectorAll('#windows button')].find((one) => one.innerText === 'Last').click()"
    )
    browser.until("document.querySelector('#windows').innerText.includes('353–602 of 602')")
    assert "closed" in browser.texts(ROWS)[-1]


def test_a_signal_is_sent_and_what_it_leads_to_appears_by_itself(
    dashboard: Dashboard, browser: Browser, database: Path
) -> None:
    at_run(dashboard, browser, "approval-1")
    assert "waits for a message" in browser.text("#facts")
    browser.run("document.querySelector('#actions').open = true")
    browser.type("#signal-name", "approved")
    browser.type("#signal-value", "true")
    browser.press("Enter")
    browser.until("document.querySelector('#sent').innerText === 'Signal approved is sent.'")
    browser.run("document.querySelector('#rows li button').focus()")
    work_on(database, 8)
    browser.until("document.querySelector('#title').innerText.includes('completed')")
    assert [row for row in browser.texts(ROWS) if row.startswith("signal approved")]
    assert "closed completed" in browser.texts(ROWS)[-1]
    assert browser.run("document.querySelector('#actions').hidden")
    # An update leaves the reader where they are.
    assert "started" in browser.run("document.activeElement.getAttribute('aria-label')")


def test_a_value_that_is_refused_is_explained(dashboard: Dashboard, browser: Browser) -> None:
    at_run(dashboard, browser, "approval-1")
    browser.run("document.querySelector('#actions').open = true")
    browser.type("#signal-name", "approved")
    browser.type("#signal-value", "maybe")
    browser.press("Enter")
    browser.until("document.querySelector('#sent').className === 'bad'")
    assert "text is written in quotes" in browser.text("#sent")
    assert all("400" in note for note in browser.complaints)
    browser.complaints.clear()


def test_cancelling_asks_first(dashboard: Dashboard, browser: Browser, database: Path) -> None:
    at_run(dashboard, browser, "approval-1")
    browser.run("document.querySelector('#actions').open = true")
    browser.click("#cancel")
    browser.until("document.querySelector('#sure').open")
    assert "Cancel approval-1?" in browser.text("#sure-text")
    browser.press("Escape")
    browser.until("!document.querySelector('#sure').open")
    assert browser.text("#sent") == ""
    browser.click("#cancel")
    browser.until("document.querySelector('#sure').open")
    browser.click("#sure [value=yes]")
    browser.until("document.querySelector('#sent').innerText === 'The run is asked to stop.'")
    work_on(database, 5)
    browser.until("document.querySelector('#title').innerText.includes('cancelled')")


def test_a_question_asked_again_at_once_is_answered(
    dashboard: Dashboard, browser: Browser, database: Path
) -> None:
    at_run(dashboard, browser, "approval-1")
    browser.run("document.querySelector('#actions').open = true")
    # In one go, so that the browser has not yet told that the first question is closed.
    browser.run(
        "document.querySelector('#cancel').click(), document.querySelector('#sure').close(), "
        "document.querySelector('#cancel').click()"
    )
    browser.run("new Promise((done) => setTimeout(done, 100))")
    browser.click("#sure [value=yes]")
    browser.until("document.querySelector('#sent').innerText === 'The run is asked to stop.'")


def test_new_runs_appear_in_the_list_and_times_go_on(
    dashboard: Dashboard, browser: Browser, database: Path
) -> None:
    at(dashboard, browser, "#runs?state=running")
    browser.until("document.querySelectorAll('#list tr').length === 2")
    before = browser.text("#list .took")
    browser.until(f"document.querySelector('#list .took').innerText !== {json.dumps(before)}")

    async def begin() -> None:
        async with Runtime(database, work=False) as runtime:
            await runtime.start(flows.approval.options(id="approval-2"), "eve")

    asyncio.run(begin())
    browser.until("document.querySelectorAll('#list tr').length === 3")
    assert browser.texts("#list a")[0] == "approval-2"


def test_why_a_run_cannot_go_on_is_shown(dashboard: Dashboard, browser: Browser, database: Path) -> None:
    backend = SqliteBackend(database)
    started = encode(Started("approval", "", b"[]", 1, 1e9))
    run, _ = backend.create(NewRun("stuck-1", "approval", "", started, 1e9), "elsewhere:1:worker")
    problem = "recorded: step charge\nran: step refund"
    backend.commit([Commit(run.number, run.token, 1, release=True, problem=problem)])
    backend.close()
    at(dashboard, browser)
    assert "recorded: step charge" in browser.text("#list tr")
    browser.click("#list a")
    browser.until("!document.querySelector('#run').hidden")
    assert browser.text("#problem") == problem


def test_a_run_that_goes_on_as_new_is_followed(dashboard: Dashboard, browser: Browser) -> None:
    at(dashboard, browser, "#runs?workflow=count")
    browser.until("document.querySelectorAll('#list tr').length === 3")
    links = browser.run("[...document.querySelectorAll('#list a')].map((link) => link.getAttribute('href'))")
    assert links == ["#run?id=count-1", "#run?id=count-1&generation=1", "#run?id=count-1&generation=0"]


def test_a_chosen_row_is_not_covered_by_its_details(dashboard: Dashboard, browser: Browser) -> None:
    browser.resize(400, 800)
    at_run(dashboard, browser, "many-1")
    browser.click("#rows li:nth-child(120) button")
    browser.until("document.querySelector('#panel pre')")
    (row,) = boxes(browser, "#rows li:nth-child(120)", "bottom")
    (panel,) = boxes(browser, "#panel", "top")
    assert 0 < row <= panel


def test_an_unknown_run_says_so(dashboard: Dashboard, browser: Browser) -> None:
    at(dashboard, browser, "#run?id=nobody")
    browser.until("!document.querySelector('#notice').hidden")
    assert browser.text("#notice") == "no workflow has the id `nobody`"
    browser.click("#home")
    browser.until("!document.querySelector('#runs').hidden")
    assert browser.run("document.querySelector('#notice').hidden")
    assert all("404" in note for note in browser.complaints)
    browser.complaints.clear()


def test_a_server_that_goes_away_is_noticed(database: Path, browser: Browser) -> None:
    dashboard = Dashboard(database, port=0)
    dashboard.start()
    at(dashboard, browser)
    browser.run("(() => { window.fetch = () => Promise.reject(new TypeError('gone')); })()")
    browser.until("document.querySelector('#live').className === 'off'")
    assert "no answer" in browser.text("#live")
    assert len(browser.texts("#list tr")) == 50
    dashboard.close()


def test_hostile_values_stay_text(dashboard: Dashboard, browser: Browser) -> None:
    at(dashboard, browser, "#runs?workflow=listen")
    browser.until("document.querySelectorAll('#list tr').length === 1")
    assert browser.text("#list a") == flows.HOSTILE
    browser.click("#list a")
    browser.until("document.querySelectorAll('#rows > li').length === 3")
    assert flows.HOSTILE in browser.text("#title")
    for row, title in ((1, "Arguments"), (2, "Value"), (3, "Result")):
        browser.click(f"#rows li:nth-child({row}) button")
        browser.until(f"document.querySelector('#panel h3')?.innerText === '{title}'")
        assert "<img src=x onerror=" in browser.text("#panel pre")
    at_run(dashboard, browser, "fail-1")
    browser.click("#rows li:nth-child(2) button")
    browser.until("document.querySelector('#panel .trouble')")
    assert flows.HOSTILE in browser.text("#panel .trouble")
    assert flows.HOSTILE in browser.text("#problem")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.run("document.querySelectorAll('script').length") == 1
    assert browser.run("document.title") == "fail-1 · runtime_min"


def test_the_policy_stops_markup_even_if_the_page_would_let_it_in(
    dashboard: Dashboard, browser: Browser
) -> None:
    at(dashboard, browser)
    attempt = "document.body.innerHTML = '<img src=x onerror=1>'; return false;"
    assert browser.run(f"(() => {{ try {{ {attempt} }} catch {{ return true; }} }})()")
    assert all("TrustedHTML" in note or "Trusted Type" in note for note in browser.complaints)
    browser.complaints.clear()


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_page_fits_narrow_and_wide_windows(
    dashboard: Dashboard, browser: Browser, width: int, is_dark: bool, tmp_path: Path
) -> None:
    browser.resize(width, 800)
    browser.dark(is_dark)
    for run in ("", "trial-1", "fail-1", flows.HOSTILE):
        at_run(dashboard, browser, run) if run else at(dashboard, browser)
        if run:
            browser.click("#rows li:nth-child(2) button")
            browser.until("!document.querySelector('#panel').hidden")
        assert browser.run("document.documentElement.scrollWidth") <= width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not is_dark
    (tmp_path / "page.png").write_bytes(browser.screenshot())
    assert (tmp_path / "page.png").stat().st_size > 5_000


def test_everything_that_can_be_used_has_a_name(dashboard: Dashboard, browser: Browser) -> None:
    for run in ("", "trial-1"):
        at_run(dashboard, browser, run) if run else at(dashboard, browser)
        if run:
            browser.run("document.querySelector('#actions').open = true")
            browser.click("#rows li:nth-child(3) button")
            browser.until("document.querySelector('#panel pre')")
        nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
        used = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
            and node["role"]["value"]
            in ("button", "link", "textbox", "searchbox", "combobox", "radio", "list")
        ]
        assert len(used) > 10
        assert [role for role, name in used if not name.strip()] == []
