"""Functions that are looked up by name in a namespace."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises


def test_a_function_out_of_globals_is_a_gap_not_silence(tmp_path: Path) -> None:
    flow = """
import time

from runtime_min import workflow


def stamp() -> float:
    return time.time()


class Kit:
    def stamp(self) -> float:
        return time.time()


@workflow
async def by_globals(name: str) -> float:
    return globals()[name]()  # expect: gap


@workflow
async def by_vars(name: str) -> float:
    return vars(Kit)[name](Kit())  # expect: gap


@workflow
async def by_getattribute() -> float:
    return object.__getattribute__(Kit(), "stamp")()  # expect: clock
"""
    assert surprises(tmp_path, flow=flow) == set()
