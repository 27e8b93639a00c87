"""How many processors this process may use."""

from __future__ import annotations

import os
import sys


def available() -> int:
    """At least one."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))  # fewer than there are in a container or under `taskset`
