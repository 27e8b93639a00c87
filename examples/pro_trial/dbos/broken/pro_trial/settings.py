"""What operations can change without a deploy."""

from __future__ import annotations

import os


class Settings:
    """Read from the environment whenever somebody asks."""

    @property
    def sender(self) -> str:
        """The address in the mails."""
        return os.getenv("PRO_TRIAL_SENDER", "trials@example.com")
