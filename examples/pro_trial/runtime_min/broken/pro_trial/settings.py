"""What operations can change without a deploy."""

from __future__ import annotations

import os


def reminders_enabled() -> bool:
    """Whether a trial reminds its user every week."""
    return os.environ.get("PRO_TRIAL_REMINDERS", "on") == "on"
