"""Tells owners whose process is gone, so that their runs need not wait until a registration expires."""

from __future__ import annotations

import os
import socket

HOST = socket.gethostname()


def is_dead(owner: str) -> bool:
    """Whether `HOST:PID:RANDOM` was a process of this host that does not exist any more.

    Says False where that cannot be known: on other hosts, and on systems where signal 0 is no question.
    """
    host, _, process = owner.rpartition(":")[0].rpartition(":")
    if os.name != "posix" or host != HOST or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
