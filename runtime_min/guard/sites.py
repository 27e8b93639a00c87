"""How many arguments, and which keywords, a call instruction passes."""

from __future__ import annotations

import dis
from types import CodeType

import msgspec

from color_checker.catalog import Condition


class Arguments(msgspec.Struct, frozen=True):
    """What stands between the parentheses of one call; the object of a method is not counted."""

    count: int
    keywords: tuple[str, ...] = ()


def excuses(condition: Condition, arguments: Arguments | None) -> bool:
    """Whether the call is deterministic by `condition`, or that cannot be judged (`f(*values)`)."""
    if arguments is None:
        return True
    positional = arguments.count - len(arguments.keywords)
    return (
        (condition.arguments is not None and arguments.count >= condition.arguments)
        or (condition.positional is not None and positional >= condition.positional)
        or not set(condition.keywords).isdisjoint(arguments.keywords)
    )


def arguments_at(code: CodeType, offset: int) -> Arguments | None:
    """The arguments of the call at `offset`, or None if the instruction does not tell (`*args`, no call)."""
    before: list[dis.Instruction] = []
    for instruction in dis.get_instructions(code):
        if instruction.offset == offset:
            return _arguments(instruction, before, code)
        if instruction.opname not in ("PRECALL", "EXTENDED_ARG", "CACHE"):
            before.append(instruction)
    return None


def _arguments(call: dis.Instruction, before: list[dis.Instruction], code: CodeType) -> Arguments | None:
    if call.opname not in ("CALL", "PRECALL", "CALL_KW") or call.arg is None:
        return None
    # The keywords are named by the instruction before: KW_NAMES up to 3.12, a constant since.
    last = before[-1] if before else None
    named = last is not None and (last.opname == "KW_NAMES" or call.opname == "CALL_KW")
    if not named or last is None or last.arg is None:
        return Arguments(call.arg)
    return Arguments(call.arg, code.co_consts[last.arg])
