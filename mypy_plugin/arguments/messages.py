"""Says what is wrong about the arguments, what comes of it, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator

from mypy.messages import format_type_bare, format_type_distinctly
from mypy.nodes import ARG_NAMED, ARG_NAMED_OPT, ARG_OPT, ARG_POS, ARG_STAR, ARG_STAR2
from mypy.options import Options
from mypy.types import AnyType, CallableType, Instance, NoneType, Type, get_proper_type

from color_checker.engines import Passing, Profile
from mypy_plugin.arguments.handed import Handed
from mypy_plugin.arguments.mistakes import Mistake, is_sequence

#: Kind of parameter → how it is written.
_PREFIX = {ARG_STAR: "*", ARG_STAR2: "**"}


def text(
    called: str, mistake: Mistake, handed: Handed, passing: Passing, profile: Profile, options: Options
) -> str:
    """The message for a mistake in what is handed on to `called`."""
    parts = (
        _what(called, mistake, passing, options),
        _why(passing, profile),
        _instead(mistake, handed, passing),
    )
    return " ".join(part for part in parts if part)


def text_of_string(called: str, source: str, passing: Passing) -> str:
    """The message for a str where the arguments should be: it is a sequence, of its characters."""
    return (
        f"`{passing.many}` is a str here: `{called}` gets each of its characters as an argument of its own. "
        f"Pass `{passing.many}=[{source}]`."
    )


def text_of_both(called: str, passing: Passing) -> str:
    """The message for a call that gives the one argument and the sequence, too."""
    name = next((key for key in passing.one if isinstance(key, str)), "arg")
    return (
        f"`{called}` is given an argument and `{passing.many}`, too: the engine refuses the call. "
        f"Pass all arguments in `{passing.many}=[...]`, without `{name}`."
    )


def _what(called: str, mistake: Mistake, passing: Passing, options: Options) -> str:
    if mistake.kind == "type" and mistake.declared is not None and mistake.given is not None:
        types = mistake.declared, _plain(mistake.given)
        declared, given = format_type_distinctly(*types, options=options, bare=True)
        return f"`{called}` takes `{declared}` as `{mistake.parameter}`, and is given `{given}`."
    takes = _takes(mistake.signature, options)
    if mistake.kind == "keyword":
        return f"`{called}` takes {takes}, and is given one named `{mistake.parameter}`."
    if mistake.kind == "missing" and passing.nothing == "none" and isinstance(mistake.given, NoneType):
        return f"`{called}` takes {takes}, and is given none, so that it gets `None`."
    return f"`{called}` takes {takes}, and is given {mistake.count or 'none'}."


def _why(passing: Passing, profile: Profile) -> str:
    match passing.to:
        case "step":
            end = f"the {profile.step_word} fails whenever it is tried"
        case "workflow":
            end = "the workflow cannot run"
        case handler:
            end = f"the {handler.rpartition('.')[2]} fails in the workflow that gets it"
    return f"The engine hands arguments on without a check, and {end}."


def _plain(shown: Type) -> Type:
    """The type of a literal's class, as long as nobody asked for a literal."""
    proper = get_proper_type(shown)
    return proper.copy_modified(last_known_value=None) if isinstance(proper, Instance) else proper


def _instead(mistake: Mistake, handed: Handed, passing: Passing) -> str:
    names = list(_required(mistake.signature))
    only_one = not passing.many and passing.rest is None
    if mistake.kind == "missing" and only_one:
        name = next((key for key in passing.one if isinstance(key, str)), "")
        if len(names) > 1:
            return "It hands on one argument: put what belongs together into one object, such as a dataclass."
        return f"Pass `{name}={names[0]}`." if name and names else ""
    if mistake.kind == "missing" and passing.many:
        if len(handed.types) == 1 and not handed.sequence and is_sequence(handed.types[0]):
            return f"A list is one argument: pass its items in `{passing.many}=[...]`."
        if handed.sequence or len(names) > 1 or not passing.one:
            return f"Pass `{passing.many}={_sequence(names, passing)}`."
        return f"Pass `{names[0]}` after it." if names else ""
    if mistake.kind == "type" and len(handed.types) == 1 and is_sequence(handed.types[0]) and passing.many:
        return "" if handed.sequence or len(names) < 2 else f"Pass `{passing.many}=[...]`."
    return ""


def _sequence(names: list[str], passing: Passing) -> str:
    items = ", ".join(names)
    if passing.one:
        return f"[{items}]"
    # An SDK that knows nothing but a sequence asks for a tuple.
    return f"({items}{',' if len(names) == 1 else ''})"


def _takes(signature: CallableType, options: Options) -> str:
    kinds = signature.arg_kinds
    least = sum(kind in (ARG_POS, ARG_NAMED) for kind in kinds)
    most = None if ARG_STAR in kinds else least + sum(kind in (ARG_OPT, ARG_NAMED_OPT) for kind in kinds)
    if most == 0:
        return "no arguments"
    count = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
    noun = "argument" if (most if most is not None else least) == 1 else "arguments"
    return f"{count} {noun} ({', '.join(_parameters(signature, options))})"


def _parameters(signature: CallableType, options: Options) -> Iterator[str]:
    for kind, name, declared in zip(
        signature.arg_kinds, signature.arg_names, signature.arg_types, strict=True
    ):
        written = f"{_PREFIX.get(kind, '')}{name or '_'}"
        if not isinstance(get_proper_type(declared), AnyType):
            written += f": {format_type_bare(declared, options)}"
        yield written + (" = ..." if kind in (ARG_OPT, ARG_NAMED_OPT) else "")


def _required(signature: CallableType) -> Iterator[str]:
    for kind, name in zip(signature.arg_kinds, signature.arg_names, strict=True):
        if kind in (ARG_POS, ARG_NAMED):
            yield name or "..."
