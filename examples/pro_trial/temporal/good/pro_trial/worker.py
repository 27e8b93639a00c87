"""Runs the workflow and its activities: `python -m pro_trial.worker`."""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.worker import Worker

from pro_trial.activities import grant_permission, revoke_permission, send_mail
from pro_trial.workflow import ProTrial

TASK_QUEUE = "pro-trial"


async def main() -> None:
    """Work until interrupted."""
    logging.basicConfig(level=logging.INFO)
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    with ThreadPoolExecutor(max_workers=10) as executor:
        worker = Worker(
            client,
            task_queue=TASK_QUEUE,
            workflows=[ProTrial],
            activities=[grant_permission, revoke_permission, send_mail],
            activity_executor=executor,
        )
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
