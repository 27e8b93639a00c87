"""Coupon codes."""

from __future__ import annotations

import random

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def coupon_code(length: int = 8) -> str:
    """A code that nobody can guess."""
    return "".join(random.choice(ALPHABET) for _ in range(length))
