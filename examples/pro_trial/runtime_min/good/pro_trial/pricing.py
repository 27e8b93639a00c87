"""What the pro plan costs: a table that ships with the code, so that a replay reads the same one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

MONTHLY = Decimal(29)
RATES = MappingProxyType({"US": ("USD", Decimal("1.00")), "DE": ("EUR", Decimal("0.92"))})


def monthly_price(country: str) -> str:
    """The price with its currency; countries without one of their own pay in dollars."""
    currency, rate = RATES.get(country, RATES["US"])
    amount = (MONTHLY * rate).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"{amount} {currency}"
