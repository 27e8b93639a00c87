"""CC304: a mutable default argument on a workflow or step."""

from __future__ import annotations

from color_checker.rules.base import Example, Rule


class MutableDefault(Rule):
    """A workflow or step has a mutable default argument.

    ## What it does

    Finds defaults of workflows and steps that are a list, dictionary, set or other mutable container: a
    display, a comprehension, a call of `list`, `dict`, `set`, `bytearray`, `deque`, `defaultdict`, `Counter`,
    or a constant of the project that is one of these.

    Functions without a color are the business of other linters. `None`, tuples, `frozenset` and
    `field(default_factory=list)` are fine.

    ## Why is this bad

    The default is made once in each process and shared by all runs in it. What one run adds, the next one
    finds; what a replay finds depends on what ran on this worker before.

    ## Use instead

    `None` as the default and a new object in the body, or an immutable value such as `()`.
    """

    code = "CC304"
    name = "mutable-default"
    severity = "warning"

    bad = (
        Example(
            title="a list as the default of a Temporal workflow",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Order:
    @workflow.run
    async def run(self, items: list[str] = []) -> int:  # expect: mutable-default
        return len(items)
"""
            },
        ),
        Example(
            title="a constant from another file",
            files={
                "settings.py": """\
TAGS = ["new"]
""",
                "flows.py": """\
from runtime_min import step, workflow

from settings import TAGS


@step
async def tag(user: str, tags: list[str] = TAGS) -> str:  # expect: mutable-default
    return f"{user} {tags}"


@workflow
async def welcome(user: str) -> str:
    return await tag(user)
""",
            },
        ),
        Example(
            title="calls that make containers, keyword-only and on several lines",
            files={
                "app.py": """\
from collections import defaultdict

from dbos import DBOS


@DBOS.step()
def count(
    user: str,
    *,
    seen: set[str] = set(),  # expect: mutable-default
    counts: dict[str, int] = defaultdict(int),  # expect: mutable-default
) -> int:
    return counts[user] + len(seen)


@DBOS.workflow()
def visit(user: str, options: dict[str, str] = {}) -> int:  # expect: mutable-default
    return count(user) + len(options)
"""
            },
        ),
    )
    good = (
        Example(
            title="immutable defaults",
            files={
                "workflows.py": """\
from temporalio import workflow

TAGS = ("new", "old")


@workflow.defn
class Order:
    @workflow.run
    async def run(
        self,
        items: tuple[str, ...] = (),
        tags: tuple[str, ...] = TAGS,
        kinds: frozenset[str] = frozenset({"a"}),
        note: str | None = None,
        seats: int = 1,
    ) -> int:
        return len(items) + len(tags) + len(kinds) + seats + len(note or "")
"""
            },
        ),
        Example(
            title="a default factory, and None with a new list in the body",
            files={
                "app.py": """\
from dataclasses import dataclass, field

from dbos import DBOS


@dataclass
class Order:
    items: list[str] = field(default_factory=list)


@DBOS.workflow()
def order(user: str, items: list[str] | None = None) -> int:
    cart = Order(items or [])
    cart.items.append(user)
    return len(cart.items)
"""
            },
        ),
        Example(
            title="a helper is none of this rule's business",
            files={
                "flows.py": """\
from runtime_min import workflow


def total(prices: list[int] = []) -> int:
    return sum(prices)


@workflow
async def order(seats: int) -> int:
    return total([seats]) + total()
"""
            },
        ),
    )

    @staticmethod
    def message(parameter: str, function: str, color: str) -> str:
        """What is wrong with the default of `parameter`."""
        return (
            f"The default of `{parameter}` in the {color} `{function}` is mutable and shared by all runs. "
            "What a replay finds in it depends on what ran before. Use `None` or an immutable value."
        )
