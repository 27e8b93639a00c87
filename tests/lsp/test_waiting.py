"""What is asked and typed while a check is under way: one that goes on only when the test says so."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from color_checker import checking
from color_checker.checking import Analysis
from color_checker.glance import Glance, Glances
from color_checker.interruption import Interrupted, may_end_here
from color_checker.lsp import hovers
from color_checker.lsp.checked import Checked
from color_checker.lsp.documents import Documents
from color_checker.lsp.project import Project
from color_checker.lsp.worker import Worker
from color_checker.store import Values

pytestmark = pytest.mark.asyncio

PATIENCE = 60

Texts = Mapping[str, tuple[bytes, bytes]]

FLOW = """\
from temporalio import workflow
from helper import today

@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> None:
        today()
        print()
"""
HELPER = """\
import time

def today():
    return time.time()
"""
PURE = "def today():\n    return 1\n"


class Told:
    """What the project tells of the file with the workflow: line and name of each finding."""

    def __init__(self) -> None:
        self.findings: list[list[tuple[int, str]]] = []
        self.broken_paths: list[str] = []
        self.glances: list[dict[str, list[tuple[int, str]]]] = []
        self.repaints = 0
        self.failures: list[str] = []

    def checked(self, project: Project) -> None:
        self.findings.append([(one.line, one.name) for one in project.checked.report.findings])

    def broken(self, project: Project, paths: Iterable[str]) -> None:
        self.broken_paths += paths

    def glanced(self, project: Project, paths: Iterable[str]) -> None:
        self.glances.append(
            {path: [(one.line, one.name) for one in project.checked.findings(path)] for path in paths}
        )

    def repainted(self) -> None:
        self.repaints += 1

    def failed(self, message: str) -> None:
        self.failures.append(message)


class Trial:
    """A project that was checked once, and the switch that holds up the checks to come."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.flow, self.helper = folder / "flow.py", folder / "helper.py"
        self.flow.write_text(FLOW)
        self.helper.write_text(HELPER)
        self.told = Told()
        self.documents = Documents()
        self.going_on = threading.Event()
        self.going_on.set()
        self.begun = self.given_up = 0
        link, look = checking._link, Glances.look
        glancing = threading.Event()

        def held_up(*arguments: object, **keywords: object) -> object:
            if glancing.is_set():
                return link(*arguments, **keywords)  # type: ignore[arg-type]
            self.begun += 1
            try:
                while not self.going_on.wait(0.005):
                    may_end_here()
            except Interrupted:
                self.given_up += 1
                raise
            return link(*arguments, **keywords)  # type: ignore[arg-type]

        def not_held_up(glances: Glances, path: str, texts: Texts, store: Values) -> Glance | None:
            glancing.set()
            try:
                return look(glances, path, texts, store)
            finally:
                glancing.clear()

        monkeypatch.setattr(checking, "_link", held_up)
        monkeypatch.setattr(Glances, "look", not_held_up)
        self.project = Project(str(folder), self.documents, Worker("checks"), Worker("answers"), self.told)

    def open(self, path: Path) -> None:
        self.documents.open(types.TextDocumentItem(path.as_uri(), "python", 1, path.read_text()))
        self.project.check_soon(on_disk=False)

    def type(self, path: Path, text: str) -> None:
        document = self.documents.get(str(path))
        assert document is not None
        self.documents.change(
            types.VersionedTextDocumentIdentifier(document.version + 1, path.as_uri()),
            [types.TextDocumentContentChangeWholeDocument(text)],
        )
        self.project.check_soon(on_disk=False)

    async def settle(self) -> None:
        await asyncio.wait_for(self.project.settled(), PATIENCE)

    async def until_begun(self, checks: int) -> None:
        await self.until(lambda: self.begun >= checks)

    async def until(self, condition: Callable[[], bool]) -> None:
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < PATIENCE
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Trial]:
    monkeypatch.chdir(tmp_path)
    trial = Trial(tmp_path.resolve(), monkeypatch)
    trial.open(trial.flow)
    trial.open(trial.helper)
    await trial.settle()
    await trial.project.view(str(trial.flow))
    assert trial.told.findings[-1] == [(8, "clock"), (9, "console")]
    trial.begun = 0
    yield trial
    trial.going_on.set()
    trial.project.close()
    assert trial.told.failures == []


@pytest.mark.parametrize("took", [0.01, 5.0])
async def test_colors_and_hovers_come_from_the_last_analysis_while_a_check_is_under_way(
    trial: Trial, took: float
) -> None:
    trial.project._took = took  # so much is expected of the next one, too
    trial.going_on.clear()
    trial.type(trial.helper, PURE)
    await trial.until_begun(1)

    def asked(analysis: Analysis, checked: Checked) -> str:
        return hovers.hover(analysis, checked, str(trial.flow), 8, 9)

    assert "reaches clock" in (await asyncio.wait_for(trial.project.ask(asked, exact=False), PATIENCE) or "")
    shown, _ = await asyncio.wait_for(trial.project.view(str(trial.flow)), PATIENCE)
    assert [(use.place.line, use.kind) for use in shown.uses] == [(8, "effect"), (9, "effect")]
    assert not trial.project._settled.is_set()
    trial.going_on.set()
    await trial.settle()
    assert "reaches clock" not in (await trial.project.ask(asked, exact=False) or "")


async def test_what_the_last_analysis_says_is_moved_to_where_its_code_is_now(trial: Trial) -> None:
    trial.going_on.clear()
    trial.type(trial.flow, FLOW.replace("@workflow.defn", "x = today()\n\n@workflow.defn"))
    await trial.until_begun(1)
    shown, text = await asyncio.wait_for(trial.project.view(str(trial.flow)), PATIENCE)
    lines = [text.position(use.place.line, 1).line + 1 for use in shown.uses]
    assert lines == [10, 11]
    repaints = trial.told.repaints
    trial.going_on.set()
    await trial.settle()
    await trial.project._do(lambda: None)  # after the repainting
    await asyncio.sleep(0)
    assert trial.told.repaints == repaints + 1  # what was answered was not about this text


async def test_fixes_wait_for_the_text_that_they_are_to_change(trial: Trial) -> None:
    trial.going_on.clear()
    trial.type(trial.helper, PURE)
    await trial.until_begun(1)
    asking = asyncio.ensure_future(trial.project.ask(lambda analysis, checked: len(checked.report.findings)))
    done, _ = await asyncio.wait((asking,), timeout=0.6)
    assert not done
    trial.going_on.set()
    assert await asyncio.wait_for(asking, PATIENCE) == 1


async def test_a_check_is_given_up_when_its_text_has_changed(trial: Trial) -> None:
    trial.going_on.clear()
    told = len(trial.told.findings)
    for number in range(3):
        trial.type(trial.helper, f"{PURE}\ntoday({number})\n")
        await trial.until_begun(number + 1)
    trial.type(trial.helper, HELPER.replace("time.time()", "open('x')"))
    await trial.until_begun(4)
    trial.going_on.set()
    await trial.settle()
    assert trial.given_up == 3
    assert trial.told.findings[told:] == [[(8, "filesystem"), (9, "console")]]


async def test_back_at_the_text_of_the_last_check_nothing_is_linked_again(trial: Trial) -> None:
    trial.going_on.clear()
    trial.type(trial.helper, PURE)
    await trial.until_begun(1)
    trial.type(trial.helper, HELPER)
    await trial.settle()
    assert (trial.begun, trial.given_up) == (1, 1)
    assert trial.told.findings[-1] == [(8, "clock"), (9, "console")]


async def test_a_text_that_does_not_parse_is_told_while_the_one_before_is_checked(trial: Trial) -> None:
    trial.going_on.clear()
    trial.type(trial.helper, PURE)
    await trial.until_begun(1)
    trial.type(trial.helper, f"{PURE}x = (\n")
    started = time.monotonic()
    while not trial.told.broken_paths:
        assert time.monotonic() - started < PATIENCE
        await asyncio.sleep(0.005)
    assert trial.told.broken_paths == [str(trial.helper)]
    assert [error.line for error in trial.project.checked.errors(str(trial.helper))] == [3]
    assert (trial.begun, trial.given_up) == (1, 0)  # what it finds is what is wanted
    trial.going_on.set()
    await trial.settle()
    assert trial.begun == 1
    assert trial.told.findings[-1] == [(9, "console")]
    assert trial.project.checked.errors(str(trial.helper))


async def test_a_glance_tells_what_it_can_before_a_check_that_takes_long(trial: Trial) -> None:
    trial.project._took = 10.0
    trial.going_on.clear()
    flow, helper = str(trial.flow), str(trial.helper)
    trial.type(trial.flow, FLOW.replace("print()", "open('x')"))
    await trial.until(lambda: bool(trial.told.glances))
    assert trial.told.glances[-1][flow] == [(8, "clock"), (9, "filesystem")]
    assert not trial.project._settled.is_set()
    trial.type(trial.helper, PURE)
    await trial.until(lambda: trial.told.glances[-1] == {flow: [(9, "filesystem")], helper: []})
    trial.type(trial.helper, f"\n{PURE}")
    await trial.until_begun(1)
    assert trial.told.glances[-1] == {flow: [(9, "filesystem")], helper: []}
    trial.going_on.set()
    await trial.settle()
    assert trial.told.findings[-1] == [(9, "filesystem")]


async def test_what_was_broken_and_is_not_any_more_is_looked_at(trial: Trial) -> None:
    trial.project._took = 10.0
    flow = str(trial.flow)
    trial.type(trial.flow, f"{FLOW}x = (\n")
    await trial.until(lambda: trial.told.broken_paths == [flow])
    trial.going_on.clear()
    glances = len(trial.told.glances)
    trial.type(trial.flow, FLOW.replace("        today()\n", ""))
    await trial.until(lambda: len(trial.told.glances) > glances)
    assert trial.told.glances[-1][flow] == [(8, "console")]
    assert trial.project.checked.errors(flow) == ()


async def test_what_a_baseline_knows_stays_known_in_a_glance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.color-checker]\nbaseline = "known.json"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "helper.py").write_text(HELPER)
    command = [sys.executable, "-m", "color_checker", "check", ".", "--write-baseline", "known.json"]
    subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    trial = Trial(tmp_path.resolve(), monkeypatch)
    trial.open(trial.flow)
    await trial.settle()
    trial.project._took = 10.0
    trial.type(trial.flow, "\n" + FLOW + "        open('x')\n")
    await trial.until(lambda: bool(trial.told.glances))
    assert {one.name for one in trial.project.checked.known} == {"clock", "console"}
    assert len(trial.told.glances[-1][str(trial.flow)]) == 3
    await trial.settle()
    assert {one.name for one in trial.project.checked.known} == {"clock", "console"}
    trial.project.close()


async def test_the_first_check_goes_on_while_somebody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trial = Trial(tmp_path.resolve(), monkeypatch)
    trial.going_on.clear()
    trial.open(trial.flow)
    trial.open(trial.helper)
    await trial.until_begun(1)
    trial.type(trial.helper, PURE)
    await asyncio.sleep(0.1)
    trial.going_on.set()
    await trial.settle()
    assert trial.given_up == 0
    assert trial.told.findings[-1] == [(9, "console")]
    trial.project.close()
