"""How many processors this process may use."""

from __future__ import annotations

import os
import sys

#: So many are left to processes that work beside this one, and wait for it in the end.
reserved = 0


def available() -> int:
    """At least one."""
    if sys.platform != "linux":
        number = os.cpu_count() or 1
    else:
        number = len(os.sched_getaffinity(0))  # fewer than there are in a container or under `taskset`
    return max(1, number - reserved)
