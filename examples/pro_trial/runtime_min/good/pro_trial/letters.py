"""The texts of the mails."""

from __future__ import annotations

from pro_trial.models import Mail, Trial


def welcome(trial: Trial, key: str, last_day: str) -> Mail:
    """The mail at the start."""
    features = ", ".join(sorted(set(trial.features)))
    return Mail(key, trial.email, "Your pro trial has started", f"Until {last_day} you have: {features}.")


def goodbye(trial: Trial, key: str, price: str, coupon: str) -> Mail:
    """The mail at the end of a trial that was not upgraded."""
    body = f"Keep everything for {price} a month; the first one is free with {coupon}."
    return Mail(key, trial.email, "Your pro trial has ended", body)


def thanks(trial: Trial, key: str) -> Mail:
    """The mail to someone who stays."""
    return Mail(key, trial.email, "Welcome to pro", "Nothing changes: all features stay on.")
