"""A check that is given up leaves everything as it was."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import color_checker
from color_checker.findings import Report
from color_checker.interruption import Interrupted, interruptible, may_end_here
from color_checker.report import json_report
from color_checker.session import Session
from tests import workflow_project


def encoded(report: Report) -> bytes:
    summary = msgspec.structs.replace(report.summary, seconds=None)
    return json_report.encode(msgspec.structs.replace(report, summary=summary))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    workflow_project.write(tmp_path)
    return tmp_path


def after(calls: int) -> Callable[[], bool]:
    """Says at the call of that number, and from then on, that it is enough."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def interrupted_at(session: Session, calls: int) -> bool:
    """Whether a check ends when it asks for the time of that number whether it may."""
    with interruptible(after(calls)):
        try:
            session.check()
        except Interrupted:
            return True
        return False


def test_nothing_ends_that_nobody_wants_to_end() -> None:
    may_end_here()
    with interruptible(lambda: True), pytest.raises(Interrupted):
        may_end_here()
    with interruptible(lambda: True), interruptible():
        may_end_here()
    may_end_here()


def test_wherever_a_check_ends_the_next_one_says_what_one_from_scratch_says(project: Path) -> None:
    rates = project / "app" / "rates.py"
    text = rates.read_text()
    session = Session(["."], cache=False)
    before = encoded(session.check())
    for calls in range(0, 1000, 7):
        analysis = session.known
        session.overlay(str(rates), f"{text}\n\ndef f{calls}():\n    return today()\n\n\nf{calls}()\n")
        if not interrupted_at(session, calls):
            break
        assert session.known is analysis
        session.overlay(str(rates), None)
        assert encoded(session.check()) == before
    assert calls > 20
    rates.write_text(f"{text}\n\ndef f{calls}():\n    return today()\n\n\nf{calls}()\n")
    assert encoded(session.check()) == encoded(color_checker.check(["."], cache=False))


def test_the_analysis_from_before_can_still_be_asked(project: Path) -> None:
    session = Session(["."], cache=False)
    session.check()
    analysis = session.analysis
    session.overlay(
        str(project / "app" / "rates.py"), "import time\n\n\ndef today():\n    return time.time_ns()\n"
    )
    assert interrupted_at(session, 5)
    assert session.known is analysis
    assert {node.name for node in analysis.program.replayed_nodes} > {
        "app.flows.Trial.run",
        "app.rates.today",
    }
    assert "time.time_ns" in encoded(session.check()).decode()


def test_the_first_check_may_be_given_up_too(project: Path) -> None:
    session = Session(["."], cache=False)
    assert interrupted_at(session, 3)
    assert session.known is None
    assert encoded(session.check()) == encoded(color_checker.check(["."], cache=False))


def test_what_was_half_linked_is_taken_apart(project: Path) -> None:
    session = Session(["."], cache=False)
    session.check()
    counts = []
    gc.collect()
    gc.disable()
    try:
        for number in range(6):
            session.overlay(str(project / "app" / "rates.py"), f"x = {number}\n")
            assert interrupted_at(session, 30)
            counts.append(len(gc.get_objects()))
    finally:
        gc.enable()
    assert counts[-1] - counts[1] < 1000


def test_taking_apart_what_was_given_up_may_be_given_up_too(project: Path) -> None:
    session = Session(["."], cache=False)
    before = encoded(session.check())
    for number in range(20):
        session.overlay(str(project / "app" / "rates.py"), f"x = {number}\n")
        assert interrupted_at(session, 30)
        assert interrupted_at(session, 1)
    session.overlay(str(project / "app" / "rates.py"), None)
    assert encoded(session.check()) == before
