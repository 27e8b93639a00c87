"""Coupon codes, drawn from a generator that the caller hands in."""

from __future__ import annotations

import random
from collections.abc import Sequence

ALPHABET: Sequence[str] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def coupon_code(generator: random.Random, length: int = 8) -> str:
    """A code that is as repeatable as the generator."""
    return "".join(generator.choice(ALPHABET) for _ in range(length))
