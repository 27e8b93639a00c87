"""What operations can change without a deploy."""

from __future__ import annotations

import os

report_interval = 7 * 24 * 60 * 60


def set_report_interval(seconds: int) -> None:
    """Let the report come more or less often from now on."""
    global report_interval
    report_interval = seconds


def reminders_enabled() -> bool:
    """Whether a trial reminds its user every week."""
    return os.environ.get("PRO_TRIAL_REMINDERS", "on") == "on"
