"""Starts one trial and waits for it: `python -m pro_trial.main USER EMAIL [SECONDS]`."""

from __future__ import annotations

import asyncio
import sys

from pro_trial.models import Trial
from pro_trial.workflow import pro_trial
from runtime_min import start


async def main(user: str, email: str, *seconds: str) -> None:
    """Start the trial and print how it went."""
    length = float(seconds[0]) if seconds else Trial.length_seconds
    handle = await start(pro_trial, Trial(user, email, length_seconds=length), id=f"pro-trial-{user}")
    print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
