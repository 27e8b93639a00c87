"""What the catalog must know: the standard library, Temporal's sandbox list, and no name that is not real."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from color_checker.catalog.loader import Entry, load_catalog

CATALOG = load_catalog()
SPECIAL_RETURNS = {"data", "element", "elements", "argument", "self", "self-element", "self-elements"}

FACTS = tomllib.loads((Path(__file__).parent / "facts.toml").read_text(encoding="utf-8"))
STDLIB = sys.stdlib_module_names | set(FACTS["modules_of_other_versions"])
ABSENT = {name for names in FACTS["absent"].values() for name in names}
DETERMINISTIC = {name for names in FACTS["deterministic"].values() for name in names}
PURE_OS = set(FACTS["pure_os"])
HARMFUL_TO_IMPORT = {"antigravity", "this", "idlelib", "turtledemo"}


def exists(dotted: str) -> bool | None:
    """Whether the name can be imported here; None if its top-level module cannot be."""
    parts = dotted.split(".")
    if parts[0] in HARMFUL_TO_IMPORT or importlib.util.find_spec(parts[0]) is None:
        return None
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                return None if _is_namespace_package(found) else False
            found = getattr(found, part)
        return True
    return None


def _is_namespace_package(found: object) -> bool:
    """Whether other distributions, not installed here, may put modules into it."""
    return isinstance(found, types.ModuleType) and getattr(found, "__file__", "") is None


def listed() -> list[str]:
    return [entry.name for entry in CATALOG.entries()]


def checkable() -> list[str]:
    """All names and aliases but the attributes of instances, which a class does not show."""
    classes = {entry.name for entry in CATALOG.entries() if entry.kind == "class"}
    attributes = {
        entry.name
        for entry in CATALOG.entries()
        if entry.kind == "value" and entry.name.rpartition(".")[0] in classes
    }
    return [name for name in [*listed(), *CATALOG.aliases()] if name not in attributes]


def has_effect(dotted: str) -> bool:
    """Whether calling `dotted`, or for a class some method of it, has an effect."""
    entry = CATALOG.lookup(dotted)
    if entry is None:
        return False
    return entry.effect is not None or (entry.kind == "class" and _has_effectful_methods(entry))


def _has_effectful_methods(entry: Entry) -> bool:
    unlisted = CATALOG.lookup(f"{entry.name}.a_method_that_is_not_listed")
    if unlisted is not None and unlisted.effect is not None:
        return True
    methods = (other for other in CATALOG.entries() if other.name.startswith(entry.name + "."))
    return any(method.effect is not None for method in methods)


@pytest.mark.parametrize("module", sorted(STDLIB))
def test_every_module_of_the_standard_library_is_covered(module: str) -> None:
    assert CATALOG.covers(module)
    assert CATALOG.lookup(module) is not None


def test_no_name_of_the_standard_library_is_misspelled() -> None:
    names = [name for name in checkable() if name.partition(".")[0] in STDLIB]
    missing = [name for name in names if exists(name) is False and name not in ABSENT]
    assert [name for name in missing if not name.startswith("sys.monitoring")] == []


def test_the_lists_of_missing_names_hold_only_names_of_the_catalog() -> None:
    assert ABSENT - {*listed(), *CATALOG.aliases()} == set()


def _set_up_django() -> None:
    """Its models can only be imported once it has settings."""
    django = importlib.import_module("django")
    importlib.import_module("django.conf").settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"]
    )
    django.setup()


def _third_party() -> list[str]:
    names = {name for name in [*listed(), *CATALOG.aliases()] if "." in name}
    return sorted({name.partition(".")[0] for name in names} - STDLIB)


@pytest.mark.parametrize("package", _third_party())
def test_no_name_of_an_installed_package_is_misspelled(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    if package == "django":
        _set_up_django()
    names = [name for name in checkable() if name.startswith(package + ".")]
    assert [name for name in names if exists(name) is False and name not in ABSENT] == []


def test_classes_that_entries_point_to_are_in_the_catalog() -> None:
    dangling = [
        (entry.name, target)
        for entry in CATALOG.entries()
        for target in (entry.returns, entry.members_return, *entry.bases)
        if target and target not in SPECIAL_RETURNS and CATALOG.lookup(target) is None
    ]
    assert dangling == []


def test_every_alias_leads_to_a_known_name() -> None:
    assert [alias for alias, target in CATALOG.aliases().items() if CATALOG.lookup(target) is None] == []


def test_every_public_name_of_asyncio_has_an_entry_of_its_own() -> None:
    names = {f"asyncio.{name}" for name in asyncio.__all__}
    submodules = {
        f"asyncio.{name}" for name in asyncio.__all__ if isinstance(getattr(asyncio, name), types.ModuleType)
    }
    assert names - submodules - set(listed()) == set()


def test_every_public_method_of_the_event_loop_has_an_effect_or_is_known_to_have_none() -> None:
    harmless = {
        "create_future",
        "get_debug",
        "get_exception_handler",
        "get_task_factory",
        "is_closed",
        "is_running",
    }
    methods = {name for name in dir(asyncio.AbstractEventLoop) if not name.startswith("_")}
    without = {name for name in methods if not has_effect(f"asyncio.AbstractEventLoop.{name}")}
    assert without == harmless


def test_every_public_function_of_os_has_an_effect_or_is_known_to_have_none() -> None:
    names = {name for name in os.__all__ if callable(getattr(os, name))}
    assert {name for name in names - PURE_OS if not has_effect(f"os.{name}")} == set()
    assert {name for name in PURE_OS if (entry := CATALOG.lookup(f"os.{name}")) and entry.effect} == set()


# --- Temporal's own list of what its sandbox restricts ---


def restricted_by_temporal() -> list[str]:
    sandbox = pytest.importorskip("temporalio.worker.workflow_sandbox")
    matcher = sandbox.SandboxRestrictions.invalid_module_members_default
    return sorted(set(_restricted(matcher, "", types.SimpleNamespace())))


def _restricted(matcher: Any, prefix: str, subject: object) -> Iterator[str]:
    """The dotted names that a `SandboxMatcher` for `subject` matches; `*` is every public callable."""
    if matcher.match_self:
        functions = _public_callables(subject) if isinstance(subject, types.ModuleType) else []
        yield from (f"{prefix}.{name}" for name in functions)
        if not functions:
            yield prefix.removesuffix(".__call__")
        return
    for name in {*matcher.use, *matcher.access}:
        for each in _public_callables(subject) if name == "*" else [name]:
            if each not in matcher.exclude:
                yield f"{prefix}.{each}"
    for name, child in matcher.children.items():
        dotted = "builtins" if name == "__builtins__" else f"{prefix}.{name}".lstrip(".")
        yield from _restricted(child, dotted, _import(dotted, getattr(subject, name, None)))


def _import(dotted: str, otherwise: object) -> object:
    try:
        return importlib.import_module(dotted)
    except ImportError:
        return otherwise


def _public_callables(subject: object) -> list[str]:
    names = getattr(subject, "__all__", None) or [name for name in dir(subject) if not name.startswith("_")]
    return [
        name for name in names if callable(value := getattr(subject, name, None)) and not _is_exception(value)
    ]


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def test_everything_that_temporal_restricts_has_an_effect() -> None:
    names = restricted_by_temporal()
    assert len(names) > 500
    assert {"time.time", "builtins.open", "asyncio.wait", "os.getcwd", "subprocess.run"} <= set(names)
    assert [name for name in names if name not in DETERMINISTIC and not has_effect(name)] == []


def test_what_is_listed_as_deterministic_has_no_effect_in_the_catalog() -> None:
    known = {name: CATALOG.lookup(name) for name in DETERMINISTIC}
    assert [name for name, entry in known.items() if entry is not None and entry.effect is not None] == []
