"""Starts one trial and waits for it: `python -m pro_trial.main USER EMAIL [SECONDS]`.

Run it again after a crash: it goes on where the trial stood, and nothing is done twice.
"""

from __future__ import annotations

import asyncio
import sys

from pro_trial.models import Trial
from pro_trial.workflow import pro_trial
from runtime_min import Runtime, start


async def main(user: str, email: str, *seconds: str) -> None:
    """Start the trial and print how it went."""
    length = float(seconds[0]) if seconds else Trial.length_seconds
    async with Runtime():  # on the file that RUNTIME_MIN_DB names, or ./runtime_min.sqlite
        flow = pro_trial.options(id=f"pro-trial-{user}")
        handle = await start(flow, Trial(user, email, length_seconds=length))
        print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
