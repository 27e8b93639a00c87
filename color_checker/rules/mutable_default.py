"""CC304: a mutable default argument on a workflow or step."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.facts import NOTHING, MakeFunction, Param
from color_checker.findings import Color, Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule
from color_checker.values import Box, ExtInst, Value

_KINDS = frozenset({"list", "dict", "set"})
_CLASSES = frozenset({
    "builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "collections.deque",
    "collections.defaultdict", "collections.Counter", "collections.OrderedDict", "collections.ChainMap",
    "collections.UserDict", "collections.UserList",
})  # fmt: skip


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

    def check(self, program: Program) -> Iterator[Finding]:
        """One finding for each parameter of a workflow or step."""
        for node in program.nodes:
            code = program.code.get(node)
            if code is None or code.owner is not node or code.color not in (Color.WORKFLOW, Color.STEP):
                continue
            if node.env is None or node.env.facts.kind in ("function", "lambda"):
                continue  # its defaults are made anew whenever the function around it runs
            for param in node.facts.params:
                if _is_mutable(program, node, node.env, param):
                    profile = program.profile(code.engine)
                    is_step = code.color is Color.STEP
                    word = profile.step_word if is_step and profile is not None else code.color
                    yield program.finding(
                        self.code, self.name, self.severity, node, program.place(node, param.at),
                        self.message(param.name, node.facts.name, word),
                    )  # fmt: skip


def _is_mutable(program: Program, node: Activation, scope: Activation, param: Param) -> bool:
    """Whether the default of a parameter, evaluated in `scope`, can be changed."""
    if param.default == NOTHING:
        return False
    for op in scope.body.ops:
        if isinstance(op, MakeFunction) and op.function == node.index:
            return any(_is_container(value) for value in program.values(scope, op.defaults[param.default]))
    return param.mutable_default


def _is_container(value: Value) -> bool:
    return (isinstance(value, Box) and value.kind in _KINDS) or (
        isinstance(value, ExtInst) and value.dotted in _CLASSES
    )
