"""The words for what is wrong with a type whose values are stored."""

from __future__ import annotations

from collections.abc import Sequence

from mypy_plugin.storable.converters import Converter
from mypy_plugin.storable.shapes import shown
from mypy_plugin.storable.troubles import Outcome, Trouble

_MOST = 3


def message(function: str, parameter: str, troubles: Sequence[Trouble], converter: Converter) -> str:
    """What is wrong with one annotation: the first of the troubles, and where the others are."""
    first, *others = troubles
    text = f"{_subject(function, parameter, first)} {_problem(first, converter)}."
    if first.instead:
        text += f" {first.instead}."
    if others:
        places = list(dict.fromkeys(_place(function, parameter, one) for one in others))
        more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
        text += f" The same is true of {', '.join(places[:_MOST])}{more}."
    return text


def hint(function: str, names: Sequence[str], converter: Converter) -> str:
    """That nothing is known of the types of some parameters."""
    listed = ", ".join(f"`{name}`" for name in names)
    return (
        f"Nothing says what {listed} of `{function}` may be, and so whether {converter.title} can store it. "
        "Annotate it."
    )


def _subject(function: str, parameter: str, trouble: Trouble) -> str:
    if not trouble.path:
        owner = f"parameter `{parameter}`" if parameter else f"the result of `{function}`"
        subject = f"a key of {owner}" if trouble.key else owner
    else:
        subject = _place(function, parameter, trouble)
    return f"{subject[0].upper()}{subject[1:]} is of the type `{shown(trouble.shape.type)}`"


def _place(function: str, parameter: str, trouble: Trouble) -> str:
    root = parameter or f"{function}(...)"
    place = f"`{root}{trouble.path}`"
    return f"a key of {place}" if trouble.key else place


def _problem(trouble: Trouble, converter: Converter) -> str:
    why = f" ({trouble.becomes})" if trouble.becomes else ""
    match trouble.outcome:
        case Outcome.REFUSED:
            return f"which {converter.title} cannot store{why}: the call fails"
        case Outcome.UNREADABLE:
            return (
                f"which {converter.title} can store, but not read{why}: whoever gets it fails, at each replay"
            )
        case Outcome.UNSURE:
            return f"so that it is not known whether {converter.title} can store it"
    return (
        f"and comes back from {converter.title} as {trouble.becomes}: after a replay, and where it is sent to, "
        "it is not what the types say"
    )
