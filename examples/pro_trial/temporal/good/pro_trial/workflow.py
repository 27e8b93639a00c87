"""The trial itself: grant, welcome, wait thirty days or for an upgrade, say goodbye, revoke."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from pro_trial import activities, coupons, dates, letters, pricing
    from pro_trial.models import Mail, Outcome, Permission, Status, Trial

TIMEOUT = timedelta(minutes=1)
RETRIES = RetryPolicy(maximum_attempts=10)


@workflow.defn
class ProTrial:
    """One user's trial; its id is the user's, so that nobody has two at once."""

    def __init__(self) -> None:
        self.status = Status.STARTING
        self.upgraded = False

    @workflow.run
    async def run(self, trial: Trial) -> Outcome:
        """Take the trial from its first to its last day."""
        ends = dates.end_of_trial(workflow.now(), trial.length_seconds)
        try:
            await self.grant(trial)
            await self.send(letters.welcome(trial, self.key("welcome"), dates.in_words(ends)))
            self.status = Status.RUNNING
            coupon = await self.last_day(trial)
        finally:
            if not self.upgraded:
                await self.revoke(trial)
        workflow.logger.info("trial of %s is over: %s", trial.user, self.status)
        return Outcome(trial.user, self.status, ends.date().isoformat(), coupon)

    async def last_day(self, trial: Trial) -> str:
        """Wait for the end or an upgrade, and write the mail for either; the coupon that it offers."""
        try:
            await workflow.wait_condition(
                lambda: self.upgraded, timeout=timedelta(seconds=trial.length_seconds)
            )
        except TimeoutError:
            self.status = Status.ENDED
            coupon = coupons.coupon_code(workflow.random())
            price = pricing.monthly_price(trial.country)
            await self.send(letters.goodbye(trial, self.key("goodbye"), price, coupon))
            return coupon
        self.status = Status.UPGRADED
        await self.send(letters.thanks(trial, self.key("thanks")))
        return ""

    @workflow.signal
    def upgrade(self) -> None:
        """The user has bought the plan."""
        self.upgraded = True

    @workflow.query
    def current_status(self) -> str:
        """Where the trial stands."""
        return self.status.value

    def key(self, mail: str) -> str:
        """A key that stays the same however often the step runs."""
        return f"{workflow.info().workflow_id}/{mail}"

    async def grant(self, trial: Trial) -> None:
        """All features at once; one that fails stops the trial."""
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    activities.grant_permission,
                    Permission(trial.user, feature),
                    start_to_close_timeout=TIMEOUT,
                    retry_policy=RETRIES,
                )
                for feature in trial.features
            )
        )

    async def revoke(self, trial: Trial) -> None:
        """One by one, last granted first."""
        for feature in reversed(trial.features):
            await workflow.execute_activity(
                activities.revoke_permission,
                Permission(trial.user, feature),
                start_to_close_timeout=TIMEOUT,
            )

    async def send(self, mail: Mail) -> None:
        """Send one mail through the engine."""
        await workflow.execute_activity(
            activities.send_mail, mail, start_to_close_timeout=TIMEOUT, retry_policy=RETRIES
        )
