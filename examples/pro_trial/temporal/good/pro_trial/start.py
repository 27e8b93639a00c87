"""Starts one trial: `python -m pro_trial.start USER EMAIL [SECONDS]`."""

from __future__ import annotations

import asyncio
import os
import sys

from temporalio.client import Client

from pro_trial.models import Trial
from pro_trial.worker import TASK_QUEUE
from pro_trial.workflow import ProTrial


async def main(user: str, email: str, *seconds: str) -> None:
    """Start the trial and print how it went."""
    length = float(seconds[0]) if seconds else Trial.length_seconds
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    trial = Trial(user, email, length_seconds=length)
    handle = await client.start_workflow(ProTrial.run, trial, id=f"pro-trial-{user}", task_queue=TASK_QUEUE)
    print(f"started {handle.id}")
    print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
