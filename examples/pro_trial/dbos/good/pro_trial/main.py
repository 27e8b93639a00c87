"""Starts one trial and waits for it: `python -m pro_trial.main USER EMAIL [SECONDS]`.

Run it again after a crash: DBOS goes on where the trial stood, and nothing is done twice.
"""

from __future__ import annotations

import os
import sys

from dbos import DBOS, DBOSConfig, SetWorkflowID

from pro_trial.models import Trial
from pro_trial.workflow import pro_trial


def main(user: str, email: str, *seconds: str) -> None:
    """Start the trial and print how it went."""
    config: DBOSConfig = {
        "name": "pro-trial",
        "system_database_url": os.environ.get("DBOS_SYSTEM_DATABASE_URL", "sqlite:///dbos.sqlite"),
        "application_version": "1",
    }
    DBOS(config=config)
    DBOS.launch()
    length = float(seconds[0]) if seconds else Trial.length_seconds
    try:
        with SetWorkflowID(f"pro-trial-{user}"):
            handle = DBOS.start_workflow(pro_trial, Trial(user, email, length_seconds=length))
        print(handle.get_result())
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
