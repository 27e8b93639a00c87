"""Runs the workflows and their activities: `python -m pro_trial.worker [REPORT_INTERVAL]`."""

from __future__ import annotations

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from pro_trial import settings
from pro_trial.activities import grant_permission, record, revoke_permission, send_mail
from pro_trial.workflow import ProTrial, TrialReport

TASK_QUEUE = "pro-trial"


async def main() -> None:
    """Work until interrupted."""
    client = await Client.connect("localhost:7233")
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ProTrial, TrialReport],
        activities=[grant_permission, record, revoke_permission, send_mail],
    )
    for seconds in sys.argv[1:]:
        settings.set_report_interval(int(seconds))
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
