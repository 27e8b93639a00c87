"""The guard: raises `EffectInWorkflow` where workflow code calls something that a replay cannot repeat.

It looks at the calls of workflow functions and of the helpers that they call, in whatever module, and asks
the analyzer's catalog what they do. Nothing is patched: the same functions run as ever in steps, on other
threads, and on this thread while no workflow runs.

It raises for clock, random, identity (`uuid4`, `hash` of text), environment, filesystem, network, process,
thread, blocking, console, unordered (`set.pop`) and dynamic-code (`eval`, `exec`). It is silent about
`asyncio`'s scheduling, which the event loop makes deterministic, about imports, `id`, weak references and
frames, and in installed packages about logging, settings from the environment, generated code, hashes, sets
and locks. Where arguments make a call deterministic (`Random(seed)`), they are counted at the call;
`f(*values)` gets the benefit of the doubt.

What it does not see, and the analyzer does: what is used without a call (`os.environ["HOME"]`, `sys.argv`,
`import`, operators), the order in which a set is iterated, and calls that C code makes (a `default_factory`
of msgspec or pydantic, `sorted(xs, key=hash)`). Properties, operators and callbacks in Python are seen if the
code that causes them mentions their class or function by name, also in an annotation. Python 3.11 does not
tell of calls of classes that are written in C, nor the arguments of `hash`.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from threading import get_ident
from types import CodeType
from typing import Any, Literal, Self, TypeAlias

from color_checker.catalog import Entry
from runtime_min.errors import EffectInWorkflow
from runtime_min.guard.messages import message
from runtime_min.guard.observer import Observer, Report
from runtime_min.profiles import Profile, active, switch_on

__all__ = ["Guard", "Mode"]

Mode: TypeAlias = Literal["error", "warn", "off"]


class Guard:
    """A context in which workflow code runs; each thread may be in it, and in other guards, at once.

    Args:
        mode: "error" raises at the call, "warn" gives a `RuntimeWarning` once per place.
    """

    def __init__(self, mode: Mode = "error") -> None:
        self.mode = mode
        self._observer = None if mode == "off" else _acquire()
        self._report: Report = self._raise if mode == "error" else self._warn
        self._warned: set[tuple[str, int, str]] = set()
        self._inside = None if self._observer is None else self._observer.inside
        self._profile = None if self._observer is None else self._observer.profile
        self._outers: dict[int, list[Report]] = {}  # by thread: those that this one is inside of

    def watch(self, function: Callable[..., Any]) -> None:
        """Count a function or method as workflow code, with what is defined inside of it."""
        if self._observer is not None:
            self._observer.watch(function)

    def __enter__(self) -> Self:
        profile = self.enter()
        if profile is not None:
            switch_on(profile)
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()
        if self._observer is not None:
            self._observer.unset()

    def enter(self) -> Profile | None:
        """Be in it, but for what is returned: the profile function that workflow code has to run under.

        That is on Python 3.11; there is none, if another profiler is active.
        """
        inside = self._inside
        if inside is None:
            return None
        thread = get_ident()
        if thread in inside:
            self._outers.setdefault(thread, []).append(inside[thread])
        inside[thread] = self._report
        profile = self._profile
        if profile is not None and self._observer is not None:
            other = active()
            if other is not None and other is not profile:
                self._observer.step_back()
                return None
        return profile

    def leave(self) -> None:
        """Be out of it, but for the profile function."""
        inside = self._inside
        if inside is not None:
            thread = get_ident()
            if self._outers and (outers := self._outers.get(thread)):
                inside[thread] = outers.pop()
            else:
                inside.pop(thread, None)

    def close(self) -> None:
        """Be off from now on; the last guard to close frees the interpreter's tool id."""
        if self._observer is not None:
            inside = self._observer.inside
            for thread in [thread for thread, report in inside.items() if report == self._report]:
                inside.pop(thread, None)
            self._observer.unset()
            self._observer = self._inside = self._profile = None
            _release()

    def _raise(self, entry: Entry, code: CodeType, line: int) -> None:
        raise EffectInWorkflow(_text(entry, code, line))

    def _warn(self, entry: Entry, code: CodeType, line: int) -> None:
        place = (code.co_filename, line, entry.name)
        if place not in self._warned:
            self._warned.add(place)
            warnings.warn_explicit(_text(entry, code, line), RuntimeWarning, code.co_filename, line)


def _text(entry: Entry, code: CodeType, line: int) -> str:
    return message(entry.name, str(entry.effect), entry.advice, code.co_qualname, code.co_filename, line)


# All guards of a process share one observer: what is watched is a property of the code, and tool ids are few.
class _Shared:
    lock = threading.Lock()
    observer: Observer | None = None
    users = 0


def _acquire() -> Observer | None:
    with _Shared.lock:
        if _Shared.observer is None:
            _Shared.observer = _make()
        if _Shared.observer is not None:
            _Shared.users += 1
        return _Shared.observer


def _release() -> None:
    with _Shared.lock:
        _Shared.users -= 1
        if _Shared.users == 0 and _Shared.observer is not None:
            _Shared.observer.close()
            _Shared.observer = None


def _make() -> Observer | None:
    if sys.version_info < (3, 12):
        from runtime_min.guard.profiling import Profiler

        return Profiler()
    else:
        from runtime_min.guard.monitoring import Monitor, NoToolIdError

        try:
            return Monitor()
        except NoToolIdError:
            text = "all tool ids of sys.monitoring are taken, so runtime_min's guard is off"
            warnings.warn(text, RuntimeWarning, stacklevel=4)
            return None
