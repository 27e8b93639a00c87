"""A quick look at one file says what a check will say of it, as far as the file alone can show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from color_checker.session import Session
from color_checker.sources import by_path
from tests.helped_workflow import CLEAN, CLOCK, FLOW

EXAMPLES = Path(__file__).parents[1] / "examples" / "pro_trial"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "helper.py").write_text(CLEAN)
    (tmp_path / "apart.py").write_text("import time\n\nprint(time.time())\n")
    (tmp_path / "pyproject.toml").write_text("[tool.color-checker]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return Session(["."], cache=False)


def seen(session: Session, path: str) -> list[tuple[str, int]]:
    glance = session.glance(path)
    assert glance is not None
    return [(finding.name, finding.line) for finding in glance.findings]


@pytest.mark.parametrize("engine", ["temporal", "dbos", "runtime_min"])
@pytest.mark.parametrize("state", ["good", "broken"])
def test_what_was_checked_looks_as_it_was_found(
    engine: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES / engine / state)
    session = Session(["."], cache=False)
    found = by_path(session.check().findings)
    assert bool(found) == (state == "broken")
    for path in session.files:
        glance = session.glance(path)
        assert glance is not None
        assert glance.findings == found.get(path, ())


def test_an_effect_shows_as_soon_as_it_is_typed(session: Session) -> None:
    session.check()
    assert seen(session, "flow.py") == []
    session.overlay("flow.py", FLOW.replace("helper.now()", "__import__('time').time() + helper.now()"))
    assert ("dynamic-code", 10) in seen(session, "flow.py")
    session.overlay("flow.py", None)
    assert seen(session, "flow.py") == []


def test_an_effect_in_a_helper_shows_in_the_file_of_the_workflow(session: Session) -> None:
    session.check()
    session.overlay("helper.py", CLOCK)
    assert seen(session, "helper.py") == []
    assert seen(session, "flow.py") == [("clock", 10)]
    session.check()
    assert seen(session, "flow.py") == [("clock", 10)]


def test_it_tells_which_files_took_part(session: Session, tmp_path: Path) -> None:
    session.check()
    glance = session.glance("flow.py")
    assert glance is not None
    assert glance.linked == {str(tmp_path / "flow.py"), str(tmp_path / "helper.py")}


def test_nothing_shows_before_a_check_in_other_files_and_in_broken_ones(session: Session) -> None:
    assert session.glance("flow.py") is None
    session.check()
    assert session.glance("missing.py") is None
    session.overlay("flow.py", "def f(:\n")
    assert session.glance("flow.py") is None
    session.overlay("helper.py", "def f(:\n")
    session.overlay("flow.py", None)
    assert seen(session, "flow.py") == []


def test_a_file_can_come_to_have_to_do_with_workflows(session: Session) -> None:
    session.check()
    assert seen(session, "apart.py") == []
    session.overlay("apart.py", FLOW.replace("helper.now()", "print()"))
    assert seen(session, "apart.py") == [("console", 10)]
    session.overlay("apart.py", "x = 1\n")
    assert seen(session, "apart.py") == []


def test_it_works_on_a_result_that_came_from_the_disk(session: Session, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW.replace("helper.now()", "print()"))
    Session(["."]).check()
    second = Session(["."])
    second.check()
    assert second.glance("flow.py") is None
    assert second.analysis is not None
    assert seen(second, "flow.py") == [("console", 10)]


def test_a_comment_counts_as_unused_only_if_the_check_has_found_it_so(
    session: Session, tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text(
        "import time\n\n\ndef now() -> float:\n    return time.time()  # color: ignore[clock]\n\n\n"
        "def late() -> float:\n    return 1.0  # color: ignore[random]\n\n\n"
        + FLOW.replace("helper.now()", "1.0")
    )
    assert {(f.name, f.line) for f in session.check().findings} == {("unused-suppression", 9)}
    assert seen(session, "helper.py") == [("unused-suppression", 9)]


def test_what_other_files_do_to_shared_state_is_seen_by_the_check_alone(
    session: Session, tmp_path: Path
) -> None:
    (tmp_path / "state.py").write_text("hooks = []\n")
    (tmp_path / "flow.py").write_text("import state\n" + FLOW.replace("helper.now()", "state.hooks[0]()"))
    (tmp_path / "hooks.py").write_text(
        f"import time\n\nimport state\n{FLOW}\nstate.hooks.append(time.time)\n"
    )
    found = by_path(session.check().findings)
    assert [(f.name, f.line) for f in found[str(tmp_path / "flow.py")]] == [("clock", 11)]
    assert seen(session, "flow.py") == []
