"""Dates of a trial, computed from a given start: no clock in here."""

from __future__ import annotations

from datetime import datetime, timedelta


def end_of_trial(started: datetime, length_seconds: float) -> datetime:
    """The moment at which the trial is over."""
    return started + timedelta(seconds=length_seconds)


def in_words(day: datetime) -> str:
    """A date as people read it."""
    return f"{day:%B} {day.day}, {day.year}"
