"""What the other cases talk about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class User:
    """Who buys."""

    name: str


@dataclass
class Receipt:
    """What a buyer gets."""

    amount: int
