"""The mutation benchmark's templates mean what they say: every way really calls the effect."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import DIRECT, FUNCTION, Mutant, fits, make_host, mutated_source, write
from tests.mutation.templates import (
    Effect,
    Way,
    read_effects,
    read_hosts,
    read_statements,
    read_ways,
)

WAYS = read_ways()
EFFECTS, HARMLESS = read_effects()

RECORDER = Effect("", "recorder", "CALLS.append(1)", setup="CALLS = []")

RUNNABLE_HOST = '''
"""A workflow without an engine."""

from __future__ import annotations


class DBOS:
    @staticmethod
    def workflow():
        return lambda function: function


class Host:
    @DBOS.workflow()
    async def run(self):
        """Does nothing."""
        return None
'''


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_reaches_the_effect_when_it_is_run(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = "way_" + way.name.replace("-", "_")
    host = make_host("host", RUNNABLE_HOST)
    assert host is not None
    write(Mutant(package, way, RECORDER, host, FUNCTION), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        module = importlib.import_module(f"{package}.host")
        calls = importlib.import_module(f"{package}.effects").CALLS
        assert not calls, "the effect happens at import already"
        asyncio.run(module.Host().run())
        assert calls
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


@pytest.mark.parametrize("effect", [*EFFECTS, *HARMLESS], ids=lambda effect: effect.name)
def test_every_expression_is_complete(effect: Effect, tmp_path: Path) -> None:
    host = make_host("host", RUNNABLE_HOST)
    assert host is not None
    for variant in (FUNCTION, DIRECT) if effect.callable else (FUNCTION,):
        package = f"p_{variant}"
        write(Mutant(package, WAYS[0], effect, host, variant), tmp_path)
        namespace: dict[str, object] = {"__name__": "effects"}
        exec((tmp_path / package / "effects.py").read_text(), namespace)
        assert callable(namespace["leaf"])
        if effect in HARMLESS:
            namespace["leaf"]()


@pytest.mark.parametrize("name", read_hosts())
def test_every_built_in_workflow_takes_the_ways_that_fit(name: str) -> None:
    host = make_host(name, read_hosts()[name])
    assert host is not None
    for way in WAYS:
        if fits(way, host):
            source = mutated_source(Mutant("p", way, EFFECTS[0], host, FUNCTION))
            compile(source, name, "exec")
            assert source.count("# INJECTED") >= way.body.count("\n")


@pytest.mark.parametrize("statement", read_statements(), ids=lambda item: item[1].name)
def test_every_statement_fits_a_workflow_and_compiles(statement: tuple[str, Way]) -> None:
    rule, way = statement
    hosts = [make_host(name, source) for name, source in read_hosts().items()]
    fitting = [host for host in hosts if host is not None and fits(way, host)]
    assert fitting
    for host in fitting:
        mutant = Mutant("p", way, Effect(rule, way.name, "1"), host, FUNCTION)
        compile(mutated_source(mutant), host.name, "exec")
