"""A module that asks the clock when it is imported."""

from __future__ import annotations

import time

AT = time.time()
