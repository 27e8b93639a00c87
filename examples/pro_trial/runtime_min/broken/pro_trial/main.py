"""Starts one trial and waits for it: `python -m pro_trial.main USER EMAIL`."""

from __future__ import annotations

import asyncio
import sys

from pro_trial.models import Trial
from pro_trial.workflow import pro_trial


async def main(user: str, email: str) -> None:
    """Run the trial and print how it went."""
    print(await pro_trial(Trial(user, email)))  # expect: workflow-called-directly


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
