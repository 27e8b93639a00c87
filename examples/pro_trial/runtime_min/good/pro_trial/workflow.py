"""The trial itself: grant, welcome, wait thirty days, say goodbye, revoke."""

from __future__ import annotations

import asyncio

from pro_trial import dates, letters, pricing, steps
from pro_trial.models import Outcome, Permission, Status, Trial
from runtime_min import now, sleep, workflow


@workflow
async def pro_trial(trial: Trial) -> Outcome:
    """Take the trial from its first to its last day."""
    ends = dates.end_of_trial(now(), trial.length_seconds)
    await asyncio.gather(*(steps.grant_permission(permission) for permission in permissions(trial)))
    await steps.send_mail(letters.welcome(trial, key(trial, "welcome"), dates.in_words(ends)))

    await sleep(trial.length_seconds)

    if await steps.has_upgraded(trial.user):
        await steps.send_mail(letters.thanks(trial, key(trial, "thanks")))
        return Outcome(trial.user, Status.UPGRADED, ends.date().isoformat(), "")
    coupon = await steps.issue_coupon()
    price = pricing.monthly_price(trial.country)
    await steps.send_mail(letters.goodbye(trial, key(trial, "goodbye"), price, coupon))
    for permission in reversed(permissions(trial)):
        await steps.revoke_permission(permission)
    return Outcome(trial.user, Status.ENDED, ends.date().isoformat(), coupon)


def permissions(trial: Trial) -> list[Permission]:
    """What the trial opens, in the order in which it is granted."""
    return [Permission(trial.user, feature) for feature in trial.features]


def key(trial: Trial, mail: str) -> str:
    """A key that stays the same however often the step runs."""
    return f"pro-trial-{trial.user}/{mail}"
