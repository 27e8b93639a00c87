"""Where a worker gets the time from."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock, or a test's."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def idle(self, until: float) -> bool:
        """Nothing is left to do before `until`: a clock that skips waiting goes there and says True.

        `until` is infinite if there is nothing at all to do before a message comes.
        """


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        return time.time()

    def idle(self, until: float) -> bool:
        return False
