"""The trial itself: grant, welcome, wait thirty days or for an upgrade, say goodbye, revoke."""

from __future__ import annotations

from dbos import DBOS

from pro_trial import dates, letters, pricing, steps
from pro_trial.models import Outcome, Permission, Status, Trial

UPGRADE = "upgrade"
STATUS = "status"


@DBOS.workflow()
def pro_trial(trial: Trial) -> Outcome:
    """Take the trial from its first to its last day."""
    DBOS.set_event(STATUS, Status.STARTING.value)
    ends = dates.end_of_trial(steps.current_time(), trial.length_seconds)
    for feature in trial.features:
        steps.grant_permission(Permission(trial.user, feature))
    steps.send_mail(letters.welcome(trial, key(trial, "welcome"), dates.in_words(ends)))
    DBOS.set_event(STATUS, Status.RUNNING.value)

    upgraded = DBOS.recv(UPGRADE, timeout_seconds=trial.length_seconds)
    if upgraded is None:
        return end(trial, ends.date().isoformat())
    steps.send_mail(letters.thanks(trial, key(trial, "thanks")))
    DBOS.set_event(STATUS, Status.UPGRADED.value)
    return Outcome(trial.user, Status.UPGRADED, ends.date().isoformat(), "")


def end(trial: Trial, day: str) -> Outcome:
    """Say goodbye, then take the features away, last granted first."""
    coupon = steps.issue_coupon()
    price = pricing.monthly_price(trial.country)
    steps.send_mail(letters.goodbye(trial, key(trial, "goodbye"), price, coupon))
    for feature in reversed(trial.features):
        steps.revoke_permission(Permission(trial.user, feature))
    DBOS.set_event(STATUS, Status.ENDED.value)
    return Outcome(trial.user, Status.ENDED, day, coupon)


def key(trial: Trial, mail: str) -> str:
    """A key that stays the same however often the step runs."""
    return f"pro-trial-{trial.user}/{mail}"
