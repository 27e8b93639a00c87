"""Whether there is so much to do that a child process (see `ahead`) is done with it sooner than this one."""

from __future__ import annotations

import os
from collections.abc import Iterable

#: Less code than this, in bytes, is analyzed by the time that a process needs to start.
WORTH_A_CHILD = 400_000


def is_worth_a_child(files: Iterable[str]) -> bool:
    """Whether these files should be analyzed by a child, if this process has something else to do."""
    if not is_more(files, WORTH_A_CHILD):
        return False
    from color_checker import ahead  # not needed for most projects

    return ahead.is_of_use()


def is_more(files: Iterable[str], limit: int) -> bool:
    """Whether there are more bytes in the files."""
    total = 0
    for path in files:
        try:
            total += os.stat(path).st_size
        except OSError:
            continue
        if total > limit:
            return True
    return False
