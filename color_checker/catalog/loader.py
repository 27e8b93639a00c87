"""Reads `catalog/*.toml` into one table of dotted names.

A file is named after the module it describes (`time.toml`, `concurrent.futures.toml`); every name
in it is relative to that module, so `[names]` of `pathlib.toml` has `"Path.exists"`.

    module = "time"
    members = "pure"            # what a name below means that has no entry: "pure", an effect, or "unknown"
    members_return = "data"     # optional: what such a name returns, and one listed by its effect alone;
                                # the values are those of `returns`

    [effects]                   # functions, by what calling them does
    clock = ["time", "monotonic"]
    pure = ["strptime"]

    [coroutines]                # the same for functions that must be awaited
    [classes]                   # classes whose construction is deterministic, by what their methods do
    [values]                    # module data, by what using it in any way does

    [names]                     # everything that needs more than one word
    "gmtime" = { effect = "clock", unless = { arguments = 1 } }
    "environ" = { effect = "environment", kind = "value", on = "use" }

    # A class is an entry too. `effect` is what constructing it does, `members` what its
    # unlisted methods do; single methods have entries of their own.
    "Session" = { kind = "class", members = "network" }
    "Session.close" = "pure"

    [aliases]                   # full dotted name -> the canonical one; names below it follow
    "asyncio.tasks.sleep" = "asyncio.sleep"

Exception classes need no entry: a name that ends in Error, Exception or Warning is one.

Files whose name starts with `_` describe many small modules at once: `modules = [...]` in place of
`module`, and `members` for all of them; they hold no names. A module's file is read when one of its
names is asked for first, because a run meets few of the modules described here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from color_checker.errors import ColorCheckerError
from color_checker.findings import Effect

Members = Literal["pure", "unknown"] | Effect


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a call is deterministic although its entry has an effect. Any one that holds is enough.

    Attributes:
        arguments: at least this many arguments are given, by position or keyword.
        keywords: one of these keywords is given.
        positional: at least this many are given by position.
        numeric: the first argument is known to be a number, bool, None or enum member (for `hash`).
    """

    arguments: int | None = None
    keywords: tuple[str, ...] = ()
    positional: int | None = None
    numeric: bool = False


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one dotted name.

    Attributes:
        name: the full dotted name.
        effect: what calling it (or, with `on="use"`, using it at all) does; None for deterministic.
        kind: "function", "class", "module", or "value" (module data such as `sys.argv`, attributes).
        on: "call" or "use".
        unless: the argument forms that are deterministic.
        returns: dotted name of the class of the result (awaited result for coroutines; for a value,
            of the value itself), or "" when unknown. "element" / "elements": an element / the same
            elements as the first argument (`next`, `list`). "argument": the first argument itself.
            "self-element" / "self-elements" / "self": the same of the object a method is called on.
            "data": plain data, all of whose methods are deterministic (JSON, rows).
        calls: parameters it calls back: position from 0, or keyword. For methods, position 0 is
            the first argument after self.
        is_async: calling it gives an awaitable; the effect happens when it is awaited.
        members: for a class or module, the meaning of names below it that have no entry.
        members_return: for a class or module, `returns` of such names.
        bases: for a class, the dotted names of its base classes.
        advice: what to write instead, engine-independent, one clause; "" for the effect's own.
    """

    name: str = ""
    effect: Effect | None = None
    kind: Literal["function", "class", "value", "module"] = "function"
    on: Literal["call", "use"] = "call"
    unless: Condition | None = None
    returns: str = ""
    calls: tuple[int | str, ...] = ()
    is_async: bool = False
    members: Members | None = None
    members_return: str = ""
    bases: tuple[str, ...] = ()
    advice: str = ""


class CatalogError(ColorCheckerError):
    """A catalog file is not valid; the message names file and key."""


class Catalog:
    """All entries, looked up by dotted name.

    `lookup("datetime.datetime.now")` gives its entry; a name without one gets an entry made from
    the `members` of its nearest listed parent (the class, through `bases`, or the module).
    None means: nothing is known, the module has no file here (or its members are "unknown").
    """

    def __init__(self, files: dict[str, Path]) -> None:
        """`files` maps stems (`time`, `concurrent.futures`, `_pure`) to catalog files."""
        self._entries: dict[str, Entry | None] = {}
        self._aliases: dict[str, str] = {}
        self._looked_up: dict[str, Entry | None] = {}
        self._pending: dict[str, list[Path]] = {}
        for stem, path in sorted(files.items()):
            if stem.startswith("_"):
                self._add(path)
            else:
                self._pending.setdefault(stem.partition(".")[0], []).append(path)

    def lookup(self, dotted: str) -> Entry | None:
        """What is known of `dotted`, under any of its names; None if nothing is."""
        try:
            return self._looked_up[dotted]
        except KeyError:
            entry = self._looked_up[dotted] = self._find(self.canonical(dotted))
            return entry

    def canonical(self, dotted: str) -> str:
        """The name under which the catalog knows `dotted`; `dotted` itself if that has no alias."""
        seen = {dotted}
        while True:
            self._load(dotted)
            renamed = self._rename(dotted)
            if renamed in seen:
                return renamed
            seen.add(renamed)
            dotted = renamed

    def covers(self, module: str) -> bool:
        """Whether `module` or a package around it is described here (so its source is not read)."""
        module = self.canonical(module)
        entries = self._entries
        parents = (module, *_parents(module))
        return any((entry := entries.get(name)) is not None and entry.kind == "module" for name in parents)

    def entries(self) -> Iterator[Entry]:
        """Every entry of every file, by name. Reads all files: for tests and documentation."""
        self._load_everything()
        for _, entry in sorted(self._entries.items()):
            if entry is not None:
                yield entry

    def aliases(self) -> dict[str, str]:
        """Every alias of every file. Reads all files: for tests and documentation."""
        self._load_everything()
        return dict(self._aliases)

    def _load_everything(self) -> None:
        for top in list(self._pending):
            self._load(top)

    def _load(self, dotted: str) -> None:
        for path in self._pending.pop(dotted.partition(".")[0], ()):
            self._add(path)

    def _add(self, path: Path) -> None:
        entries, aliases = _read(path)
        self._entries.update(entries)
        self._aliases.update(aliases)

    def _rename(self, dotted: str) -> str:
        if dotted in self._aliases:
            return self._aliases[dotted]
        for parent in _parents(dotted):
            if parent in self._aliases:
                return self._aliases[parent] + dotted[len(parent) :]
        return dotted

    def _find(self, dotted: str) -> Entry | None:
        if dotted in self._entries:
            return self._entries[dotted]
        for parent in _parents(dotted):
            if parent in self._entries:
                return self._derive(dotted, parent)
        return None

    def _derive(self, dotted: str, parent: str) -> Entry | None:
        """The entry of a name that has none, below the nearest `parent` that has one."""
        owner = self._entries[parent]
        if owner is None:
            return None
        if owner.on == "use" and owner.effect is not None:
            returns = self._first(owner, "members_return") or ""
            return Entry(dotted, owner.effect, "value", "use", returns=returns, advice=owner.advice)
        if owner.bases:
            inherited = self._inherit(dotted[len(parent) :], owner)
            if inherited is not None:
                return inherited
        return self._from_members(dotted, owner)

    def _inherit(self, suffix: str, owner: Entry) -> Entry | None:
        """The explicit entry of `.attribute` in a base class of `owner`, depth first."""
        pending, seen = list(reversed(owner.bases)), {owner.name}
        while pending:
            base = self.canonical(pending.pop())
            if base in seen:
                continue
            seen.add(base)
            if self._entries.get(base + suffix) is not None:
                return self._entries[base + suffix]
            base_entry = self._entries.get(base)
            if base_entry is not None:
                pending.extend(reversed(base_entry.bases))
        return None

    def _from_members(self, dotted: str, owner: Entry) -> Entry | None:
        members = self._first(owner, "members")
        if owner.kind == "module" and members is not None and dotted.endswith(_EXCEPTION_SUFFIXES):
            return Entry(dotted, kind="class", members="pure")
        if members is None or members == "unknown":
            return None
        effect = None if members == "pure" else Effect(members)
        return Entry(dotted, effect, returns=self._first(owner, "members_return") or "")

    def _first(self, owner: Entry, field: Literal["members", "members_return"]) -> str | None:
        """The first value of `field` that says something: of the class, its bases, what is around it."""
        pending, seen = [owner.name], set[str]()
        while pending:
            name = self.canonical(pending.pop())
            entry = self._entries.get(name)
            if entry is None or name in seen:
                continue
            seen.add(name)
            value: str | None = getattr(entry, field)
            if value:
                return value
            around = next((parent for parent in _parents(name) if parent in self._entries), None)
            pending.extend(([around] if around else []) + list(reversed(entry.bases)))
        return None


# PEP 8 gives exceptions these names; making one is deterministic wherever it is defined.
_EXCEPTION_SUFFIXES = ("Error", "Exception", "Warning")


def load_catalog(extra: tuple[Path, ...] = ()) -> Catalog:
    """The bundled catalog; a file in `extra` replaces the bundled one of its name. Raises CatalogError."""
    if not extra:
        return _bundled()
    return Catalog({**_bundled_files(), **{path.stem: path for path in extra}})


@cache
def _bundled() -> Catalog:
    """One for all analyses of a process: what it says of a name does not depend on earlier questions."""
    return Catalog(_bundled_files())


def _bundled_files() -> dict[str, Path]:
    return {path.stem: path for path in Path(__file__).parent.glob("*.toml")}


def _parents(dotted: str) -> Iterator[str]:
    """`a.b.c` → `a.b`, `a`."""
    while (end := dotted.rfind(".")) > 0:
        dotted = dotted[:end]
        yield dotted


class _Meaning(StrEnum):
    """What a file may say of a name in one word: `Members`, as a type that msgspec can check."""

    PURE = "pure"
    UNKNOWN = "unknown"
    CLOCK = Effect.CLOCK.value
    RANDOM = Effect.RANDOM.value
    IDENTITY = Effect.IDENTITY.value
    ENVIRONMENT = Effect.ENVIRONMENT.value
    FILESYSTEM = Effect.FILESYSTEM.value
    NETWORK = Effect.NETWORK.value
    PROCESS = Effect.PROCESS.value
    THREAD = Effect.THREAD.value
    SCHEDULING = Effect.SCHEDULING.value
    UNORDERED = Effect.UNORDERED.value
    BLOCKING = Effect.BLOCKING.value
    CONSOLE = Effect.CONSOLE.value
    INTERPRETER = Effect.INTERPRETER.value
    DYNAMIC_CODE = Effect.DYNAMIC_CODE.value

    @property
    def effect(self) -> Effect | None:
        return None if self in (_Meaning.PURE, _Meaning.UNKNOWN) else Effect(self.value)

    @property
    def members(self) -> Members:
        if self is _Meaning.PURE:
            return "pure"
        return "unknown" if self is _Meaning.UNKNOWN else Effect(self.value)


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The long form of an entry: `Entry` without its name."""

    effect: Effect | None = None
    kind: Literal["function", "class", "value", "module"] = "function"
    on: Literal["call", "use"] = "call"
    unless: Condition | None = None
    returns: str = ""
    calls: tuple[int | str, ...] = ()
    is_async: bool = False
    members: _Meaning | None = None
    members_return: str = ""
    bases: tuple[str, ...] = ()
    advice: str = ""

    def entry(self, name: str) -> Entry:
        return Entry(
            name,
            self.effect,
            self.kind,
            self.on,
            self.unless,
            self.returns,
            self.calls,
            self.is_async,
            self.members.members if self.members else None,
            self.members_return,
            self.bases,
            self.advice,
        )


_Groups = dict[_Meaning, tuple[str, ...]]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One catalog file as it is written."""

    members: _Meaning
    module: str = ""
    modules: tuple[str, ...] = ()
    members_return: str = ""
    effects: _Groups = {}
    coroutines: _Groups = {}
    classes: _Groups = {}
    values: _Groups = {}
    names: dict[str, _Meaning | _Spec] = {}
    aliases: dict[str, str] = {}


def _read(path: Path) -> tuple[dict[str, Entry | None], dict[str, str]]:
    """The entries and aliases of one file; None stands for a name of which nothing is known."""
    file = _parse(path)
    shared = path.stem.startswith("_")
    if not shared and (file.module != path.stem or file.modules):
        raise CatalogError(f"{path.name}: module: must be {path.stem!r}, as the file is called")
    if shared and (file.module or any(True for _ in _listed(file))):
        raise CatalogError(f"{path.name}: a file for many modules has only modules, members and aliases")
    entries: dict[str, Entry | None] = {}
    for module in file.modules if shared else (file.module,):
        entries[module] = Entry(
            module, kind="module", members=file.members.members, members_return=file.members_return
        )
    for key, entry in _listed(file):
        name = f"{file.module}.{key}"
        if name in entries:
            raise CatalogError(f"{path.name}: {key}: listed twice")
        entries[name] = entry
    return entries, file.aliases


def _listed(file: _File) -> Iterator[tuple[str, Entry | None]]:
    prefix, returns = file.module, file.members_return
    for meaning, keys in file.effects.items():
        for key in keys:
            name = f"{prefix}.{key}"
            yield key, None if meaning is _Meaning.UNKNOWN else Entry(name, meaning.effect, returns=returns)
    for meaning, keys in file.coroutines.items():
        for key in keys:
            yield key, Entry(f"{prefix}.{key}", meaning.effect, returns=returns, is_async=True)
    for meaning, keys in file.classes.items():
        for key in keys:
            yield key, Entry(f"{prefix}.{key}", kind="class", members=meaning.members)
    for meaning, keys in file.values.items():
        for key in keys:
            yield key, Entry(f"{prefix}.{key}", meaning.effect, "value", "use", returns=returns)
    for key, spec in file.names.items():
        name = f"{prefix}.{key}"
        if isinstance(spec, _Spec):
            yield key, spec.entry(name)
        else:
            yield key, None if spec is _Meaning.UNKNOWN else Entry(name, spec.effect, returns=returns)


def _parse(path: Path) -> _File:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path.name}: {error}") from error
    try:
        return msgspec.convert(raw, _File)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{path.name}: {_where(raw)}{error}") from error


def _where(raw: dict[str, object]) -> str:
    """The key that is wrong: msgspec names fields, but not the keys of a table."""
    names = raw.get("names")
    if isinstance(names, dict):
        for key, spec in names.items():
            try:
                msgspec.convert({key: spec}, dict[str, _Meaning | _Spec])
            except msgspec.ValidationError:
                return f'names."{key}": '
    for table in ("effects", "coroutines", "classes", "values"):
        groups = raw.get(table)
        if isinstance(groups, dict):
            for key, keys in groups.items():
                try:
                    msgspec.convert({key: keys}, _Groups)
                except msgspec.ValidationError:
                    return f"{table}.{key}: "
    return ""
