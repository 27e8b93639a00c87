"""Tells a running trial that its user has bought the plan: `python -m pro_trial.upgrade USER`."""

from __future__ import annotations

import asyncio
import sys

from pro_trial.workflow import upgraded
from runtime_min import Runtime


async def main(user: str) -> None:
    """Send the signal; the trial wakes up in whatever process runs it, and ends as upgraded."""
    async with Runtime(work=False) as runtime:
        await runtime.handle(f"pro-trial-{user}").signal(upgraded, True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
