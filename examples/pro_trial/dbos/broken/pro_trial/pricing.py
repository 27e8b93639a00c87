"""What the pro plan costs."""

from __future__ import annotations

from pro_trial import rates

MONTHLY = 29.0


def monthly_price(country: str) -> str:
    """The price in the customer's currency."""
    if country == "DE":
        return f"{MONTHLY * rates.euros_per_dollar():.2f} EUR"
    return f"{MONTHLY:.2f} USD"
