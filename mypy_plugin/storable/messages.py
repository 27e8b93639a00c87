"""The words for what is wrong with a type whose values are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mypy_plugin.storable.converters import Converter
from mypy_plugin.storable.shapes import shown
from mypy_plugin.storable.troubles import Outcome, Trouble

_MOST = 3


def message(
    function: str, parameter: str, troubles: Sequence[Trouble], converter: Converter,
    is_own: Callable[[str], bool],
) -> str:  # fmt: skip
    """What is wrong with one annotation: the first of the troubles, and where the others are."""
    first, *others = troubles
    subject = _subject(function, parameter, first)
    text = f"{subject} is of the type `{shown(first.shape.type, is_own)}`{_problem(first, converter)}."
    if first.instead:
        text += f" {first.instead}."
    here = _place(function, parameter, first)
    places = dict.fromkeys(_place(function, parameter, one) for one in others)
    more = [place for place in places if place != here]
    if more:
        rest = f" and {len(more) - _MOST} more" if len(more) > _MOST else ""
        text += f" See also {', '.join(more[:_MOST])}{rest}."
    return text


def hint(function: str, names: Sequence[str], converter: Converter) -> str:
    """That nothing is said of the types of some parameters."""
    listed = ", ".join(f"`{name}`" for name in names)
    return (
        f"`{function}` does not say of which type {listed} may be: it is not known whether {converter.title} "
        "can store them. Annotate them."
    )


def _subject(function: str, parameter: str, trouble: Trouble) -> str:
    if trouble.path:
        subject = _place(function, parameter, trouble)
    else:
        subject = f"parameter `{parameter}`" if parameter else f"the result of `{function}`"
        if trouble.key:
            subject = f"a key of {subject}"
    return subject[0].upper() + subject[1:]


def _place(function: str, parameter: str, trouble: Trouble) -> str:
    root = parameter or f"{function}(...)"
    place = f"`{root}{trouble.path}`"
    return f"a key of {place}" if trouble.key else place


def _problem(trouble: Trouble, converter: Converter) -> str:
    why = f" ({trouble.becomes})" if trouble.becomes else ""
    match trouble.outcome:
        case Outcome.REFUSED:
            return f", which {converter.title} cannot store{why}: the call fails"
        case Outcome.UNREADABLE:
            return f", which {converter.title} can store but not read{why}: whoever gets it fails"
        case Outcome.UNSURE:
            return f": it is not known whether {converter.title} can store what it holds"
    return (
        f", and comes back from {converter.title} as {trouble.becomes}: on replay, and where it is sent "
        "to, it is not what the types say"
    )
