"""Starts one trial and waits for it: `python -m pro_trial.main USER EMAIL`."""

from __future__ import annotations

import sys

from dbos import DBOS, DBOSConfig

from pro_trial.models import Trial
from pro_trial.workflow import pro_trial


def main(user: str, email: str) -> None:
    """Run the trial and print how it went."""
    config: DBOSConfig = {"name": "pro-trial", "system_database_url": "sqlite:///dbos.sqlite"}
    DBOS(config=config)
    DBOS.launch()
    print(pro_trial(Trial(user, email)))


if __name__ == "__main__":
    main(*sys.argv[1:])
