"""Asks an installed SDK about names, in a process of its own: not all SDKs can share one."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

_MISSING = object()


def missing_names(names: Iterable[str]) -> list[str]:
    """Those of `names` that do not exist."""
    return list(_ask("missing", sorted(names)))


def public_callables(owners: Iterable[str]) -> dict[str, list[str]]:
    """Class or module → its public functions and properties, as its users can reach them."""
    return dict(_ask("callables", sorted(owners)))


def mismatched_bases(bases: Mapping[str, Iterable[str]]) -> list[str]:
    """Those classes of `bases` that do not derive from what is said there."""
    return list(_ask("bases", {name: list(parents) for name, parents in bases.items()}))


def parameters(names: Iterable[str]) -> dict[str, list[str]]:
    """Function → names of its parameters, without self; those without a signature are left out."""
    return dict(_ask("parameters", sorted(names)))


def _ask(question: str, argument: Any) -> Any:
    command = [sys.executable, "-W", "ignore", __file__, question]
    done = subprocess.run(command, input=json.dumps(argument), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _find(dotted: str) -> Any:
    """The object of that name, walking from the longest importable module; or `_MISSING`."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = _member(found, part)
            if found is _MISSING:
                break
        else:
            return found
    return _MISSING


def _member(owner: Any, name: str) -> Any:
    found = inspect.getattr_static(owner, name, _MISSING)
    if found is not _MISSING and not isinstance(found, (classmethod, staticmethod)):
        return found
    if any(name in vars(base).get("__annotations__", {}) for base in getattr(owner, "__mro__", ())):
        return None  # a dataclass field without default
    return getattr(owner, name, _MISSING)  # a module may have a __getattr__


def _public(owner: Any) -> list[str]:
    names = getattr(owner, "__all__", None) if isinstance(owner, ModuleType) else None
    public = [name for name in names or dir(owner) if not name.startswith("_")]
    return [name for name in public if _is_callable(inspect.getattr_static(owner, name))]


def _is_callable(value: Any) -> bool:
    if isinstance(value, (property, classmethod, staticmethod)):
        return True
    return callable(value) and not inspect.isclass(value) and not _is_typing(value)


def _is_typing(value: Any) -> bool:
    return type(value).__module__ in ("typing", "typing_extensions")


def _parameters(function: Any) -> list[str] | None:
    if isinstance(function, property) or not callable(function):
        return None
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
    return [name for name in names if name != "self"]


def _derives(name: str, parents: Iterable[str]) -> bool:
    found = _find(name)
    return all(issubclass(found, _find(parent)) for parent in parents)


def main() -> None:
    """Answers one question: its name is the argument, its data comes as JSON."""
    warnings.simplefilter("ignore")
    data = json.load(sys.stdin)
    answer: Any
    match sys.argv[1]:
        case "missing":
            answer = [name for name in data if _find(name) is _MISSING]
        case "callables":
            answer = {name: _public(_find(name)) for name in data}
        case "bases":
            answer = [name for name, parents in data.items() if not _derives(name, parents)]
        case _:
            found = {name: _parameters(_find(name)) for name in data}
            answer = {name: names for name, names in found.items() if names is not None}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
