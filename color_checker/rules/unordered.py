"""CC210: workflow code depends on the order of a set."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Unordered(EffectRule):
    """Workflow code depends on the order of a set.

    ## What it does

    Finds places in workflow or pure code, and in what it reaches, where the order of a `set` or `frozenset`
    becomes visible: a `for` loop, `list`, `tuple`, `join`, `next(iter(…))`, unpacking, `.pop()`, a list or
    dict comprehension; and results whose order the system does not promise (`os.listdir`, `glob`).

    Where the order cannot be seen there is no finding: `sorted`, `len`, `in`, `min`, `max`, `sum`, `any`,
    `all`, building another set, and sets of which all elements are known to be numbers. Dictionaries keep
    the order of insertion and are fine, unless they are built from a set.

    ## Why is this bad

    The hash of a string is salted in each process, so `for user in {"ann", "bob"}` starts with ann on one
    worker and with bob on the next. The replay asks for bob's step where the history has ann's.

    ## Use instead

    `sorted(…)` around the set, or keep the values in a list or in the keys of a dictionary.
    """

    code = "CC210"
    name = "unordered"
    effect = Effect.UNORDERED
    does = "depends on the order of a set"
    harm = "Another process has another order, so a replay takes the elements in that one."
    instead = "put `sorted(...)` around the set, or keep the values in a list or a dictionary"

    bad = (
        Example(
            title="a Temporal workflow loops over a set",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def notify(user: str) -> None:
    print(user)


@workflow.defn
class Notify:
    @workflow.run
    async def run(self, users: list[str]) -> None:
        for user in set(users):  # expect: unordered
            await workflow.execute_activity(notify, user, start_to_close_timeout=timedelta(seconds=5))
"""
            },
        ),
        Example(
            title="a helper in another file makes a list of a set",
            files={
                "names.py": """\
def unique(names: list[str]) -> list[str]:
    return list({name.strip() for name in names})
""",
                "flows.py": """\
from runtime_min import step, workflow

from names import unique


@step
async def notify(user: str) -> None:
    print(user)


@workflow
async def notify_all(users: list[str]) -> None:
    for user in unique(users):  # expect: unordered
        await notify(user)
""",
            },
        ),
        Example(
            title="text, the first element, unpacking, a dictionary: each shows the order",
            files={
                "app.py": """\
from dbos import DBOS


@DBOS.workflow()
def summary(paid: set[str], sent: frozenset[str]) -> list[str]:
    text = ", ".join(paid)  # expect: unordered
    one = next(iter(sent))  # expect: unordered
    first, *rest = paid - sent  # expect: unordered
    state = {name: "paid" for name in paid}  # expect: unordered
    last = paid.pop()  # expect: unordered
    return [text, one, first, last, *rest, *state]
"""
            },
        ),
        Example(
            title="an attribute that is a set, in a signal-driven workflow",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Room:
    def __init__(self) -> None:
        self.members: set[str] = set()
        self.closed = False

    @workflow.signal
    def join(self, name: str) -> None:
        self.members.add(name)

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.closed)
        return [name.title() for name in self.members]  # expect: unordered
"""
            },
        ),
    )
    good = (
        Example(
            title="sorted, and everything that does not show the order",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def notify(user: str) -> None:
    print(user)


@workflow.defn
class Notify:
    @workflow.run
    async def run(self, users: list[str], blocked: set[str]) -> int:
        wanted = {user.lower() for user in users} - blocked
        for user in sorted(wanted):
            if user not in blocked:
                await workflow.execute_activity(notify, user, start_to_close_timeout=timedelta(seconds=5))
        longest = max(len(user) for user in wanted)
        short = any(len(user) < 3 for user in wanted)
        lengths = {len(user) for user in wanted}
        return len(wanted) + longest + sum(lengths) + int(short) + min(lengths)
"""
            },
        ),
        Example(
            title="dictionaries keep the order of insertion",
            files={
                "flows.py": """\
from runtime_min import step, workflow


@step
async def notify(user: str) -> None:
    print(user)


@workflow
async def notify_all(users: list[str], seats: dict[str, int]) -> None:
    for user in dict.fromkeys(users):
        await notify(user)
    for user, _ in seats.items():
        await notify(user)
    await notify(", ".join(seats.keys()))
"""
            },
        ),
        Example(
            title="a set of numbers has the same order everywhere",
            files={
                "app.py": """\
from dbos import DBOS

RETRY = {500, 502, 503}


@DBOS.step()
def register(status: int) -> None:
    print(status)


@DBOS.workflow()
def setup() -> None:
    for status in {429, 408}:
        register(status)
    for status in RETRY:
        register(status)
"""
            },
        ),
        Example(
            title="a name that was a set and is a sorted list now; pop of a list",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Room:
    @workflow.run
    async def run(self, names: list[str]) -> list[str]:
        members = set(names)
        members.discard("bot")
        members = sorted(members)
        last = members.pop()
        return [last, *members]
"""
            },
        ),
    )
