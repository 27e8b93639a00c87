"""Sets the guard's profile function, and takes it away, around the runtime's own code (Python 3.11 only).

Each call costs something while it is set, and code of the runtime makes many that mean nothing to the guard.
A profile function is not told of calls of these three, as they are partials.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

Profile: TypeAlias = Callable[..., Any]

active: Callable[[], Profile | None] = functools.partial(sys.getprofile)
"""The profile function of this thread."""

switch_on: Callable[[Profile], None] = functools.partial(sys.setprofile)
"""Let it be this one."""

switch_off: Callable[[], None] = functools.partial(sys.setprofile, None)
"""Let there be none."""
