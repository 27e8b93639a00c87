"""Says when mypy has checked all other functions of a module, so that its check function has its turn."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from mypy.checker import TypeChecker
from mypy.nodes import FuncDef


class Turn(Enum):
    """What a check function that mypy has come to is to do."""

    WAIT = auto()
    #: Its turn may not come again: when the daemon checks a changed file, mypy makes but two passes.
    CHECK_FOR_NOW = auto()
    CHECK = auto()


class Turns:
    """Puts check functions off until none of the other functions are put off any more.

    mypy puts a function off until its next pass over the module if it needs the type of something that is
    not known yet.
    """

    def __init__(self, *, daemon: bool) -> None:
        self._daemon = daemon
        #: Module → its checker, and what that will check in its next pass.
        self._waiting: dict[str, tuple[TypeChecker, Sequence[object]]] = {}

    def next(self, api: TypeChecker) -> Turn:
        """Called in a check function; puts it off unless that is to check now."""
        function = api.scope.top_level_function()
        checker, others = self._waiting.pop(api.tree.fullname, (None, ()))
        again = checker is api
        if not isinstance(function, FuncDef) or (again and (len(others) < 2 or api.pass_num > api.last_pass)):
            return Turn.CHECK
        api.defer_node(function, None)
        self._waiting[api.tree.fullname] = (api, api.deferred_nodes)
        return Turn.CHECK_FOR_NOW if again and self._daemon else Turn.WAIT
