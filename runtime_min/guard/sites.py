"""What the instructions of a call tell: how many arguments it passes, and whether it calls a global name."""

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


def global_calls(code: CodeType) -> dict[int, tuple[str, ...]]:
    """The calls of global names by offset, such as `("rates", "today")` for `rates.today()`.

    A call and the name that it calls start at the same column. Where more does (`f()()`) it is left out.
    """
    starts: dict[tuple[int | None, int | None], list[dis.Instruction]] = {}
    found: dict[int, tuple[str, ...]] = {}
    for instruction in dis.get_instructions(code):
        place = instruction.positions
        if place is None or place.col_offset is None or instruction.opname in _SILENT:
            continue
        before = starts.setdefault((place.lineno, place.col_offset), [])
        if instruction.opname in _CALLS and _are_loads_of_a_global(before):
            found[instruction.offset] = tuple(load.argval for load in before)
        before.append(instruction)
    return found


def _are_loads_of_a_global(instructions: list[dis.Instruction]) -> bool:
    names = [instruction.opname for instruction in instructions]
    return names[:1] in (["LOAD_GLOBAL"], ["LOAD_NAME"]) and set(names[1:]) <= {"LOAD_ATTR", "LOAD_METHOD"}


_CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
# They may stand at a call's column, the names of its keywords among them, and are no part of what it calls.
_SILENT = ("CACHE", "EXTENDED_ARG", "KW_NAMES", "LOAD_CONST", "NOP", "PRECALL", "PUSH_NULL", "RESUME")


def _arguments(call: dis.Instruction, before: list[dis.Instruction], code: CodeType) -> Arguments | None:
    if call.opname not in ("CALL", "PRECALL", "CALL_KW") or call.arg is None:
        return None
    # The keywords are named by the instruction before: KW_NAMES up to 3.12, a constant since.
    last = before[-1] if before else None
    named = last is not None and (last.opname == "KW_NAMES" or call.opname == "CALL_KW")
    if not named or last is None or last.arg is None:
        return Arguments(call.arg)
    return Arguments(call.arg, code.co_consts[last.arg])
