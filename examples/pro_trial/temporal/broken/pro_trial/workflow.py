"""The trial itself."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pro_trial import coupons, dates, pricing, settings
    from pro_trial.activities import grant_permission, revoke_permission, send_mail
    from pro_trial.models import Mail, Outcome, Permission, Status, Trial

TIMEOUT = timedelta(minutes=1)
WEEK = 7 * 24 * 60 * 60

running: dict[str, str] = {}


@workflow.defn
class ProTrial:
    """One user's trial."""

    @workflow.run
    async def run(self, trial: Trial) -> Outcome:
        """Take the trial from its first to its last day."""
        trial_id = str(uuid.uuid4())  # expect: identity
        running[trial.user] = trial_id  # expect: global-write
        ends = dates.end_of_trial(trial.length_seconds)  # expect: clock
        for feature in set(trial.features):  # expect: unordered
            await workflow.execute_activity(
                grant_permission, Permission(trial.user, feature), start_to_close_timeout=TIMEOUT
            )
        body = f"It ends on {dates.in_words(ends)}."
        await send_mail(Mail(trial_id, trial.email, "Welcome", body))  # expect: step-bypasses-engine
        print("trial started for", trial.user)  # expect: console

        left = trial.length_seconds
        while settings.reminders_enabled() and left > WEEK:  # expect: environment
            try:
                await asyncio.sleep(WEEK)
            except BaseException:  # expect: swallows-control-flow
                workflow.logger.warning("the wait was interrupted, going on")
            left -= WEEK
            body = f"{left:.0f} seconds left"
            await workflow.execute_activity(
                send_mail,
                Mail(f"{trial_id}/{left}", trial.email, "Your trial", body),
                start_to_close_timeout=TIMEOUT,
            )
        time.sleep(left)  # expect: blocking

        price = pricing.monthly_price(trial.country)  # expect: network
        coupon = coupons.coupon_code()  # expect: random
        mail = Mail(f"{trial_id}/end", trial.email, "Goodbye", f"{price} a month, with {coupon}")
        await workflow.execute_activity("send_email", mail, start_to_close_timeout=TIMEOUT)  # expect: unknown-name
        for feature in trial.features:
            workflow.execute_activity(  # expect: not-awaited
                revoke_permission, Permission(trial.user, feature), start_to_close_timeout=TIMEOUT
            )
        return Outcome(trial.user, Status.ENDED, ends.date().isoformat(), coupon)


@workflow.defn
class TrialReport:
    """Mails the number of running trials to sales, again and again."""

    @workflow.run
    async def run(self, email: str) -> None:
        """Never returns."""
        number = 0
        while True:  # expect: unbounded-history
            await asyncio.sleep(settings.report_interval)  # expect: global-read
            number += 1
            await workflow.execute_activity(
                send_mail,
                Mail(f"report/{number}", email, "Trials", f"{len(running)} are running"),
                start_to_close_timeout=TIMEOUT,
            )
