"""The collector is off during an analysis and only then."""

from __future__ import annotations

import gc

import pytest

from color_checker.garbage import uncollected


def test_the_collector_is_off_inside_and_on_again_afterwards() -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_end_of_an_inner_block_does_not_turn_it_on() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()


def test_it_stays_off_for_whoever_turned_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
