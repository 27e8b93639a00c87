"""CC602: an endless loop lets the history grow without bound."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.engines import Profile
from color_checker.facts import NOTHING, Loop
from color_checker.findings import Color, Finding
from color_checker.program import Place, Program
from color_checker.rules.base import Example, Rule

_ENDLESS = frozenset({"itertools.count", "itertools.cycle"})


class UnboundedHistory(Rule):
    """An endless loop of steps, timers or waits never continues as new.

    ## What it does

    Finds loops without an end (`while True`, `for … in itertools.count()`) in workflow code and in what it
    reaches, that add to the history in every round, under engines that can continue a workflow with a fresh
    one, where nothing in the loop does so.

    A loop that is left by `break` or `return` is fine, and so are loops over a condition or a collection.

    ## Why is this bad

    Each round makes the history longer, and each resume replays all of it. It gets slower by the day, until
    the engine ends the workflow at its limit (Temporal: 51,200 events or 50 MB).

    ## Use instead

    Continue as new after a number of rounds, with the state as input: `workflow.continue_as_new(…)` when
    `workflow.info().is_continue_as_new_suggested()`, `ctx.continue_as_new(…)` in Durable Task.
    """

    code = "CC602"
    name = "unbounded-history"
    severity = "warning"

    bad = (
        Example(
            title="a Temporal workflow polls forever",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> None:
    print(feed)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        while True:  # expect: unbounded-history
            await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(seconds=5))
            await workflow.sleep(60)
"""
            },
        ),
        Example(
            title="the round is a helper in another file",
            files={
                "rounds.py": """\
from temporalio import workflow


async def pause(minutes: int) -> None:
    await workflow.sleep(minutes * 60)
""",
                "workflows.py": """\
from temporalio import workflow

from rounds import pause


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        rounds = 0
        while 1:  # expect: unbounded-history
            rounds += 1
            await pause(rounds)
""",
            },
        ),
        Example(
            title="a loop over a count, with a break that only leaves the loop inside",
            files={
                "orchestrators.py": """\
import itertools
from datetime import timedelta

from durabletask import task, worker


def poll(ctx: task.ActivityContext, feed: str) -> list[str]:
    return [feed]


def feed(ctx: task.OrchestrationContext, name: str):
    for number in itertools.count():  # expect: unbounded-history
        entries = yield ctx.call_activity(poll, input=f"{name} {number}")
        for entry in entries:
            if entry == "end":
                break
        yield ctx.create_timer(timedelta(minutes=1))


def serve(w: worker.TaskHubGrpcWorker) -> None:
    w.add_orchestrator(feed)
    w.add_activity(poll)
"""
            },
        ),
    )
    good = (
        Example(
            title="continues as new",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def poll(feed: str) -> None:
    print(feed)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, feed: str) -> None:
        while True:
            await workflow.execute_activity(poll, feed, start_to_close_timeout=timedelta(seconds=5))
            await workflow.sleep(60)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(feed)
"""
            },
        ),
        Example(
            title="loops that end",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def paid(order: str) -> bool:
    return bool(order)


@workflow.defn
class Order:
    def __init__(self) -> None:
        self.closed = False

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.run
    async def run(self, order: str) -> str:
        limit = timedelta(seconds=5)
        while True:
            if await workflow.execute_activity(paid, order, start_to_close_timeout=limit):
                break
            await workflow.sleep(60)
        while not self.closed:
            await workflow.sleep(60)
        for _ in range(3):
            await workflow.sleep(60)
        while True:
            if await workflow.execute_activity(paid, order, start_to_close_timeout=limit):
                return "paid"
"""
            },
        ),
        Example(
            title="a helper continues as new, a loop adds nothing to the history",
            files={
                "workflows.py": """\
from temporalio import workflow


def renew(rounds: int) -> None:
    if rounds > 1000:
        workflow.continue_as_new(0)


@workflow.defn
class Feed:
    @workflow.run
    async def run(self, rounds: int) -> int:
        total = 0
        while True:
            total += 1
            if total > 10:
                break
        while True:
            await workflow.sleep(60)
            rounds += 1
            renew(rounds)
"""
            },
        ),
        Example(
            title="DBOS has no history to renew",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.step()
def poll(feed: str) -> None:
    print(feed)


@DBOS.workflow()
def feed(name: str) -> None:
    while True:
        poll(name)
        DBOS.sleep(60)
"""
            },
        ),
    )

    @staticmethod
    def message(operation: str, instead: str) -> str:
        """What is wrong with an endless loop around `operation`; `instead` continues as new."""
        return (
            f"This loop never ends, and each round adds `{operation}` to the history. Every resume replays "
            f"all of it, until the engine's limit ends the workflow. Call `{instead}` after a number of "
            "rounds."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each endless loop, at its own line."""
        for node in program.replayed_nodes:
            profile = program.profile(program.way_to(node)[0])
            if node.module.library or profile is None or not profile.continue_as_new:
                continue
            history = _History(program, profile)
            for loop in node.body.loops:
                if _is_endless(program, node, loop):
                    added = history.added_by(node, loop)
                    if added and not history.is_renewed(node, loop):
                        yield self._finding(program, profile, node, loop, added)

    def _finding(
        self, program: Program, profile: Profile, node: Activation, loop: Loop, added: str
    ) -> Finding:
        engine, chain = program.way_to(node)
        line, column, *_ = node.module.facts.span(loop.at)
        width = len("while" if loop.iterable == NOTHING else "for")
        place = Place(node.module.path, line, column, line, column + width)
        message = self.message(_last(added), _last(profile.continue_as_new[-1]))
        return program.finding(
            self.code, self.name, self.severity, node, place, message, engine=engine,
            witness=program.witness(chain, node, loop.at, added),
            workflows=program.workflows_of(node),
        )  # fmt: skip


def _is_endless(program: Program, node: Activation, loop: Loop) -> bool:
    if loop.leaves:
        return False
    names = program.names_behind(node, loop.iterable)
    return loop.iterable == NOTHING or (bool(names) and _ENDLESS.issuperset(names))


class _History:
    """What loops do to the history of one engine's workflows."""

    def __init__(self, program: Program, profile: Profile) -> None:
        self.program = program
        self.profile = profile

    def added_by(self, node: Activation, loop: Loop) -> str:
        """The first operation in the loop, or behind its calls, that adds to the history; "" for none."""
        for reached, position in self._reached(node, range(loop.first, loop.last)):
            for record in self.program.operations(reached, position):
                operation = self.profile.operation(record.dotted)
                if operation is not None and operation.history and operation.kind != "continue-as-new":
                    return record.dotted
            for target in self.program.callees(reached, position):
                coloring = self.program.linker.colors.of(target)
                if coloring is not None and coloring.color is Color.STEP and coloring.entry:
                    return target.name
        return ""

    def is_renewed(self, node: Activation, loop: Loop) -> bool:
        """Whether the loop can continue as new, or the workflow can that has started it on the side."""
        if self._renews(self._reached(node, range(loop.first, loop.last))):
            return True
        code = self.program.code.get(node)
        if code is not None and code.owner is node:
            return False
        chain = self.program.way_to(node)[1]
        owner = chain[0].caller if chain else code.owner if code is not None else node
        return self._renews(self._reached(owner, range(len(owner.body.ops))))

    def _renews(self, places: Iterator[tuple[Activation, int]]) -> bool:
        return any(
            name in self.profile.continue_as_new
            for node, position in places
            for dotted in self.program.externals(node, position)
            for name in self.profile.inherited(dotted)
        )

    def _reached(self, node: Activation, positions: range) -> Iterator[tuple[Activation, int]]:
        """The calls at these positions of the node's body, and all that they lead to, nearest first."""
        todo = [(node, position) for position in positions]
        seen = {node}
        for caller, position in todo:
            yield caller, position
            for target in self.program.callees(caller, position):
                if target not in seen and not self.program.linker.colors.is_border(target):
                    seen.add(target)
                    todo += [(target, index) for index in range(len(target.body.ops))]


def _last(dotted: str) -> str:
    """How the name is written in code: `workflow.sleep`, `ctx.call_activity`."""
    parts = dotted.split(".")
    owner = parts[-2] if len(parts) > 1 else ""
    return f"ctx.{parts[-1]}" if owner[:1].isupper() else ".".join(parts[-2:])
