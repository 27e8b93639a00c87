"""The short form of the chaos test; the long one is `python -m tests.runtime_min.chaos --seconds 600`."""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.runtime_min.chaos.campaign import Campaign, point_program
from tests.runtime_min.chaos.process import MOMENTS
from tests.runtime_min.programs import make

POINT_SEEDS = (1, 4)
POINT_SECONDS = 5.0


def test_a_storm_of_crashes_suspensions_full_disks_and_jumping_clocks_loses_and_doubles_nothing() -> None:
    campaign = Campaign(None)
    campaign.storm(11, runs=40, seconds=5.0)
    assert campaign.wrong == []
    assert campaign.figures["kills"] > 0
    assert campaign.figures["attempts at steps"] > 50


@pytest.mark.parametrize("seed", POINT_SEEDS)
def test_a_death_at_a_commit_point_loses_and_doubles_nothing(seed: int) -> None:
    campaign = Campaign(None)
    campaign.points(seed, until=time.monotonic() + POINT_SECONDS, order=Random(seed))
    assert campaign.wrong == []
    assert campaign.figures["commit points"] >= len(MOMENTS)


def test_programs_follow_from_their_seeds() -> None:
    assert make(Random(5)) == make(Random(5))
    assert point_program(1) == point_program(1) != point_program(2)
