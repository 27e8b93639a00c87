"""Dates of a trial."""

from __future__ import annotations

from datetime import datetime, timedelta

from pro_trial import clock


def end_of_trial(length_seconds: float) -> datetime:
    """The moment at which a trial that starts now is over."""
    return clock.now() + timedelta(seconds=length_seconds)


def in_words(day: datetime) -> str:
    """A date as people read it."""
    return f"{day:%B} {day.day}, {day.year}"
