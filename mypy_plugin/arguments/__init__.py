"""Rule `step-arguments`: arguments that an engine hands on, against the signature of what gets them."""

from __future__ import annotations

from mypy.nodes import CallExpr, FuncItem, NameExpr, Node

from color_checker.engines import Passing, Profile
from color_checker.rules.step_arguments import StepArguments
from mypy_plugin.arguments.calls import EngineCalls, Target, calls_of
from mypy_plugin.arguments.handed import Handed, handed
from mypy_plugin.arguments.messages import text, text_of_both, text_of_string
from mypy_plugin.arguments.mistakes import Mistake, mistake
from mypy_plugin.visit import Visit


def check(visit: Visit, node: Node, around: tuple[FuncItem, ...]) -> None:
    """Report a call of an engine whose arguments do not fit what it starts."""
    if not isinstance(node, CallExpr):
        return
    calls = calls_of(visit)
    found = calls.passings(node)
    if found is None:
        return
    profile, passings = found
    for passing in passings:
        message = _message(visit, calls, node, profile, passing, around)
        if message:
            visit.report(StepArguments, node, message, around=around)
            return


def _message(
    visit: Visit, calls: EngineCalls, call: CallExpr, profile: Profile, passing: Passing,
    around: tuple[FuncItem, ...],
) -> str:  # fmt: skip
    given = handed(call, passing, visit.type_of)
    if given is None:
        return ""
    target = calls.target(call, profile, passing, around)
    if target is None:
        return ""
    if given.text is not None:
        source = given.text.name if isinstance(given.text, NameExpr) else "..."
        return text_of_string(target.called, source, passing)
    if given.twice:
        return text_of_both(target.called, passing)
    wrong = _mistake(target, given, passing)
    if wrong is None or (not target.named and target.seen and _sdk_sees(wrong, given, passing)):
        return ""
    return text(target.called, wrong, given, passing, profile, visit.api.options)


def _mistake(target: Target, given: Handed, passing: Passing) -> Mistake | None:
    """What is wrong, if it is with every function that may be meant, whichever way it is called."""
    found: list[Mistake] = []
    for signatures in target.signatures:
        ways = [mistake(one, given, passing) for one in signatures]
        if None in ways:
            return None
        found += [way for way in ways if way is not None]
    # Where only the type is wrong, that function is the one that was meant.
    return next((one for one in found if one.kind == "type"), found[0] if found else None)


def _sdk_sees(wrong: Mistake, given: Handed, passing: Passing) -> bool:
    """Whether mypy reports it already, by the types of the SDK."""
    return not given.sequence and bool(passing.one) and wrong.kind not in passing.unseen
