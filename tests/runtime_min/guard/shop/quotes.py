"""Helpers without effects of their own, between the workflows of the tests and `rates`."""

from __future__ import annotations

from tests.runtime_min.guard.shop import rates


def quote(amount: int) -> str:
    return f"{amount} on {rates.today()}"


async def fetch_quote() -> float:
    return await rates.fetch()
