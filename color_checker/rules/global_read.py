"""CC302: workflow code reads module state that something changes."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.coloring import Reach, Step
from color_checker.findings import Finding
from color_checker.later import Read, reads
from color_checker.program import Program
from color_checker.rules.base import Example, Rule


class GlobalRead(Rule):
    """Workflow code reads state of a module or class that something else changes.

    ## What it does

    Finds reads of a global, a module attribute or a class attribute in workflow or pure code, and in what it
    reaches, where some function of the project rebinds or mutates it after import. The finding names the
    place of the change.

    Constants are fine: what only module-level code changes, or functions that only module-level code calls
    (registration decorators). Changes made by tests do not count, and changes made by workflow code are
    findings of `global-write` already; their reads are not reported again.

    ## Why is this bad

    The workflow saw the limit that was set when it ran. The replay, on a worker that was started later, sees
    another one, takes the other branch, and does not find the step it asks for in the history.

    ## Use instead

    Pass the value to the workflow as input or by a signal, or read it in a step.
    """

    code = "CC302"
    name = "global-read"

    bad = (
        Example(
            title="a setting that the program changes while it runs",
            files={
                "workflows.py": """\
from temporalio import workflow

limit = 10


def set_limit(value: int) -> None:
    global limit
    limit = value


@workflow.defn
class Order:
    @workflow.run
    async def run(self, seats: int) -> bool:
        return seats < limit  # expect: global-read
"""
            },
        ),
        Example(
            title="a helper in another file reads a table that a third file changes",
            files={
                "rates.py": """\
RATES = {"EUR": 1.0}


def convert(amount: float, currency: str) -> float:
    return amount * RATES[currency]
""",
                "admin.py": """\
import rates


def update(currency: str, rate: float) -> None:
    rates.RATES[currency] = rate
""",
                "flows.py": """\
from runtime_min import workflow

from rates import convert


@workflow
async def price(amount: float) -> float:
    return convert(amount, "EUR")  # expect: global-read
""",
            },
        ),
        Example(
            title="a step fills what the workflow reads",
            files={
                "app.py": """\
from dbos import DBOS


class Session:
    token = ""


results: list[str] = []


@DBOS.step()
def log_in(user: str) -> None:
    Session.token = user
    results.append(user)


@DBOS.workflow()
def visit(user: str) -> str:
    log_in(user)
    for result in results:  # expect: global-read
        user += result
    return Session.token + user  # expect: global-read
"""
            },
        ),
        Example(
            title="a module attribute of another module, and a handler that sets it",
            files={
                "config.py": """\
debug: bool = False
""",
                "handlers.py": """\
import config
from restate import Context, Service

orders = Service("orders")


def toggle() -> None:
    config.debug = not config.debug


@orders.handler()
async def order(ctx: Context, item: str) -> str:
    if config.debug:  # expect: global-read
        return f"debug {item}"
    return item
""",
            },
        ),
    )
    good = (
        Example(
            title="constants",
            files={
                "settings.py": """\
LIMIT = 10
RATES = {"EUR": 1.0, "USD": 1.1}
NAMES = ["ann"]
NAMES.append("bob")
RATES.update(GBP=0.9)
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from settings import LIMIT, NAMES, RATES


@workflow.defn
class Order:
    prefix = "order"

    @workflow.run
    async def run(self, seats: int) -> str:
        if seats > LIMIT:
            return NAMES[0]
        return f"{self.prefix} {seats * RATES['EUR']}"
""",
            },
        ),
        Example(
            title="a table that is filled by decorators, at import",
            files={
                "registry.py": """\
from collections.abc import Callable

TARIFFS: dict[str, Callable[[int], int]] = {}


def tariff(name: str) -> Callable[[Callable[[int], int]], Callable[[int], int]]:
    def register(function: Callable[[int], int]) -> Callable[[int], int]:
        TARIFFS[name] = function
        return function

    return register


@tariff("single")
def single(seats: int) -> int:
    return seats * 100
""",
                "flows.py": """\
from runtime_min import workflow

from registry import TARIFFS


@workflow
async def price(seats: int) -> int:
    return TARIFFS["single"](seats)
""",
            },
        ),
        Example(
            title="only a test changes it",
            files={
                "settings.py": """\
limit = 10
""",
                "app.py": """\
import settings
from dbos import DBOS


@DBOS.workflow()
def order(seats: int) -> bool:
    return seats < settings.limit
""",
                "tests/test_app.py": """\
import settings


def test_the_limit_can_be_lowered() -> None:
    settings.limit = 5
    assert settings.limit == 5
""",
            },
        ),
        Example(
            title="the same name in another scope or another module is changed",
            files={
                "other.py": """\
limit = 1


def raise_limit() -> None:
    global limit
    limit += 1
""",
                "workflows.py": """\
from temporalio import workflow

limit = 10


def lower(limit: int) -> int:
    limit -= 1
    return limit


@workflow.defn
class Order:
    @workflow.run
    async def run(self, seats: int) -> bool:
        return seats < lower(limit)
""",
            },
        ),
    )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each colored function and each changing thing that it reads, at the first read."""
        if not program.changes:
            return
        first: dict[tuple[Activation, str], Finding] = {}
        for engine, reach in program.reaches.items():
            for node in reach.nodes():
                for read in reads(program.mutations, node, program.changes):
                    line = program.place_of(node, read.position).line
                    there = program.place(read.node, read.at).line
                    if program.is_outside(node, line, read.position) or program.is_outside(read.node, there):
                        continue
                    if not program.is_unsandboxed(node, line):
                        anchor, finding = self._finding(program, engine, reach, node, read)
                        key = (anchor, finding.message)
                        if key not in first or _rank(finding) < _rank(first[key]):
                            first[key] = finding
        yield from first.values()

    def _finding(
        self, program: Program, engine: str, reach: Reach, node: Activation, read: Read
    ) -> tuple[Activation, Finding]:
        chain = reach.chain(node)
        anchor, position = (chain[0].caller, chain[0].position) if chain else (node, read.position)
        target = read.target.text(anchor.module)
        change = program.changes[read.target]
        place = program.place(change.write.node, change.write.at)
        message = self.message(target, change.node.name, f"{place.path}:{place.line}")
        via = (*chain, Step(node, read.position)) if read.node is not node else chain
        return anchor, program.finding(
            self.code, self.name, self.severity, anchor, program.place_of(anchor, position), message,
            engine=engine, workflows=program.workflows_reaching[node],
            witness=program.witness(via, read.node, read.at, target),
        )  # fmt: skip

    @staticmethod
    def message(target: str, changed_by: str, changed_at: str) -> str:
        """What is wrong with reading `target`, which `changed_by` changes at `changed_at` (`path:line`)."""
        return (
            f"Workflow code reads `{target}`, which `{changed_by}` changes ({changed_at}). A replay may read "
            "another value and take another path. Pass the value in as an argument, or read it in a step."
        )


def _rank(finding: Finding) -> tuple[int, int, int]:
    return (finding.line, finding.column, len(finding.witness))
