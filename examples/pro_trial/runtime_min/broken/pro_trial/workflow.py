"""The trial itself."""

from __future__ import annotations

import asyncio
import os
import time

from runtime_min import workflow

from pro_trial import coupons, dates, settings, steps
from pro_trial.models import Mail, Outcome, Permission, Status, Trial
from pro_trial.usage import Usage

mails: list[str] = []


@workflow
async def pro_trial(trial: Trial) -> Outcome:
    """Take the trial from its first to its last day."""
    ends = dates.end_of_trial(trial.length_seconds)  # expect: clock
    granting = [steps.grant_permission(Permission(trial.user, feature)) for feature in trial.features]
    for granted in asyncio.as_completed(granting):
        await granted
        print("granted a feature to", trial.user)  # expect: console
    key = f"{trial.user}-{hash(trial.email)}"  # expect: identity
    last_day = await asyncio.to_thread(dates.in_words, ends)  # expect: thread
    body = f"It ends on {last_day}."
    steps.send_mail(Mail(key, trial.email, "Welcome", body))  # expect: not-awaited
    mails.append(key)  # expect: global-write

    if settings.reminders_enabled():  # expect: environment
        await steps.send_mail(Mail(f"{key}/soon", trial.email, "Soon", body))
    time.sleep(trial.length_seconds)  # expect: blocking

    calls = Usage("usage.example.com")[trial.user]  # expect: network
    coupon = coupons.coupon_code()  # expect: random
    mail = Mail(f"{key}/end", trial.email, "Goodbye", f"You made {calls} calls. Stay, with {coupon}.")
    try:
        await steps.send_mail(mail)
        for feature in {feature.lower() for feature in trial.features}:  # expect: unordered
            await steps.revoke_permission(Permission(trial.user, feature))
    except asyncio.CancelledError:  # expect: swallows-control-flow
        os.remove("pro_trial.lock")  # expect: filesystem
    return Outcome(trial.user, Status.ENDED, ends.date().isoformat(), coupon)
