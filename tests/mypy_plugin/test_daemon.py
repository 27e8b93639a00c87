"""dmypy reports what a fresh run of mypy reports, and checks no more than what a change concerns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mypy_plugin.runner import Daemon, Result, configure, run_mypy, write
from tests.mypy_plugin.test_incremental import ALWAYS, CHAIN, CLOCK, FOUND, PURE

MORE_FLOWS = """\
from app.near import quote


def more() -> float:  # color: pure
    return quote()


def again() -> int:  # color: pure
    return sum([1])
"""


#: With these imports gone from the project, mypy's daemon fails an assertion at the next error of its own.
KEEP = {"app/keep.py": "import random\nimport time\n"}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    write(tmp_path, {**CHAIN, **KEEP})
    # The daemon looks for unused comments only in files that have changed.
    configure(tmp_path, mypy="warn_unused_ignores = false")
    with Daemon(tmp_path) as daemon:
        yield daemon


def rewrite(daemon: Daemon, **sources: str) -> None:
    """Change modules of `app` by name."""
    write(daemon.directory, {f"app/{name}.py": source for name, source in sources.items()})


def messages(result: Result) -> list[object]:
    """What matters of a result: dmypy and mypy put files into different orders."""
    return sorted(result.messages)


def fresh(daemon: Daemon) -> list[object]:
    """What mypy says without the daemon."""
    return messages(run_mypy(daemon.directory, ".", cache=daemon.directory / ".fresh"))


def test_a_helper_three_modules_away_makes_the_error_appear_and_vanish(daemon: Daemon) -> None:
    assert daemon.check().places == ALWAYS
    for source, expected in ((CLOCK, FOUND), (PURE, ALWAYS), (CLOCK, FOUND)):
        rewrite(daemon, far=source)
        result = daemon.check()
        assert result.places == expected
        assert messages(result) == fresh(daemon)


def test_nothing_is_checked_but_what_changed_and_what_is_found_elsewhere(daemon: Daemon) -> None:
    daemon.check()
    again = {"app.other.__color_check__"}  # the daemon takes up whatever has had errors
    rewrite(daemon, far=CLOCK)
    daemon.check()
    assert set(daemon.processed) == {"app.flows.__color_check__"} | again
    rewrite(daemon, far=PURE)
    daemon.check()
    assert set(daemon.processed) == {"app.flows.__color_check__"} | again
    rewrite(daemon, near=CHAIN["app/near.py"].replace("price()\n", "price() + 1\n"))
    daemon.check()
    assert set(daemon.processed) <= again


def test_an_unchanged_project_is_not_checked_again(daemon: Daemon) -> None:
    first = daemon.check()
    second = daemon.check()
    assert second.stdout == first.stdout
    assert not daemon.processed


def test_recheck_with_the_changed_files_named(tmp_path: Path) -> None:
    write(tmp_path, CHAIN)
    configure(tmp_path)
    files = [path for path in CHAIN if not path.startswith("app/__")]
    with Daemon(tmp_path, "--follow-imports=error", targets=["app/__init__.py", *files]) as daemon:
        assert daemon.check().places == ALWAYS
        rewrite(daemon, far=CLOCK)
        assert daemon.recheck("--update", "app/far.py").places == FOUND
        (tmp_path / "app/other.py").unlink()
        assert daemon.recheck("--remove", "app/other.py").places == FOUND - ALWAYS


def test_two_files_changed_at_once(daemon: Daemon) -> None:
    daemon.check()
    rewrite(daemon, far=CLOCK, other="x: int = 1\n")
    result = daemon.check()
    assert result.places == FOUND - ALWAYS
    rewrite(daemon, far=PURE, other=CHAIN["app/other.py"])
    assert daemon.check().places == ALWAYS


def test_a_changed_helper_and_its_changed_user(daemon: Daemon) -> None:
    daemon.check()
    rewrite(daemon, far=CLOCK, flows="# moved\n" + CHAIN["app/flows.py"])
    result = daemon.check()
    assert result.places == {("app/flows.py", 6, "clock"), *ALWAYS}
    assert messages(result) == fresh(daemon)


def test_the_last_import_of_a_module_goes_while_there_are_errors_of_ours(tmp_path: Path) -> None:
    write(tmp_path, {**CHAIN, "app/far.py": CLOCK})
    configure(tmp_path)
    with Daemon(tmp_path) as daemon:
        assert daemon.check().places == FOUND
        rewrite(daemon, other="x = 1\n")
        result = daemon.check()
        assert result.places == FOUND - ALWAYS
        assert messages(result) == fresh(daemon)


def test_a_new_file_and_a_deleted_one(daemon: Daemon) -> None:
    daemon.check()
    rewrite(daemon, far=CLOCK, more=MORE_FLOWS)
    assert messages(daemon.check()) == fresh(daemon)
    (daemon.directory / "app/flows.py").unlink()
    assert daemon.check().places == ALWAYS
    rewrite(daemon, near="# moved\n" + CHAIN["app/near.py"])
    result = daemon.check()
    assert ("app/more.py", 5, "clock") in result.places  # the plugin hears of no deletion, but of this
    assert messages(result) == fresh(daemon)


def test_a_file_that_cannot_be_parsed_for_a_while(daemon: Daemon) -> None:
    daemon.check()
    rewrite(daemon, far="def moment(:\n")
    assert {error.code for error in daemon.check().errors} == {"syntax"}
    rewrite(daemon, far=CLOCK)
    assert daemon.check().places == FOUND


def test_errors_of_mypys_own_come_and_go_as_without_the_plugin(daemon: Daemon) -> None:
    daemon.check()
    rewrite(daemon, near=CHAIN["app/near.py"].replace("-> float", "-> str"))
    assert {(error.path, error.code) for error in daemon.check().errors} == {
        ("app/near.py", "return-value"),
        ("app/flows.py", "return-value"),
        ("app/other.py", "random"),
    }
    rewrite(daemon, near=CHAIN["app/near.py"])
    assert daemon.check().places == ALWAYS


def test_the_daemon_begins_with_what_is_in_mypys_cache(tmp_path: Path) -> None:
    # Errors that are in the cache the daemon does not tell, neither mypy's own nor ours.
    chain = {path: source for path, source in CHAIN.items() if path != "app/other.py"}
    write(tmp_path, {**chain, **KEEP})
    configure(tmp_path)
    cache = tmp_path / ".mypy_cache"
    assert run_mypy(tmp_path, "--cache-fine-grained", ".", cache=cache).errors == ()
    with Daemon(tmp_path, "--use-fine-grained-cache") as daemon:
        assert daemon.check().places == frozenset()
        rewrite(daemon, far=CLOCK, flows="# moved\n" + chain["app/flows.py"])
        assert daemon.check().places == {("app/flows.py", 6, "clock")}


def test_suggest_still_works(daemon: Daemon) -> None:
    rewrite(daemon, far="def moment():\n    return 1.0\n")
    daemon.check()
    suggestion = daemon.command("suggest", "app.far.moment")
    assert suggestion.stdout.strip() == "() -> float"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_edit_the_daemon_says_what_a_fresh_run_says(daemon: Daemon, seed: int) -> None:
    daemon.check()
    chance = random.Random(seed)
    history: list[list[str]] = []
    for _ in range(25):
        edits = chance.sample(sorted(EDITS), chance.choice([1, 1, 2]))
        rewrite(daemon, **{edit.partition(":")[0]: EDITS[edit] for edit in edits})
        history.append(edits)
        assert messages(daemon.check()) == fresh(daemon), history


#: "module:variant" → source.
EDITS = {
    "far:pure": PURE,
    "far:clock": CLOCK,
    "far:moved": "# moved\n\n" + CLOCK,
    "far:random": "import random\n\n\ndef moment() -> float:\n    return random.random()\n",
    "far:wrong": "def moment() -> str:\n    return ''\n",
    "middle:straight": CHAIN["app/middle.py"],
    "middle:around": "def price() -> float:\n    return 1.0\n",
    "middle:more": CHAIN["app/middle.py"] + "\n\nRATE: int = 1\n",
    "near:straight": CHAIN["app/near.py"],
    "near:both": "from app import far, middle\n\n\n"
    "def quote() -> float:\n    return middle.price() + far.moment()\n",
    "near:empty": "",
    "flows:one": CHAIN["app/flows.py"],
    "flows:ignored": CHAIN["app/flows.py"].replace("quote()\n", "quote()  # color: ignore[clock]\n"),
    "flows:mypy": CHAIN["app/flows.py"].replace("quote()\n", "quote()  # type: ignore[clock]\n"),
    "flows:plain": CHAIN["app/flows.py"].replace("  # color: pure", ""),
    "more:two": MORE_FLOWS,
    "more:empty": "",
    "other:flow": CHAIN["app/other.py"],
    "other:import": "from app.flows import flow\n\n\n"
    "def other() -> float:  # color: pure\n    return flow()\n",
}
