"""Random programs are rebuilt from beginnings of their histories, here and under another hash seed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from runtime_min.memory import MemoryBackend
from tests.runtime_min.programs import Program, programs
from tests.runtime_min.torture.compare import BATCH, SkippingClock, check_all, difference, live_program
from tests.runtime_min.torture.run import elsewhere, record

LEAST, SECONDS = 200, 10.0
MOST_CUTS = 12


def test_runs_are_rebuilt_as_they_ran_from_each_beginning_and_under_another_hash_seed(tmp_path: Path) -> None:
    began = time.monotonic()
    everything = []
    first = 1
    while first <= LEAST or (first <= 1000 and time.monotonic() - began < SECONDS * 0.6):
        database = None if first % 2 else tmp_path / f"{first}.sqlite"
        recorded = record(range(first, first + BATCH), database)
        assert check_all(recorded, MOST_CUTS) == []
        everything += recorded
        first += BATCH
    assert elsewhere(everything, tmp_path / "recorded", 2) == []


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(size=6))
def test_a_program_of_hypothesis_is_rebuilt_as_it_ran(description: Program) -> None:
    for recorded in asyncio.run(live_program(description, MemoryBackend())):
        assert difference(recorded) is None


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(settled=True, size=6))
def test_a_settled_program_gives_what_it_must(description: Program) -> None:
    asyncio.run(live_program(description, MemoryBackend(), settled=True))


def test_the_clock_of_these_tests_skips_to_what_comes_next_and_not_to_the_end_of_time() -> None:
    clock = SkippingClock()
    now = clock.now()
    assert clock.idle(now + 100)
    assert now + 100 <= clock.now() < now + 101
    assert not clock.idle(float("inf"))
