"""Tells a running trial that its user has bought the plan: `python -m pro_trial.upgrade USER`."""

from __future__ import annotations

import os
import sys

from dbos import DBOSClient

from pro_trial.workflow import UPGRADE


def main(user: str) -> None:
    """Send the message; the trial wakes up and ends as upgraded."""
    client = DBOSClient(
        system_database_url=os.environ.get("DBOS_SYSTEM_DATABASE_URL", "sqlite:///dbos.sqlite")
    )
    try:
        client.send(f"pro-trial-{user}", "bought", UPGRADE)
    finally:
        client.destroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
