"""The trial itself."""

from __future__ import annotations

import random
import time
from pathlib import Path

from dbos import DBOS

from pro_trial import audit, dates, ids, pricing, steps
from pro_trial.models import Mail, Outcome, Permission, Status, Trial
from pro_trial.settings import Settings

started = 0


@DBOS.workflow()
def pro_trial(trial: Trial) -> Outcome:
    """Take the trial from its first to its last day."""
    global started
    started += 1  # expect: global-write
    ticket = ids.Ticket(trial.user)  # expect: identity
    sender = Settings().sender  # expect: environment
    ends = dates.end_of_trial(trial.length_seconds)  # expect: clock

    pending = {Permission(trial.user, feature) for feature in trial.features}
    while pending:
        steps.grant_permission(pending.pop())  # expect: unordered
    body = f"It ends on {dates.in_words(ends)}. Your ticket is {ticket.number}."
    steps.send_mail(Mail(ticket.number, trial.email, "Welcome", body), sender)
    audit.write(f"trial of {trial.user} has started")  # expect: filesystem

    time.sleep(trial.length_seconds)  # expect: blocking

    return end_trial(trial, sender, ends.date().isoformat())


@DBOS.workflow()
def end_trial(trial: Trial, sender: str, day: str) -> Outcome:
    """Say goodbye, then take the features away."""
    price = pricing.monthly_price(trial.country)  # expect: network
    coupon = f"PRO-{random.randint(100_000, 999_999)}"  # expect: random
    headers: dict[str, str] = {}

    def render() -> str:
        text = Path("goodbye.txt").read_text(encoding="utf-8")
        headers["Reply-To"] = "sales@example.com"  # expect: captured-write
        return text.format(price=price, coupon=coupon)

    body = DBOS.run_step(None, render)
    steps.send_mail(Mail(coupon, trial.email, "Goodbye", body), sender, headers)
    for feature in trial.features:
        try:
            steps.revoke_permission(Permission(trial.user, feature))
        except:  # expect: swallows-control-flow
            print("could not revoke", feature)  # expect: console
    return Outcome(trial.user, Status.ENDED, day, coupon)
