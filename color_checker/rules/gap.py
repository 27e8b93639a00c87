"""CC902: a call that workflow code reaches could not be resolved."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.activation import Activation
from color_checker.facts import Call
from color_checker.findings import Finding
from color_checker.program import Program
from color_checker.rules.base import Example, Rule
from color_checker.sites import Gap as Site


class Gap(Rule):
    """A call in workflow-reachable code could not be resolved, so its effects are not known.

    ## What it does

    Counts the calls in workflow and pure code, and in what it reaches, of which the analysis knows neither
    the definition nor a catalog entry: methods of parameters without a type, packages that are neither
    checked nor in the catalog, functions chosen at run time. They are counted in every report, listed by
    `--strict`, and errors there.

    ## Why is this bad

    Whatever stands behind such a call, clock, network or nothing at all, was not checked. Without this rule,
    no finding would look like no problem.

    ## Use instead

    Annotate the parameter, check the file that defines the function as well, or describe the package in a
    catalog file of the project. Call what may have effects in a step.
    """

    code = "CC902"
    name = "gap"
    severity = "note"

    bad = (
        Example(
            title="a protocol without any class that implements it",
            configuration="strict = true\n",
            files={
                "flows.py": """\
from typing import Protocol

from runtime_min import workflow


class Tariff(Protocol):
    def price(self, seats: int) -> int: ...


class Shop:
    tariff: Tariff


@workflow
async def order(shop: Shop, seats: int) -> int:
    return shop.tariff.price(seats)  # expect: gap
""",
            },
        ),
        Example(
            title="a method whose name is computed",
            configuration="strict = true\n",
            files={
                "baskets.py": """\
from dataclasses import dataclass


@dataclass
class Basket:
    items: list[str]

    def price_gross(self) -> int:
        return 2 * len(self.items)

    def price_net(self) -> int:
        return len(self.items)
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from baskets import Basket


@workflow.defn
class Order:
    @workflow.run
    async def run(self, basket: Basket, kind: str) -> int:
        return getattr(basket, f"price_{kind}")()  # expect: gap
""",
            },
        ),
        Example(
            title="a helper in another file uses a package that nobody knows",
            configuration="strict = true\n",
            files={
                "pricing.py": """\
from acme_tariffs import tariff


def quote(seats: int) -> int:
    return tariff("single") * seats
""",
                "flows.py": """\
from runtime_min import workflow

from pricing import quote


@workflow
async def order(seats: int) -> int:
    return quote(seats)  # expect: gap
""",
            },
        ),
        Example(
            title="a method that is chosen at run time",
            configuration="strict = true\n",
            files={
                "app.py": """\
from dbos import DBOS


class Tariffs:
    def single(self, seats: int) -> int:
        return seats * 100

    def group(self, seats: int) -> int:
        return seats * 80


@DBOS.workflow()
def order(tariff: str, seats: int) -> int:
    return getattr(Tariffs(), tariff)(seats)  # expect: gap
"""
            },
        ),
    )
    good = (
        Example(
            title="a protocol that a class of the project implements",
            configuration="strict = true\n",
            files={
                "flows.py": """\
from typing import Protocol

from runtime_min import workflow


class Tariff(Protocol):
    def price(self, seats: int) -> int: ...


class Single(Tariff):
    def price(self, seats: int) -> int:
        return seats * 100


def total(tariff: Tariff, seats: int) -> int:
    return tariff.price(seats)


@workflow
async def order(seats: int) -> int:
    return total(Single(), seats)
""",
            },
        ),
        Example(
            title="annotated, and so resolved",
            configuration="strict = true\n",
            files={
                "workflows.py": """\
from dataclasses import dataclass

from temporalio import workflow


@dataclass
class Basket:
    prices: list[int]

    def total(self) -> int:
        return sum(self.prices)


@workflow.defn
class Order:
    @workflow.run
    async def run(self, basket: Basket) -> int:
        return basket.total()
"""
            },
        ),
        Example(
            title="without --strict a gap is counted, not listed",
            files={
                "flows.py": """\
from runtime_min import workflow


@workflow
async def order(basket) -> int:
    return basket.total()
"""
            },
        ),
        Example(
            title="steps and plain code may call what they like",
            configuration="strict = true\n",
            files={
                "app.py": """\
from acme_tariffs import tariff
from dbos import DBOS


@DBOS.step()
def quote(seats: int) -> int:
    return tariff("single") * seats


@DBOS.workflow()
def order(seats: int) -> int:
    return quote(seats)


def main(basket) -> int:
    return basket.total()
"""
            },
        ),
        Example(
            title="plain data, built-in types and constant names",
            configuration="strict = true\n",
            files={
                "flows.py": """\
from runtime_min import step, workflow


@step
async def load(user: str) -> dict[str, str]:
    return {"user": user}


@workflow
async def order(users: list[str]) -> str:
    names = [user.strip().title() for user in users]
    row = await load(names[0])
    join = getattr(", ", "join")
    return row["user"].upper() + join(sorted(row.keys()))
"""
            },
        ),
    )

    @staticmethod
    def message(call: str, reason: str) -> str:
        """What is not known of `call`, and why ("the type of `basket` is not known")."""
        return (
            f"`{call}` could not be resolved: {reason}. What it does on replay is not known. Annotate it, "
            "check the file that defines it, describe it in the catalog, or call it in a step."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """One note for each place in the source, at the colored function's call that leads there."""
        seen: set[tuple[str, int]] = set()
        for node in sorted(program.replayed_nodes, key=lambda node: len(program.way_to(node)[1])):
            for site in program.gaps(node):
                place = self._place_in_project(program, node, site)
                if place in seen or program.is_unsandboxed(node, program.place(node, site.at).line):
                    continue
                seen.add(place)
                finding = program.replayed_finding(
                    self,
                    node,
                    site.at,
                    self._message(program, node, site),
                    _called(program, node, site.position),
                )
                if finding is not None:
                    yield finding

    def _place_in_project(self, program: Program, node: Activation, site: Site) -> tuple[str, int]:
        """The call itself or, in an installed package, the project's call that leads there."""
        if not node.module.library:
            return (node.module.key, site.at)
        caller, position = _entrance(program, node)
        return (caller.module.key, getattr(caller.body.ops[position], "at", caller.facts.at))

    def _message(self, program: Program, node: Activation, site: Site) -> str:
        called = _called(program, node, site.position)
        if not node.module.library:
            return self.message(f"{called}(...)", site.reason)
        entrance = _called(program, *_entrance(program, node))
        return self.message(f"{entrance}(...)", f"it reaches `{called}` in `{node.name}`, and {site.reason}")


def _entrance(program: Program, node: Activation) -> tuple[Activation, int]:
    """The project's call by which replayed code gets into the installed package around `node`."""
    _, chain = program.way_to(node)
    step = next(step for step in reversed(chain) if not step.caller.module.library)
    return step.caller, step.position


def _called(program: Program, node: Activation, position: int) -> str:
    op = node.body.ops[position]
    return program.shown(node, op.func) if isinstance(op, Call) else node.facts.name
