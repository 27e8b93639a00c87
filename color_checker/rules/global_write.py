"""CC301: workflow code changes the state of a module or class."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from color_checker.activation import Activation
from color_checker.coloring import Reach, Step
from color_checker.findings import Finding, Frame
from color_checker.mutations import Write
from color_checker.origins import Origin
from color_checker.program import Program
from color_checker.rules.base import Example, Rule

#: A witness of so many frames is of a change in the workflow's own code.
_NEAR = 2


class GlobalWrite(Rule):
    """Workflow code changes the state of a module or class.

    ## What it does

    Finds places in workflow or pure code, and in what it reaches, that rebind a global (`global`), set an
    attribute of a module or class, or mutate an object that a module or class holds: `CACHE[key] = …`,
    `LOG.append(…)`, `COUNTERS.update(…)`, a method that changes its own object.

    The workflow's own state (`self` of a Temporal workflow, locals, arguments) is recorded through replay and
    fine, and so is what happens once, when a module is imported, and the bookkeeping of
    `functools.lru_cache`.

    ## Why is this bad

    The write is repeated at every replay: a counter counts each order as often as the workflow resumed.
    What is written is seen by every other workflow in this process, and by none in another, so that what a
    workflow does depends on which worker it is on.

    ## Use instead

    Keep the state in the workflow and pass it to where it is needed, or write it in a step to where it
    lasts.
    """

    code = "CC301"
    name = "global-write"

    bad = (
        Example(
            title="a Temporal workflow counts in a module",
            files={
                "workflows.py": """\
from temporalio import workflow

started = 0
names: list[str] = []


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, user: str) -> int:
        global started
        started += 1  # expect: global-write
        names.append(user)  # expect: global-write
        return 0
"""
            },
        ),
        Example(
            title="a helper in another file keeps a cache",
            files={
                "pricing.py": """\
_quotes: dict[int, int] = {}


def quote(seats: int) -> int:
    if seats not in _quotes:
        _quotes[seats] = seats * 100
    return _quotes[seats]
""",
                "flows.py": """\
from runtime_min import workflow

from pricing import quote


@workflow
async def order(seats: int) -> int:
    return quote(seats)  # expect: global-write
""",
            },
        ),
        Example(
            title="loggers of several modules that keep lines: one statement changes them all",
            files={
                "lines.py": """\
class Lines:
    def __init__(self) -> None:
        self.buffer: list[str] = []

    def info(self, text: str) -> None:
        self.buffer.append(text)
""",
                "prices.py": """\
from lines import Lines

logger = Lines()
cheap = Lines()


def price(seats: int) -> int:
    logger.info("price")
    cheap.info("price")
    return seats * 100
""",
                "flows.py": """\
from runtime_min import workflow

from lines import Lines
from prices import price

logger = Lines()


@workflow
async def order(seats: int) -> int:
    logger.info("order")  # expect: global-write
    return price(seats)  # expect: global-write
""",
            },
        ),
        Example(
            title="class state, module attributes, and an object that changes itself",
            files={
                "metrics.py": """\
class Metrics:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


METRICS = Metrics()
limit = 10
""",
                "app.py": """\
import metrics
from dbos import DBOS
from metrics import METRICS


class Orders:
    total = 0


@DBOS.workflow()
def order(item: str) -> None:
    Orders.total += 1  # expect: global-write
    metrics.limit = 20  # expect: global-write
    METRICS.count(item)  # expect: global-write
""",
            },
        ),
        Example(
            title="a mutable class attribute reached through self, and a local name for a global",
            files={
                "workflows.py": """\
from temporalio import workflow

SEEN: set[str] = set()


@workflow.defn
class Trial:
    history: list[str] = []

    @workflow.run
    async def run(self, user: str) -> None:
        self.history.append(user)  # expect: global-write
        type(self).history = []  # expect: global-write
        seen = SEEN
        seen.add(user)  # expect: global-write
"""
            },
        ),
    )
    good = (
        Example(
            title="the state of the workflow itself",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Cart:
    limit = 10

    def __init__(self) -> None:
        self.items: list[str] = []
        self.total = 0

    @workflow.signal
    def add(self, item: str) -> None:
        self.items.append(item)
        self.total += 1

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.total >= self.limit)
        self.items.clear()
        self.limit = 20
        return self.total
"""
            },
        ),
        Example(
            title="locals that look like globals, copies, arguments",
            files={
                "flows.py": """\
from runtime_min import workflow

CONFIG = {"limit": 1}
names = ["ann"]


def extend(users: list[str], user: str) -> list[str]:
    users.append(user)
    return users


@workflow
async def order(user: str) -> int:
    names: list[str] = []
    extend(names, user)
    config = dict(CONFIG)
    config["limit"] = 2
    merged = CONFIG | {"other": 3}
    merged["limit"] = 4
    return config["limit"] + merged["limit"] + len(names)
"""
            },
        ),
        Example(
            title="a cached pure helper, a table filled at import",
            files={
                "pricing.py": """\
from collections.abc import Callable
from functools import lru_cache

TARIFFS: dict[str, Callable[[int], int]] = {}


def tariff(function: Callable[[int], int]) -> Callable[[int], int]:
    TARIFFS[function.__name__] = function
    return function


@tariff
def single(seats: int) -> int:
    return seats * 100


@lru_cache
def factorial(number: int) -> int:
    return number * factorial(number - 1) if number else 1
""",
                "app.py": """\
from dbos import DBOS

from pricing import TARIFFS, factorial


@DBOS.workflow()
def order(seats: int) -> int:
    return TARIFFS["single"](seats) + factorial(seats)
""",
            },
        ),
        Example(
            title="a step may keep a cache",
            files={
                "flows.py": """\
from runtime_min import step, workflow

_mails: dict[str, str] = {}


@step
async def mail(user: str) -> str:
    return _mails.setdefault(user, f"{user}@shop.example")


@workflow
async def welcome(user: str) -> str:
    return await mail(user)
"""
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each change, at the colored function's operation that leads to it."""
        best: dict[tuple[str, int, int, Origin], Finding] = {}
        for engine, reach in program.reaches.items():
            for node in reach.nodes():
                for write in program.mutations.of(node):
                    if write.target.is_shared and not _is_excused(program, node, write):
                        # Far from the workflow, several statements that change one thing are one cause.
                        position = write.position if node in program.code else -1
                        key = (node.module.key, node.index, position, write.target)
                        finding = self._finding(program, engine, reach, node, write)
                        if key not in best or _rank(finding) < _rank(best[key]):
                            best[key] = finding
        # Where several changes end in the same finding, the shortest way is shown. One statement far from
        # the workflow that changes one thing or another is one cause, too: a logger's buffer, of each logger.
        shown: set[tuple[str, int, int, Frame]] = set()
        for finding in sorted(best.values(), key=_rank):
            cause = (finding.path, finding.line, finding.column, _changing(finding.witness[-1]))
            if cause not in shown or len(finding.witness) <= _NEAR:
                shown.add(cause)
                yield finding

    def _finding(
        self, program: Program, engine: str, reach: Reach, node: Activation, write: Write
    ) -> Finding:
        chain = reach.chain(node)
        anchor, position = (chain[0].caller, chain[0].position) if chain else (node, write.position)
        target = write.target.text(anchor.module)
        return program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position),
            self.message(target),
            engine=engine, workflows=program.workflows_reaching[node],
            witness=program.witness((*chain, *write.via), write.node, write.at, f"change of {target}"),
        )  # fmt: skip

    @staticmethod
    def message(target: str) -> str:
        """What is wrong with changing `target`, a dotted name."""
        return (
            f"Workflow code changes `{target}`, which outlives the run. Every replay changes it again, and "
            "only in this process. Keep the state in the workflow, or write it in a step."
        )


def _changing(frame: Frame) -> Frame:
    """The statement that changes something, whatever it is that it changes."""
    return msgspec.structs.replace(frame, function="")


def _is_excused(program: Program, node: Activation, write: Write) -> bool:
    """Whether the user has taken care of the change where it happens."""
    line = program.place_of(node, write.position).line
    if program.is_outside(write.node, program.place(write.node, write.at).line):
        return True
    for step in (Step(node, write.position), *write.via):
        at = program.place_of(step.caller, step.position).line
        if program.is_outside(step.caller, at, step.position):
            return True
    return program.is_unsandboxed(node, line) or program.is_replay_guarded(node, line)


def _rank(finding: Finding) -> tuple[int, str, int, int]:
    return (len(finding.witness), finding.path, finding.line, finding.column)
