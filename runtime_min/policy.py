"""When a failed step is tried again."""

from __future__ import annotations

import math
from datetime import timedelta
from random import Random

import msgspec

Duration = float | int | timedelta


def seconds(duration: Duration) -> float:
    """A duration as seconds; a plain number already is one."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a step is tried, and how long to wait in between.

    Only an attempt that raised counts. One that was lost with its process is repeated in any case, since
    nobody knows whether it had an effect; `info().attempt` counts both kinds.

    Attributes:
        attempts: how often at most; None for no limit. The default is once: an exception is an answer.
        delay: the wait before the second attempt, as seconds or a `timedelta`.
        backoff: by how much each wait is longer than the one before.
        maximum: the longest wait, as seconds or a `timedelta`.
        jitter: the share of each wait that is drawn at random, 0 to 1, from the run's seed.
        never: exceptions after which there is no further attempt.

    Raises:
        ValueError: for a value out of range.
    """

    attempts: int | None = 1
    delay: Duration = 1.0
    backoff: float = 2.0
    maximum: Duration = 100.0
    jitter: float = 0.1
    never: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise ValueError(f"Retry.attempts is {self.attempts}; a step is tried at least once")
        # Compared so that nan is out of range, too.
        waits = seconds(self.delay) >= 0 and seconds(self.maximum) >= 0
        if not (waits and self.backoff >= 1 and 0 <= self.jitter <= 1):
            raise ValueError("Retry needs delay >= 0, maximum >= 0, backoff >= 1 and 0 <= jitter <= 1")

    def wait(self, error: BaseException, failures: int, random: Random) -> float | None:
        """Seconds until the next attempt after this many failures, or None if there is none."""
        if isinstance(error, self.never) or (self.attempts is not None and failures >= self.attempts):
            return None
        # The exponent is bounded, since a float overflows where a wait of years would be long enough.
        try:
            growing = seconds(self.delay) * self.backoff ** min(failures - 1, 64)
        except OverflowError:
            growing = math.inf
        longest = min(seconds(self.maximum), growing)
        return longest * (1 - self.jitter * random.random())


NO_RETRY = Retry()
