"""Reads `engines/*.toml` into profiles.

Every dotted name is written as users import it (`restate.Context`); `aliases` maps the names
under which an SDK defines or also offers the same thing to that one. The analysis never reads
an SDK's source: what it needs to know of it stands in the profile.

Positions of arguments count from 0 and, for methods, from the first argument after self. A name
that ends in `.*` stands for everything below it. Names of builtins have no module (`print`).
"""

from __future__ import annotations

import builtins
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec

from color_checker.config import toml_message
from color_checker.engines.complaints import complaint
from color_checker.engines.rewriting import Extraction, Rewrite
from color_checker.errors import ColorCheckerError, did_you_mean
from color_checker.findings import Color, Effect
from color_checker.sources import State, state_of

T = TypeVar("T")


class ColorSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in which a function gets its color.

    Attributes:
        color: the color given.
        by: "decorator" (of the function or, for entry points, of the method), "class-decorator"
            (the class is the workflow; only its `entries` and `entry_methods` are entry points),
            "registration" (a call such as `worker.add_orchestrator(fn)` gives the color to its
            argument), "argument" (a call runs the callable on the spot, as a step
            (`ctx.run("name", fn)`) or as a part of the workflow (`workflow.wait_condition(fn)`)),
            "base-class" (subclasses of `name`; `entry_methods` are entry points).
        name: dotted name of the decorator, function, method (`pkg.Class.method`) or base class.
        entries: for class-decorator: dotted names of method decorators that mark entry points.
        entry_suffixes: attributes of an entry's decorated method that mark further entry points
            (`@my_update.validator` → "validator").
        entry_methods: method names that are entry points without a decorator (`__init__`); for a decorator,
            methods of the class whose method it decorates.
        variants: dotted names of methods of the colored function that give it again, with other settings
            (`charge.options(timeout=5)` → `pkg.Step.options`).
        argument: for registration/argument: position from 0, or keyword, of the callable
            (several: all of them; a list or tuple argument holds several callables). What is no
            function there (a name in a string, a client's operation) gets no color.
        name_argument: position or keyword of the decorator's (or call's) argument that gives the
            registered name; without it the function's own name counts.
        named: the function is registered in the source; false where a file beside it gives the name.
        generator: entry points are generators (`yield ctx.call_activity(...)`), yield awaits.
        parameters: dotted classes of the leading parameters of the colored function (after self),
            so that `def orchestrator(context):` needs no annotation; "" for one that is free.
        binds: calling the decorated function runs nothing: it binds the arguments after those in
            `parameters` and gives a callable of the same color (`ctx.step(charge(order))`).
        awaitable: calling the decorated function in a workflow gives an awaitable, `async` or not.
    """

    color: Color
    by: Literal["decorator", "class-decorator", "registration", "argument", "base-class"]
    name: str
    entries: tuple[str, ...] = ()
    entry_suffixes: tuple[str, ...] = ()
    entry_methods: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    argument: tuple[int | str, ...] = ()
    name_argument: tuple[int | str, ...] = ()
    named: bool = True
    generator: bool = False
    parameters: tuple[str, ...] = ()
    binds: bool = False
    awaitable: bool = False


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call by which a workflow uses its engine.

    Attributes:
        kind: step, child, timer, wait, signal, continue-as-new, side-effect, or other.
        target: positions/keywords of the argument naming the step or child: a function, or a
            string when `string_target`.
        string_target: the target may be a string, which must name something registered (CC403).
        awaitable: the result must be awaited, or yielded, else the work is lost (CC105).
        returns: "target" (the awaited result is the target's result), "handle" (awaiting the result
            gives the target's result, but it is also used as a handle), or a dotted class, or "".
        history: it adds to the history (for CC602).
    """

    kind: Literal["step", "child", "timer", "wait", "signal", "continue-as-new", "side-effect", "other"]
    target: tuple[int | str, ...] = ()
    string_target: bool = False
    awaitable: bool = True
    returns: str = ""
    history: bool = True


class Passing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a call of the SDK hands arguments on to the function that it starts (CC402).

    Attributes:
        to: "step", "workflow", or the dotted decorator of the handlers that the target names.
        target: positions/keywords of the function or its name; without it, the running workflow is meant.
        name_key: where the target is a dict, the key that has the name.
        owner: positions/keywords of the workflow whose handler is meant; else the receiver's type says it.
        one: positions/keywords of the one argument that is handed on.
        many: keyword of a sequence of arguments.
        rest: from this position on, all positional and all other keyword arguments are handed on.
        given: leading parameters that the engine itself fills (a context).
        bindings: the argument goes to one parameter; what others there are get their values in other ways.
        nothing: what the function gets if nothing is handed on: no argument, or None.
        dropped: an argument that the function has no parameter for is left out.
        unseen: mistakes that the SDK's own types let pass where the target is a function and its one argument
            is given: "missing" (none where one is needed), "extra" (one where none is taken), "type". They
            let pass all of them where the target is a name, or the arguments come as a sequence.
        converted: the arguments are stored as data and read as what the annotations say, so that a dict
            can become a dataclass; false: the function gets the very objects.
        result: keyword that gives the type of the result.
    """

    to: str
    target: tuple[int | str, ...] = ()
    name_key: str = ""
    owner: tuple[int | str, ...] = ()
    one: tuple[int | str, ...] = ()
    many: str = ""
    rest: int | None = None
    given: int = 0
    bindings: bool = False
    nothing: Literal["nothing", "none"] = "nothing"
    dropped: bool = False
    unseen: tuple[Literal["missing", "extra", "type"], ...] = ()
    converted: bool = True
    result: str = ""


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decorator that says by name which parameter of its function gets an SDK object.

    Attributes:
        argument: position or keyword of the decorator's argument that holds the parameter's name.
        type: dotted class of what is passed in.
    """

    argument: tuple[int | str, ...]
    type: str


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One engine. Sets of names may hold prefixes that end in `.*`.

    Attributes:
        name: as in `--engine`; file name without `.toml`.
        title: as written in messages.
        packages: top-level or dotted modules; a file that imports one uses this engine.
        distribution: the PyPI name of the SDK, for tests and docs.
        documentation: a URL on the engine's determinism rules.
        direct_workflow_call: what `flow(x)` means in plain or step code: an error, or a start.
        direct_step_call: what `act(x)` in a workflow means: "bypass" (CC102) or "recorded".
        colors: the ways to get a color.
        operations: dotted name → Operation.
        primitives: names legal only while a workflow runs (CC103); operations are primitives too
            unless listed in `anywhere`.
        anywhere: SDK names that may be used by any color.
        legal: catalog names whose effect is harmless or recorded in this engine's workflows
            (Temporal: `asyncio.sleep`).
        effects: effects of the SDK's own names (`temporalio.client.Client.*` = network), like
            catalog entries.
        returns: dotted function/method/attribute → dotted class of its (awaited) result. A name that
            returns itself stands for an object of an SDK type without a public name (`restate.getLogger`).
        aliases: other dotted names → the canonical one.
        bases: SDK class → its SDK base classes, so that `restate.WorkflowContext.run` is found.
        starts: dotted call → positions/keywords of the workflow it starts: legal from plain code.
        unsandboxed: context managers under which imports/calls are the user's own business
            (`temporalio.workflow.unsafe.imports_passed_through`, `sandbox_unrestricted`).
        replay_guards: names that are true only while replaying or not replaying
            (`temporalio.workflow.unsafe.is_replaying`): code under them is not checked for console.
        workflow_guards: calls that are true only while a workflow runs (`temporalio.workflow.in_workflow`):
            primitives under them are fine everywhere (CC103).
        mains: decorators, registrations and base classes whose functions are a workflow from its start;
            those of others (signal handlers) may be called like functions (CC101). Empty: all are.
        invocations: classes of what the engine itself hands to a workflow: what calls a workflow with one
            stands for the engine (CC101).
        instead: what to write in place of a direct call, with `{}` for the called function: "step" and
            "child" in workflow code, "start" elsewhere.
        continue_as_new: dotted names that end a run with a fresh history; empty: the engine has none.
        control_exceptions: exceptions with which the engine steers a workflow (CC601).
        replacements: catalog name or effect name → what to write instead in a workflow, as code or one
            clause (`"datetime.datetime.now" = "workflow.now()"`,
            `"network" = "do it in an activity and call workflow.execute_activity(...)"`).
        step_word: what users of the engine call a step ("activity").
        injections: decorator → the parameter it fills, by name.
        keys: dotted call → positions/keywords of the names and ids under which the engine looks for what it
            has recorded, beside the registered names in `colors` (CC305).
        argument_converters: what gives a function its color (a decorator, registration or call) → the name of
            the converter by which the function's arguments are stored (CC401); see `mypy_plugin/storable`.
        result_converters: the same for its result.
        stored_parameters: decorator → position or keyword of the argument that names the one parameter that
            is stored; the others are filled by the engine.
        converter_choices: dotted call → positions/keywords of the arguments that choose another converter:
            of the function for what is in the two tables above, else for the project (`Client.connect`).
        known_choices: dotted name → the converter that it stands for in such an argument; "" where the
            argument leaves the converter as it is.
        renames: decorator without a color → position or keyword of the argument that gives its
            function another registered name (`@bp.function_name("SayHello")`).
        passes: dotted call → how it hands on arguments; several where it starts several things
            (`start_workflow(..., start_signal="stop", start_signal_args=[])`) (CC402).
        imports_block: the context manager under which imports stay out of the engine's sandbox, as code for
            `color-checker fix`.
        read_only: what makes a function one that may only read, so that it can neither call a step nor draw a
            random number: dotted names of decorators and registrations, or `.validator` for what a
            decorator ends in.
        rewrites: what `color-checker fix` writes in place of calls with an effect, the best first.
        extractions: how it makes a step of a piece of a workflow, and how the workflow calls a step; the
            first that is possible is taken.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    distribution: str
    documentation: str
    step_word: str = "step"
    direct_workflow_call: Literal["error", "start"] = "error"
    direct_step_call: Literal["bypass", "recorded"] = "bypass"
    colors: tuple[ColorSource, ...] = ()
    operations: dict[str, Operation] = {}
    primitives: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    legal: tuple[str, ...] = ()
    effects: dict[str, Effect] = {}
    returns: dict[str, str] = {}
    aliases: dict[str, str] = {}
    bases: dict[str, tuple[str, ...]] = {}
    starts: dict[str, tuple[int | str, ...]] = {}
    unsandboxed: tuple[str, ...] = ()
    replay_guards: tuple[str, ...] = ()
    workflow_guards: tuple[str, ...] = ()
    mains: tuple[str, ...] = ()
    invocations: tuple[str, ...] = ()
    instead: dict[str, str] = {}
    continue_as_new: tuple[str, ...] = ()
    control_exceptions: tuple[str, ...] = ()
    replacements: dict[str, str] = {}
    injections: dict[str, Injection] = {}
    renames: dict[str, tuple[int | str, ...]] = {}
    keys: dict[str, tuple[int | str, ...]] = {}
    passes: dict[str, tuple[Passing, ...]] = {}
    imports_block: str = ""
    read_only: tuple[str, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    extractions: tuple[Extraction, ...] = ()
    argument_converters: dict[str, str] = {}
    result_converters: dict[str, str] = {}
    stored_parameters: dict[str, tuple[int | str, ...]] = {}
    converter_choices: dict[str, tuple[int | str, ...]] = {}
    known_choices: dict[str, str] = {}

    # Questions of the linker. All take and give dotted names, and are functions of the data alone;
    # those on names that come again and again keep their answers in the instance's dict.

    def owns(self, dotted: str) -> bool:
        """Whether the name lies in the SDK's packages."""
        return dotted.startswith(self._package_prefixes) or dotted in self.packages

    def canonical(self, dotted: str) -> str:
        """The name as the profile writes it: the longest alias that is a prefix is replaced."""
        known = self._canonical
        if dotted not in known:
            known[dotted] = self._follow_aliases(dotted)
        return known[dotted]

    def inherited(self, dotted: str) -> tuple[str, ...]:
        """The canonical name, then the same member on each SDK base class, nearest first."""
        known = self._inherited
        if dotted not in known:
            known[dotted] = tuple(self._with_bases(self.canonical(dotted)))
        return known[dotted]

    def matches(self, names: tuple[str, ...], dotted: str) -> bool:
        """Whether `dotted` is one of `names` or lies below one that ends in `.*`."""
        exact, prefixes = _split(names)
        return dotted in exact or (bool(prefixes) and any(p in prefixes for p in _parents(dotted)))

    def advice(self, form: Literal["step", "child", "start"], function: str) -> str:
        """What to write in place of a direct call of `function`."""
        return self.instead.get(form, "{}").format(function)

    def is_legal(self, dotted: str) -> bool:
        """Whether a catalog name's effect is harmless or recorded in this engine's workflows."""
        known = self._legal
        if dotted not in known:
            known[dotted] = self.matches(self.legal, _plain(dotted))
        return known[dotted]

    def replacement(self, dotted: str, effect: Effect | None) -> str:
        """What to write instead: for the name, else for its longest prefix, else for the effect."""
        name = _plain(self.canonical(dotted))
        table = self.replacements
        if name in table:
            return table[name]
        for parent in _parents(name):
            if f"{parent}.*" in table:
                return table[f"{parent}.*"]
        return table.get(effect.value, "") if effect is not None else ""

    def operation(self, dotted: str) -> Operation | None:
        """The operation of that name, found through aliases and base classes."""
        return self._first(self.operations, dotted)

    def returned(self, dotted: str) -> str:
        """The class of what a call, attribute or method gives; "" when unknown."""
        return self._first(self.returns, dotted) or ""

    def started(self, dotted: str) -> tuple[int | str, ...] | None:
        """The arguments that name the workflow which this call starts; None if it starts none."""
        return self._first(self.starts, dotted)

    def key(self, dotted: str) -> tuple[int | str, ...]:
        """The arguments of this call by which the engine finds what it has recorded."""
        named = [source.name_argument for source in self.sources(dotted, "argument")]
        return (*(self._first(self.keys, dotted) or ()), *(name for names in named[:1] for name in names))

    def renamed(self, dotted: str) -> tuple[int | str, ...] | None:
        """The arguments by which this decorator gives another registered name; None if it does not."""
        return self._first(self.renames, dotted)

    def passings(self, dotted: str) -> tuple[Passing, ...]:
        """How that call hands on arguments; empty if it does not."""
        return self._first(self.passes, dotted) or ()

    def argument_converter(self, dotted: str) -> str:
        """The converter for the arguments of a function that gets its color by this name; "" for none."""
        return self._first(self.argument_converters, dotted) or ""

    def result_converter(self, dotted: str) -> str:
        """The converter for the result of such a function; "" if it is not stored."""
        return self._first(self.result_converters, dotted) or ""

    def stored_parameter(self, dotted: str) -> tuple[int | str, ...]:
        """The arguments of this decorator that name the only parameter which is stored."""
        return self._first(self.stored_parameters, dotted) or ()

    def converter_choice(self, dotted: str) -> tuple[int | str, ...]:
        """The arguments of this call or decorator that choose another converter."""
        return self._first(self.converter_choices, dotted) or ()

    def effect(self, dotted: str) -> Effect | None:
        """The effect of one of the SDK's own names: exact, through base classes, then by prefix."""
        names = self.inherited(dotted)
        for name in names:
            if name in self.effects:
                return self.effects[name]
        # A prefix says nothing of what the engine records, nor of calling what a function gave.
        if dotted.endswith(".__call__") or any(name in self.operations for name in names):
            return None
        for name in names:
            for parent in _parents(name):
                if f"{parent}.*" in self.effects:
                    return self.effects[f"{parent}.*"]
        return None

    def is_anywhere(self, dotted: str) -> bool:
        """Whether any color may use this SDK name."""
        return any(self.matches(self.anywhere, name) for name in self.inherited(dotted))

    def is_primitive(self, dotted: str) -> bool:
        """Whether this SDK name works only while a workflow runs (CC103)."""
        if self.is_anywhere(dotted):
            return False
        names = self.inherited(dotted)
        return any(name in self.operations or self.matches(self.primitives, name) for name in names)

    def sources(self, dotted: str, by: str) -> tuple[ColorSource, ...]:
        """The color sources of that name and form, found through aliases and base classes."""
        known = self._found_sources
        if (dotted, by) not in known:
            known[dotted, by] = self._find_sources(dotted, by)
        return known[dotted, by]

    def _find_sources(self, dotted: str, by: str) -> tuple[ColorSource, ...]:
        for name in self.inherited(dotted):
            found = tuple(source for source in self._sources.get(name, ()) if source.by == by)
            if found:
                return found
        return ()

    def _first(self, table: dict[str, T], dotted: str) -> T | None:
        for name in self.inherited(dotted):
            if name in table:
                return table[name]
        return None

    def _follow_aliases(self, dotted: str) -> str:
        name = dotted
        while (shorter := self._without_alias(name)) is not None:
            name = shorter
        return name

    def _without_alias(self, name: str) -> str | None:
        """The name with its longest alias replaced; None when it has none."""
        for prefix in (name, *_parents(name)):
            if prefix in self.aliases:
                return self.aliases[prefix] + name[len(prefix) :]
        return None

    def _with_bases(self, name: str) -> Iterator[str]:
        yield name
        owner, dot, member = name.rpartition(".")
        pending, seen = list(self.bases.get(owner, ())), {owner}
        while dot and pending:
            base = pending.pop(0)
            if base not in seen:
                seen.add(base)
                yield f"{base}.{member}"
                pending.extend(self.bases.get(base, ()))

    @cached_property
    def _package_prefixes(self) -> tuple[str, ...]:
        return tuple(f"{package}." for package in self.packages)

    @cached_property
    def _sources(self) -> dict[str, tuple[ColorSource, ...]]:
        table: dict[str, tuple[ColorSource, ...]] = {}
        for source in self.colors:
            table[source.name] = (*table.get(source.name, ()), source)
        return table

    @cached_property
    def _found_sources(self) -> dict[tuple[str, str], tuple[ColorSource, ...]]:
        return {}

    @cached_property
    def _canonical(self) -> dict[str, str]:
        return {}

    @cached_property
    def _inherited(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def _legal(self) -> dict[str, bool]:
        return {}


class ProfileError(ColorCheckerError):
    """A profile is not valid; the message names file and key."""


_HERE = Path(__file__).parent
_HINTS = get_type_hints(Profile)
_NAME_SETS = (
    "primitives", "anywhere", "unsandboxed", "replay_guards", "workflow_guards", "mains", "invocations",
    "continue_as_new",
)  # fmt: skip
_NAME_TABLES = (
    "operations", "effects", "returns", "bases", "starts", "injections", "renames", "keys",
    "passes", "argument_converters", "result_converters", "stored_parameters", "converter_choices",
    "known_choices",
)  # fmt: skip
_WILDCARDS = frozenset({"primitives", "anywhere", "effects"})


def load_profiles(extra: tuple[Path, ...] = (), only: Iterable[str] | None = None) -> dict[str, Profile]:
    """The bundled profiles, and those in `extra` files, by name. Raises ProfileError.

    An extra profile replaces the bundled one of its name. With `only`, the files of other engines
    are not parsed; see `engines_by_package` for what a project needs.
    """
    files = _files(extra)
    if only is None:
        wanted = list(files)
    else:
        wanted = sorted(set(only))
        if unknown := [name for name in wanted if name not in files]:
            hint = did_you_mean(unknown[0], list(files)) or f"; known are {', '.join(files)}"
            raise ProfileError(f'there is no engine "{unknown[0]}"{hint}')
    return {name: _load(files[name]) for name in wanted}


def engines_by_package(extra: tuple[Path, ...] = ()) -> dict[str, str]:
    """Module → name of the engine whose SDK it is; reads only the head of each file."""
    return {package: name for name, path in _files(extra).items() for package in _packages(path)}


def _files(extra: tuple[Path, ...]) -> dict[str, Path]:
    return _bundled() | {path.stem: path for path in extra}


@cache
def _bundled() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_HERE.glob("*.toml"))}


def _load(path: Path) -> Profile:
    return _load_as_of(path, state_of(path))  # servers live longer than what users write


def _packages(path: Path) -> tuple[str, ...]:
    return _packages_as_of(path, state_of(path))


@cache
def _load_as_of(path: Path, state: State | None) -> Profile:
    profile = _build(path, _parse(path, _read(path)))
    _check(path, profile)
    return profile


@cache
def _packages_as_of(path: Path, state: State | None) -> tuple[str, ...]:
    head, _, _ = _read(path).partition("\n[")
    packages: tuple[str, ...] = _convert(
        path, "packages", _parse(path, head).get("packages", []), tuple[str, ...]
    )
    return packages


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ProfileError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProfileError(f"{path}: cannot be read: it is not UTF-8, as TOML must be") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(toml_message(path, str(error))) from None


def _build(path: Path, raw: dict[str, Any]) -> Profile:
    """Converts key by key, so that a complaint can name the key it is about."""
    fields: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in _HINTS or key.startswith("_"):
            raise ProfileError(f"{path}: {key}: unknown key{did_you_mean(key, sorted(_HINTS))}")
        fields[key] = _field(path, key, value)
    for field in msgspec.structs.fields(Profile):
        if field.required and field.name not in fields:
            raise ProfileError(f"{path}: {field.name}: missing")
    return Profile(**fields)


def _field(path: Path, key: str, value: Any) -> Any:
    hint = _HINTS[key]
    if key == "colors" and isinstance(value, list):
        return tuple(
            _convert(path, f"colors[{index}]", item, ColorSource) for index, item in enumerate(value)
        )
    if isinstance(value, dict) and getattr(hint, "__origin__", None) is dict:
        kind = hint.__args__[1]
        return {name: _convert(path, f"{key}.{name!r}", item, kind) for name, item in value.items()}
    return _convert(path, key, value, hint)


def _convert(path: Path, key: str, value: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{path}: {complaint(key, str(error), hint)}") from None


def _check(path: Path, profile: Profile) -> None:
    """What types cannot say: names are dotted, canonical and the SDK's own; forms fit together."""
    if profile.name != path.stem:
        raise ProfileError(f"{path}: name: {profile.name!r} must be the file's name")
    for problems in (
        _alias_problems,  # first: the others make names canonical
        _name_problems,
        _color_problems,
        _operation_problems,
        _passing_problems,
        _replacement_problems,
    ):
        for problem in problems(profile):
            raise ProfileError(f"{path}: {problem}")


def _alias_problems(profile: Profile) -> Iterator[str]:
    for alias, target in profile.aliases.items():
        if not _is_dotted(alias) or not _is_dotted(target):
            yield f"aliases.{alias!r}: not a dotted name"
        elif not profile.owns(alias) or not profile.owns(target):
            yield f"aliases.{alias!r}: leads into or out of {', '.join(profile.packages)}"
        elif _leads_to_itself(profile, alias):
            yield f"aliases.{alias!r}: leads to itself"
            return  # no name could be made canonical now


def _leads_to_itself(profile: Profile, alias: str) -> bool:
    """Whether replacing goes on for longer than each alias could be used once."""
    name: str | None = alias
    for _ in range(len(profile.aliases) + 1):
        name = profile._without_alias(name) if name is not None else None
    return name is not None


def _name_problems(profile: Profile) -> Iterator[str]:
    for key, name in _own_names(profile):
        bare = name.removesuffix(".*") if key.partition(".")[0] in _WILDCARDS else name
        if not _is_dotted(bare):
            yield f"{key}: {name!r} is not a dotted name"
        elif not profile.owns(bare):
            yield f"{key}: {name!r} is not in {', '.join(profile.packages)}"
        elif profile.canonical(bare) != bare:
            yield f"{key}: {name!r} is an alias; write {profile.canonical(bare)!r}"
    for key in ("legal", "control_exceptions"):
        for name in getattr(profile, key):
            if not _is_dotted(name.removesuffix(".*")):
                yield f"{key}: {name!r} is not a dotted name"


def _own_names(profile: Profile) -> Iterator[tuple[str, str]]:
    """Every name that must be the SDK's own, with the key where it stands."""
    for key in _NAME_SETS:
        yield from ((key, name) for name in getattr(profile, key))
    for key in _NAME_TABLES:
        yield from ((f"{key}.{name!r}", name) for name in getattr(profile, key))
    for index, source in enumerate(profile.colors):
        yield f"colors[{index}].name", source.name
        yield from ((f"colors[{index}].entries", name) for name in source.entries)
        yield from ((f"colors[{index}].variants", name) for name in source.variants)
        yield from ((f"colors[{index}].parameters", name) for name in source.parameters if name)
    for name, bases in profile.bases.items():
        yield from ((f"bases.{name!r}", base) for base in bases)
    for name, injection in profile.injections.items():
        yield f"injections.{name!r}.type", injection.type


def _color_problems(profile: Profile) -> Iterator[str]:
    for index, source in enumerate(profile.colors):
        key = f"colors[{index}]"
        if source.by in ("registration", "argument") and not source.argument:
            yield f"{key}.argument: {source.name} needs the position or keyword of the callable"
        if source.by in ("decorator", "class-decorator", "base-class") and source.argument:
            yield f"{key}.argument: only for registration and argument, not {source.by}"
        if source.by == "class-decorator" and not (source.entries or source.entry_methods):
            yield f"{key}.entries: a class-decorator needs entries or entry_methods"
        if source.by == "base-class" and not source.entry_methods:
            yield f"{key}.entry_methods: a base-class needs entry_methods"
        if source.entries and source.by != "class-decorator":
            yield f"{key}.entries: only for class-decorator, not {source.by}"


def _operation_problems(profile: Profile) -> Iterator[str]:
    for name, operation in profile.operations.items():
        if operation.string_target and not operation.target:
            yield f"operations.{name!r}.target: string_target needs it"
        if operation.returns in ("target", "handle") and not operation.target:
            yield f"operations.{name!r}.target: returns = {operation.returns!r} needs it"
        if operation.returns and not _is_dotted(operation.returns):
            yield f"operations.{name!r}.returns: {operation.returns!r} is not a dotted name"
    for name in profile.continue_as_new:
        found = profile.operations.get(name)
        if found is not None and found.kind != "continue-as-new":
            yield f"continue_as_new: the operation {name!r} has the kind {found.kind!r}"


def _passing_problems(profile: Profile) -> Iterator[str]:
    for name, passings in profile.passes.items():
        for index, passing in enumerate(passings):
            key = f"passes.{name!r}[{index}]"
            if passing.to not in ("step", "workflow") and not profile.owns(passing.to):
                yield f"{key}.to: {passing.to!r} is not step, workflow or a name of the SDK"
            if not (passing.one or passing.many or passing.rest is not None):
                yield f"{key}: needs one, many or rest"


def _replacement_problems(profile: Profile) -> Iterator[str]:
    effects = {effect.value for effect in Effect}
    for name, text in profile.replacements.items():
        bare = name.removesuffix(".*")
        known = bare in effects or hasattr(builtins, bare) or ("." in name and _is_dotted(bare))
        if not known:
            yield f"replacements.{name!r}: neither an effect nor a catalog name"
        if not text.strip():
            yield f"replacements.{name!r}: empty"
    for form, text in profile.instead.items():
        if form not in ("step", "child", "start"):
            yield f"instead.{form!r}: not one of step, child, start"
        if "{}" not in text:
            yield f"instead.{form!r}: needs {{}} for the called function"


@cache
def _split(names: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Exact names, and prefixes without their `.*`."""
    prefixes = frozenset(name[:-2] for name in names if name.endswith(".*"))
    return frozenset(name for name in names if not name.endswith(".*")), prefixes


def _parents(dotted: str) -> Iterator[str]:
    """The prefixes of a dotted name, longest first."""
    while (end := dotted.rfind(".")) > 0:
        dotted = dotted[:end]
        yield dotted


def _plain(dotted: str) -> str:
    return dotted.removeprefix("builtins.")


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
