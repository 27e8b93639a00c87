"""CC902: a call that workflow code reaches could not be resolved."""

from __future__ import annotations

from color_checker.rules.base import Example, Rule


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
            title="a method of a parameter without a type",
            configuration="strict = true\n",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Order:
    @workflow.run
    async def run(self, basket) -> int:
        return basket.total()  # expect: gap
"""
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
