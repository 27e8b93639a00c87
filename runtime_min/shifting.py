"""Clocks that are off, for the process of `verify`: nothing else may import this.

The functions of `time` are replaced in that module, before the program is imported. The methods of
`datetime` are replaced in the class itself, for which there is no official way (and none but CPython's): a
subclass in its place would be another type, and no stored value would be of it any more.
"""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

_CLOCKS = ("time", "monotonic", "perf_counter")
# They show the time of now if they are not told which.
_CONVERSIONS = ("localtime", "gmtime", "ctime")
_TEXTS = ("strftime", "asctime")


def shift_clocks(seconds: float) -> None:
    """Make all of Python's clocks of this process tell a time that is so far off."""
    if not seconds:
        return
    real = {name: getattr(time, name) for name in (*_CLOCKS, *_CONVERSIONS, *_TEXTS)}
    now = real["time"]
    for name in _CLOCKS:
        # The others would be negative, which no clock is.
        by = seconds if name == "time" else abs(seconds)
        _shift(name, real[name], by)
        _shift(f"{name}_ns", getattr(time, f"{name}_ns"), int(by * 1e9))
    for name in _CONVERSIONS:
        setattr(time, name, _converting(real[name], lambda: now() + seconds))
    for name in _TEXTS:
        setattr(time, name, _writing(real[name]))
    _shift_datetime(timedelta(seconds=seconds))


def _shift(name: str, clock: Callable[[], Any], by: float) -> None:
    setattr(time, name, lambda: clock() + by)


def _converting(convert: Callable[[float], Any], now: Callable[[], float]) -> Callable[..., Any]:
    return lambda seconds=None: convert(now() if seconds is None else seconds)


def _writing(write: Callable[..., str]) -> Callable[..., str]:
    arguments = 1 if write.__name__ == "strftime" else 0

    def shifted(*given: Any) -> str:
        return write(*given) if len(given) > arguments else write(*given, time.localtime())

    return shifted


def _shift_datetime(by: timedelta) -> None:
    now: Any = datetime.__dict__["now"]
    utcnow: Any = datetime.__dict__["utcnow"]
    attributes = next((one for one in gc.get_referents(datetime.__dict__) if isinstance(one, dict)), None)
    if attributes is None:
        return
    attributes["now"] = classmethod(lambda cls, tz=None: now.__get__(None, cls)(tz) + by)
    attributes["utcnow"] = classmethod(lambda cls: utcnow.__get__(None, cls)() + by)
    # `date.today` asks `time.time`, which is shifted already.
    for kind in (datetime, date):
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
