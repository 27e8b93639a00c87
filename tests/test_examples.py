"""The examples: the broken ones get exactly the findings they are marked with, the good ones none and run."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import tokenize
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import color_checker

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "pro_trial"
ENGINES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
MARKER = re.compile(r"# expect: (?P<names>[a-z-]+(?:, *[a-z-]+)*)$")

Marks = list[tuple[str, int, str]]


def expected(directory: Path) -> Marks:
    """What the comments in the files of `directory` say that must be found: path, line, rule."""
    return sorted(mark for path in directory.rglob("*.py") for mark in markers(path))


def markers(path: Path) -> Iterator[tuple[str, int, str]]:
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        match = MARKER.search(token.string) if token.type == tokenize.COMMENT else None
        for name in re.split(", *", match["names"]) if match else ():
            yield path.relative_to(ROOT).as_posix(), token.start[0], name


def found(*paths: Path) -> Marks:
    """What the analyzer finds below `paths`, in the same form."""
    report = color_checker.check(paths)
    assert not report.errors
    return sorted((finding.path, finding.line, finding.name) for finding in report.findings)


@pytest.mark.usefixtures("in_root")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_example_gets_exactly_the_findings_it_is_marked_with(engine: str) -> None:
    directory = EXAMPLES / engine / "broken"
    assert found(directory) == expected(directory)


@pytest.mark.usefixtures("in_root")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_good_example_has_no_finding_and_nothing_unresolved(engine: str) -> None:
    report = color_checker.check([EXAMPLES / engine / "good"])
    assert (report.findings, report.errors, report.gaps) == ((), (), ())
    assert report.summary.workflows
    assert report.summary.steps


@pytest.mark.usefixtures("in_root")
def test_all_examples_at_once_get_the_same_findings_although_their_modules_share_names() -> None:
    assert found(EXAMPLES) == expected(EXAMPLES)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_example_shows_at_least_eight_rules_across_files(engine: str) -> None:
    marks = expected(EXAMPLES / engine / "broken")
    assert len({name for _, _, name in marks}) >= 8
    assert len({path for path, _, _ in marks}) >= 2


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS` in an example's directory."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "example", ["temporal/good", "temporal/broken", "dbos/good", "dbos/broken", "runtime_min/good"]
)
def test_an_example_imports_with_the_real_sdk(example: str) -> None:
    sdk = {"temporal": "temporalio"}.get(example.partition("/")[0], example.partition("/")[0])
    pytest.importorskip(sdk)
    modules = sorted(path.stem for path in (EXAMPLES / example / "pro_trial").glob("[a-z]*.py"))
    imports = "; ".join(f"import pro_trial.{module}" for module in modules)
    completed = run(EXAMPLES / example, "-c", imports, PYTHONPATH=str(ROOT))
    assert completed.returncode == 0, completed.stderr


# Temporal: histories recorded from real runs of the good workflow on a development server are
# replayed in the SDK's sandbox, which runs every line of the workflow.


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Replays a history against the good workflow; raises what the SDK raises."""
    pytest.importorskip("temporalio")
    from temporalio.client import WorkflowHistory
    from temporalio.worker import Replayer

    monkeypatch.syspath_prepend(str(EXAMPLES / "temporal" / "good"))
    from pro_trial.workflow import ProTrial

    def replay_history(history: dict[str, Any]) -> None:
        replayer = Replayer(workflows=[ProTrial])
        asyncio.run(replayer.replay_workflow(WorkflowHistory.from_json("pro-trial-ada", history)))

    yield replay_history
    for name in [name for name in sys.modules if name.partition(".")[0] == "pro_trial"]:
        del sys.modules[name]


HISTORIES: dict[str, Any] = json.loads((ROOT / "tests/data/pro_trial_histories.json").read_bytes())


@pytest.mark.parametrize("ending", sorted(HISTORIES))
def test_the_good_temporal_workflow_replays_recorded_runs_in_the_sandbox(replay: Any, ending: str) -> None:
    replay(HISTORIES[ending])


def test_a_recorded_run_of_another_workflow_does_not_replay(replay: Any) -> None:
    history = copy.deepcopy(HISTORIES["ended"])
    scheduled = [event for event in history["events"] if "activityTaskScheduledEventAttributes" in event]
    scheduled[-1]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "send_mail"
    with pytest.raises(Exception, match=r"(?i)nondeterminism"):
        replay(history)


# DBOS and runtime_min run here as they do for a user, on SQLite files.


needs_sqlite_that_dbos_can_use = pytest.mark.skipif(
    sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42),
    reason="on Python 3.12 and later, DBOS needs SQLite 3.42 or later",
)


def outbox(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM outbox ORDER BY rowid")]


def permissions(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM permission").fetchone()[0])


@needs_sqlite_that_dbos_can_use
def test_the_good_dbos_trial_runs_to_its_end_and_takes_the_permissions_back(tmp_path: Path) -> None:
    pytest.importorskip("dbos")
    completed = run(
        EXAMPLES / "dbos" / "good",
        *("-m", "pro_trial.main", "ada", "ada@example.com", "0.2"),
        DBOS_SYSTEM_DATABASE_URL=f"sqlite:///{tmp_path / 'dbos.sqlite'}",
        PRO_TRIAL_DB=str(tmp_path / "trial.sqlite"),
    )
    assert completed.returncode == 0, completed.stderr
    assert "Status.ENDED" in completed.stdout
    assert outbox(tmp_path / "trial.sqlite") == ["pro-trial-ada/welcome", "pro-trial-ada/goodbye"]
    assert permissions(tmp_path / "trial.sqlite") == 0


@needs_sqlite_that_dbos_can_use
def test_the_good_dbos_trial_survives_being_killed_in_the_wait(tmp_path: Path) -> None:
    pytest.importorskip("dbos")
    directory = EXAMPLES / "dbos" / "good"
    environment = {
        "DBOS_SYSTEM_DATABASE_URL": f"sqlite:///{tmp_path / 'dbos.sqlite'}",
        "PRO_TRIAL_DB": str(tmp_path / "trial.sqlite"),
    }
    command = [sys.executable, "-m", "pro_trial.main", "ada", "ada@example.com"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = subprocess.Popen(command, cwd=directory, env={**os.environ, **environment}, **quiet)
    try:
        wait_for_mail(tmp_path / "trial.sqlite")
    finally:
        first.kill()
        first.wait()
    second = subprocess.Popen(command, cwd=directory, env={**os.environ, **environment}, **quiet)
    try:
        assert run(directory, "-m", "pro_trial.upgrade", "ada", **environment).returncode == 0
        assert second.wait(timeout=60) == 0
    finally:
        second.kill()
        second.wait()
    assert outbox(tmp_path / "trial.sqlite") == ["pro-trial-ada/welcome", "pro-trial-ada/thanks"]
    assert permissions(tmp_path / "trial.sqlite") == 3


def wait_for_mail(database: Path, seconds: float = 60) -> None:
    """Until the first mail is out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if database.exists() and outbox(database):
                return
        except sqlite3.OperationalError:  # locked, or the table is not there yet
            pass
        time.sleep(0.1)
    raise AssertionError("no mail was sent")


RUNTIME_MIN = EXAMPLES / "runtime_min" / "good"


@pytest.fixture
def databases(tmp_path: Path) -> dict[str, str]:
    """The environment that puts what the runtime_min example stores into a directory of the test."""
    return {
        "RUNTIME_MIN_DB": str(tmp_path / "runs.sqlite"),
        "PRO_TRIAL_DB": str(tmp_path / "trial.sqlite"),
        "PYTHONPATH": str(ROOT),
    }


def test_the_good_runtime_min_trial_runs_to_its_end_and_takes_the_permissions_back(
    tmp_path: Path, databases: dict[str, str]
) -> None:
    completed = run(RUNTIME_MIN, *("-m", "pro_trial.main", "ada", "ada@example.com", "0.2"), **databases)
    assert completed.returncode == 0, completed.stderr
    assert "Status.ENDED" in completed.stdout
    assert outbox(tmp_path / "trial.sqlite") == ["pro-trial-ada/welcome", "pro-trial-ada/goodbye"]
    assert permissions(tmp_path / "trial.sqlite") == 0


def test_the_good_runtime_min_trial_survives_being_killed_in_the_wait(
    tmp_path: Path, databases: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "pro_trial.main", "ada", "ada@example.com"]
    options: dict[str, Any] = {"cwd": RUNTIME_MIN, "env": {**os.environ, **databases}, "text": True}
    first = subprocess.Popen(command, **options)
    try:
        wait_for_mail(tmp_path / "trial.sqlite")
    finally:
        first.kill()
        first.wait()
    for _ in range(2):
        query = ("-m", "runtime_min", "--app", "pro_trial.workflow", "query", "pro-trial-ada", "status")
        assert "running" in run(RUNTIME_MIN, *query, **databases).stdout
    second = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    try:
        completed = run(RUNTIME_MIN, "-m", "pro_trial.upgrade", "ada", **databases)
        assert completed.returncode == 0, completed.stderr
        assert "Status.UPGRADED" in second.communicate(timeout=60)[0]
    finally:
        second.kill()
        second.wait()
    assert second.returncode == 0
    assert outbox(tmp_path / "trial.sqlite") == ["pro-trial-ada/welcome", "pro-trial-ada/thanks"]
    assert permissions(tmp_path / "trial.sqlite") == 3


def test_a_runtime_min_trial_killed_again_and_again_sends_each_mail_once(
    tmp_path: Path, databases: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "pro_trial.main", "ada", "ada@example.com", "4"]
    options: dict[str, Any] = {"cwd": RUNTIME_MIN, "env": {**os.environ, **databases}}
    for seconds in (0.0, 0.2, 0.4, 0.6):
        process = subprocess.Popen(command, **options)
        wait_for_mail(tmp_path / "trial.sqlite")
        time.sleep(seconds)
        process.kill()
        process.wait()
    completed = run(RUNTIME_MIN, *command[1:], **databases)
    assert "Status.ENDED" in completed.stdout, completed.stderr
    assert outbox(tmp_path / "trial.sqlite") == ["pro-trial-ada/welcome", "pro-trial-ada/goodbye"]
    assert permissions(tmp_path / "trial.sqlite") == 0


def test_the_command_line_shows_what_the_runtime_min_trial_gives(databases: dict[str, str]) -> None:
    trial = '{"user": "ada", "email": "ada@example.com", "length_seconds": 0.1}'
    start = ("-m", "runtime_min", "--app", "pro_trial.workflow", "start", "pro_trial", trial, "--wait")
    completed = run(RUNTIME_MIN, *start, **databases)
    assert '"status":"ended"' in completed.stdout, completed.stderr
