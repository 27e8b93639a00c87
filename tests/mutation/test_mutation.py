"""A sample of the mutation benchmark: nothing is missed in silence, and correct code gets no finding."""

from __future__ import annotations

import pytest

from tests.mutation.benchmark import Outcome, Result, all_mutants, built_in_hosts, run, sample


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return list(run(sample(all_mutants(built_in_hosts()), 400)))


def test_the_sample_meets_every_way_and_every_rule(results: list[Result]) -> None:
    everything = all_mutants(built_in_hosts())
    rules = {mutant.effect.rule for mutant in everything if mutant.effect.setup or mutant.effect.imports}
    assert rules <= {result.mutant.effect.rule for result in results}
    ways = {result.mutant.way.name for result in results}
    assert len(ways) > 0.8 * len({mutant.way.name for mutant in everything})


def test_no_effect_in_the_sample_is_passed_over_in_silence(results: list[Result]) -> None:
    silent = [result.mutant.title for result in results if result.outcome == Outcome.SILENT]
    assert silent == []


def test_nearly_every_effect_in_the_sample_is_found(results: list[Result]) -> None:
    with_effect = [result for result in results if result.mutant.effect.rule]
    found = [result for result in with_effect if result.outcome == Outcome.FOUND]
    assert len(found) >= 0.97 * len(with_effect)


def test_no_harmless_call_in_the_sample_is_reported(results: list[Result]) -> None:
    alarms = [
        f"{result.mutant.title}: {result.detail}"
        for result in results
        if result.outcome == Outcome.FALSE_ALARM
    ]
    assert alarms == []
