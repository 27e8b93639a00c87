"""CC106: a workflow module imports effects or defines steps."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.catalog import Catalog
from color_checker.facts import ImportFact
from color_checker.findings import Color, Effect, Finding
from color_checker.modules import ModuleInfo
from color_checker.program import Program
from color_checker.rules.base import Example, Rule
from color_checker.workflow_modules import workflow_modules

#: A module all of whose names have one of these has no use in replayed code; those of `random` may be seeded.
_EFFECTS = frozenset({Effect.NETWORK, Effect.PROCESS, Effect.THREAD})


class EffectfulImport(Rule):
    """A workflow module imports a module that is all effects, or defines a step.

    ## What it does

    A file that says `# color: workflow` in a comment above all its code, or whose module name matches
    `workflow-modules` in the configuration, promises to hold workflow code only. There, this rule finds
    imports of modules whose every use is an effect (`requests`, `httpx`, `subprocess`, `threading`), at
    any depth of the file, and definitions of steps. All functions of such a file are checked like pure code,
    also those that no workflow reaches yet: their effects are findings of CC201 to CC214.

    Modules that also have deterministic uses (`os`, `datetime`, `random`) may be imported, and so may
    anything under `if TYPE_CHECKING:` or in a block that hands the import to the user
    (`with workflow.unsafe.imports_passed_through():`).

    ## Why is this bad

    The border between replayed and ordinary code is then a matter of care at each line. Temporal's sandbox
    imports a workflow's file again for every run: an import that opens sockets or starts threads does so
    each time, and is slow even where it is harmless.

    ## Use instead

    Put steps and what they import into a file of their own.
    """

    code = "CC106"
    name = "effectful-import"

    bad = (
        Example(
            title="a workflow module imports an HTTP client",
            files={
                "workflows.py": """\
# color: workflow
import requests  # expect: effectful-import
from temporalio import workflow


@workflow.defn
class Price:
    @workflow.run
    async def run(self, item: str) -> str:
        return item
"""
            },
        ),
        Example(
            title="modules named in the configuration; plain functions are checked like pure ones",
            configuration='workflow-modules = ["shop.flows.*"]\n',
            files={
                "shop/__init__.py": "",
                "shop/flows/__init__.py": "",
                "shop/flows/prices.py": """\
import datetime
from subprocess import run  # expect: effectful-import

from shop.rates import today


def age(born: datetime.date) -> int:
    return (datetime.date.today() - born).days  # expect: clock


def season() -> int:
    return today().month  # expect: clock


def command(name: str) -> list[str]:
    return [run.__name__, name]
""",
                "shop/rates.py": """\
import datetime
import subprocess


def today() -> datetime.date:
    return datetime.date.today()


def tool(name: str) -> int:
    return subprocess.run([name]).returncode
""",
            },
        ),
        Example(
            title="a step among the workflows, an import inside a function",
            files={
                "flows.py": """\
# Flows of the shop.
# color: workflow
from runtime_min import step, workflow


@step
async def mail(user: str) -> None:  # expect: effectful-import
    print(user)


@workflow
async def welcome(user: str) -> None:
    import threading  # expect: effectful-import

    await mail(f"{user} {threading.TIMEOUT_MAX}")
"""
            },
        ),
    )
    good = (
        Example(
            title="a file that makes no promise may import what it likes",
            files={
                "workflows.py": """\
import requests
from temporalio import activity, workflow


@activity.defn
def price(item: str) -> str:
    return requests.get(f"https://shop.example/{item}", timeout=5).text


@workflow.defn
class Price:
    @workflow.run
    async def run(self, item: str) -> str:
        return item
"""
            },
        ),
        Example(
            title="imports that a workflow module may have",
            files={
                "workflows.py": """\
# color: workflow
import os.path
import random
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import httpx

    from activities import price

if TYPE_CHECKING:
    import subprocess


@workflow.defn
class Price:
    @workflow.run
    async def run(self, item: str, seed: int) -> str:
        name = os.path.join("shop", item) + str(random.Random(seed).random())
        return await workflow.execute_activity(price, name, start_to_close_timeout=timedelta(seconds=5))


def kind(source: "subprocess.Popen[str] | httpx.Client") -> str:
    return type(source).__name__
""",
                "activities.py": """\
import httpx
from temporalio import activity


@activity.defn
def price(item: str) -> str:
    return httpx.get(f"https://shop.example/{item}").text
""",
            },
        ),
        Example(
            title="the words in a string are no promise",
            files={
                "tools.py": """\
\"\"\"How to write `# color: workflow`.\"\"\"

import requests

MARK = "# color: workflow"


def fetch(item: str) -> str:
    return requests.get(item, timeout=5).text
"""
            },
        ),
        Example(
            title="the configuration matches other modules only",
            configuration='workflow-modules = ["shop.flows.*"]\n',
            files={
                "shop/__init__.py": "",
                "shop/flows/__init__.py": "",
                "shop/flows/prices.py": """\
def total(prices: list[int]) -> int:
    return sum(prices)
""",
                "shop/steps.py": """\
import requests


def fetch(item: str) -> str:
    return requests.get(item, timeout=5).text
""",
            },
        ),
    )

    @staticmethod
    def message(imported: str) -> str:
        """What is wrong with importing the module `imported` here."""
        return (
            f"This workflow module imports `{imported}`, whose every use is an effect. One careless call "
            "of it is repeated by each replay. Move what needs it into a file of steps."
        )

    @staticmethod
    def message_for_step(step: str, step_word: str) -> str:
        """What is wrong with defining `step` here."""
        return (
            f"This workflow module defines the {step_word} `{step}`. Its effects and their imports stand "
            "among code that is replayed. Move it into a file of its own."
        )

    def check(self, program: Program) -> Iterator[Finding]:
        """Imports and definitions of steps in each workflow module, at their own lines."""
        for module in workflow_modules(program.linker, program.config):
            assert module.activation is not None
            for fact in module.facts.imports:
                for imported in _effectful(program.catalog, fact):
                    if not _is_users_business(program, module, fact):
                        yield program.finding(
                            self.code, self.name, self.severity, module.activation,
                            program.place(module.activation, fact.at), self.message(imported),
                        )  # fmt: skip
        yield from self._steps(program)

    def _steps(self, program: Program) -> Iterator[Finding]:
        modules = set(workflow_modules(program.linker, program.config))
        for node in program.nodes:
            coloring = program.linker.colors.of(node)
            if node.module in modules and coloring is not None and coloring.color is Color.STEP:
                profile = program.profile(coloring.engine)
                word = profile.step_word if profile is not None else "step"
                yield program.finding(
                    self.code, self.name, self.severity, node, program.place(node, node.facts.at),
                    self.message_for_step(node.facts.name, word),
                )  # fmt: skip


def _effectful(catalog: Catalog, fact: ImportFact) -> list[str]:
    """The modules that the import loads whose every use is an effect."""
    if fact.level or fact.type_checking:
        return []
    if _is_effectful(catalog, fact.module):
        return [fact.module]
    members = (f"{fact.module}.{name}" for name in fact.names)
    return [member for member in members if _is_effectful(catalog, member)]


def _is_effectful(catalog: Catalog, name: str) -> bool:
    entry = catalog.lookup(name)
    return entry is not None and entry.kind == "module" and entry.members in _EFFECTS


def _is_users_business(program: Program, module: ModuleInfo, fact: ImportFact) -> bool:
    """Whether the import stands in a block by which the user takes it on."""
    return any(
        program.is_unsandboxed(node, fact.line)
        for node in program.nodes
        if node.module is module and node.facts.line <= fact.line <= node.facts.end_line
    )
