"""Starts one trial: `python -m pro_trial.start USER EMAIL`."""

from __future__ import annotations

import asyncio
import sys

from pro_trial.models import Trial
from pro_trial.workflow import ProTrial


async def main(user: str, email: str) -> None:
    """Run the trial and print how it went."""
    outcome = await ProTrial().run(Trial(user, email))  # expect: workflow-called-directly
    print(outcome)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
