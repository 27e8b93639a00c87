"""How astroid is set up in the process that runs pylint, so that it infers the same in another one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from astroid.manager import AstroidManager

#: What pylint sets, and astroid keeps for the whole process.
_OPTIONS = (
    "always_load_extensions", "extension_package_whitelist", "max_inferable_values", "module_denylist",
    "prefer_stubs",
)  # fmt: skip


class AstroidState(msgspec.Struct, frozen=True):
    """What counts when astroid parses or infers something.

    Attributes:
        search_path: where modules are looked for.
        extensions: how much has been registered that changes what astroid makes of each kind of node. It
            cannot be told to another process.
    """

    search_path: tuple[str, ...]
    options: dict[str, Any]
    extensions: dict[str, int]


def astroid_state() -> AstroidState:
    """As it is now."""
    brain: dict[str, Any] = dict(AstroidManager.brain)
    options = {name: brain[name] for name in _OPTIONS if name in brain}
    return AstroidState(tuple(sys.path), options, _extensions())


def is_alike(state: AstroidState) -> bool:
    """Whether it can be the same in this process."""
    return state.extensions == _extensions()


def _extensions() -> dict[str, int]:
    brain: Any = AstroidManager.brain
    transforms = {
        kind.__name__: len(added) for kind, added in brain["_transform"].transforms.items() if added
    }
    return {**transforms, "": len(brain["_failed_import_hooks"])}


@contextmanager
def as_in(state: AstroidState) -> Iterator[None]:
    """Inside, astroid finds and infers what it would there. The options stay, in this process."""
    brain: Any = AstroidManager.brain
    for name, value in state.options.items():
        if isinstance(value, set):
            brain[name].update(value)  # astroid holds the set itself
        else:
            brain[name] = value
    before = sys.path[:]
    sys.path[:] = state.search_path
    try:
        yield
    finally:
        sys.path[:] = before
