"""What both ways of seeing calls share: who is inside a workflow, and what a call there amounts to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import RLock
from types import CodeType, ModuleType
from typing import Any, TypeAlias

from color_checker.catalog import Catalog, Entry, load_catalog
from runtime_min.guard.sites import Arguments, arguments_at, excuses
from runtime_min.guard.verdict import MISSING, Judge, is_random_per_process, matters_in_installed
from runtime_min.guard.watchlist import Role, Watchlist, is_a
from runtime_min.profiles import Profile

Report: TypeAlias = Callable[[Entry, CodeType, int], None]


class Observer:
    """Sees the calls of watched code, and reports those that have an effect.

    Attributes:
        inside: by thread, who is told about the workflow that runs there now.
        profile: the profile function that workflow code has to run under, where that is how calls are seen.
    """

    profile: Profile | None = None

    def __init__(self) -> None:
        catalog = _catalog()
        self.inside: dict[int, Report] = {}
        self.watchlist = Watchlist(catalog, self.change)
        self.judge = Judge(catalog, self.watchlist)
        # Discovery writes to several tables, and the catalog reads its files on the way.
        self._lock = RLock()
        self._arguments: dict[tuple[int, int], tuple[CodeType, Arguments | None]] = {}

    def change(self, code: CodeType, role: Role) -> None:
        """The role of a code object has changed."""

    def watch(self, function: object) -> None:
        """Count a function as workflow code."""
        with self._lock:
            self.watchlist.watch_workflow(function)

    def start(self, code: CodeType) -> None:
        """A candidate starts inside of a workflow."""
        with self._lock:
            self.watchlist.start(code)

    def step_back(self) -> None:
        """A workflow runs under another profile function."""

    def unset(self) -> None:
        """Take the profile function away, if no workflow runs on this thread any more."""

    def close(self) -> None:
        """See nothing any more."""
        self.inside.clear()

    def effect(self, code: CodeType, offset: int, callee: Any, first: Any) -> Entry | None:
        """What calling `callee` does at this place in watched code, if that is to be reported."""
        if self.judge.remembers(callee, first):
            return None
        with self._lock:
            entry = self.judge.entry(callee, first)
        if entry is None:
            return None
        if first is MISSING:
            first = _bound_to(callee)
        return None if self._is_excused(entry, code, offset, first) else entry

    def _is_excused(self, entry: Entry, code: CodeType, offset: int, first: Any) -> bool:
        """Whether this very call is deterministic, or harmless where it stands."""
        if self.watchlist.is_installed(code) and not matters_in_installed(entry):
            return True
        if entry.name == "builtins.set.pop":
            return not isinstance(first, set) or len(first) < 2 or not any(map(is_random_per_process, first))
        if entry.unless is None:
            return False
        if entry.unless.numeric:  # only dicts and sets see what a class makes of its fields' hashes
            return code.co_name == "__hash__" or first is MISSING or not is_random_per_process(first)
        return excuses(entry.unless, self._arguments_at(code, offset))

    def _arguments_at(self, code: CodeType, offset: int) -> Arguments | None:
        key = (id(code), offset)
        if key not in self._arguments:
            if len(self._arguments) >= 1000:
                self._arguments.clear()
            self._arguments[key] = (code, arguments_at(code, offset))
        return self._arguments[key][1]


@functools.cache
def _catalog() -> Catalog:
    """Kept for the life of the process: what it has read stays true when guards come and go."""
    return load_catalog()


def _bound_to(callee: Any) -> Any:
    """The object of a bound method; builtin functions are bound to their module, which says nothing."""
    owner = getattr(callee, "__self__", MISSING)
    return MISSING if is_a(owner, ModuleType) else owner
