"""The trial itself: grant, welcome, wait thirty days or for an upgrade, say goodbye, revoke."""

from __future__ import annotations

import asyncio

from pro_trial import dates, letters, pricing, steps
from pro_trial.models import Outcome, Permission, Status, Trial
from runtime_min import now, query, signal, wait_signal, workflow

upgraded = signal("upgraded", bool)


@workflow
async def pro_trial(trial: Trial) -> Outcome:
    """Take the trial from its first to its last day."""
    at = Status.STARTING

    @query
    def status() -> Status:
        return at

    ends = dates.end_of_trial(now(), trial.length_seconds)
    await asyncio.gather(*(steps.grant_permission(permission) for permission in permissions(trial)))
    await steps.send_mail(letters.welcome(trial, key(trial, "welcome"), dates.in_words(ends)))
    at = Status.RUNNING

    if await bought(trial.length_seconds):
        await steps.send_mail(letters.thanks(trial, key(trial, "thanks")))
        at = Status.UPGRADED
        return Outcome(trial.user, at, ends.date().isoformat(), "")

    coupon = await steps.issue_coupon()
    price = pricing.monthly_price(trial.country)
    await steps.send_mail(letters.goodbye(trial, key(trial, "goodbye"), price, coupon))
    for permission in reversed(permissions(trial)):
        await steps.revoke_permission(permission)
    at = Status.ENDED
    return Outcome(trial.user, at, ends.date().isoformat(), coupon)


async def bought(within: float) -> bool:
    """Wait for the signal, or until so many seconds are over."""
    try:
        async with asyncio.timeout(within):
            return await wait_signal(upgraded)
    except TimeoutError:
        return False


def permissions(trial: Trial) -> list[Permission]:
    """What the trial opens, in the order in which it is granted."""
    return [Permission(trial.user, feature) for feature in trial.features]


def key(trial: Trial, mail: str) -> str:
    """A key that stays the same however often the step runs."""
    return f"pro-trial-{trial.user}/{mail}"
