"""Names this process for others, and tells which of them are gone, so that nobody waits for their leases."""

from __future__ import annotations

import os
import secrets
import socket


def _host() -> str:
    """This machine; and which container of it, since two of one name have process ids of their own."""
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}.{namespace}"


HOST = _host()


def own_name() -> str:
    """A name for a worker in this process, `HOST:PID:RANDOM`."""
    return f"{HOST}:{os.getpid()}:{secrets.token_hex(4)}"


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
