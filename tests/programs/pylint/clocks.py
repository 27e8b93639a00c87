"""A helper that the others call."""

import time


def now() -> float:
    return time.time()


def monotonic() -> float:
    return getattr(time, "mono" + "tonic")()
