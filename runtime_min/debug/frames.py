"""Looks at the frames of workflow code, whether it runs, waits or has failed."""

from __future__ import annotations

import dis
import inspect
import linecache
import os
import reprlib
from collections.abc import Iterable
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeAlias

import click

from runtime_min.execution import Execution
from runtime_min.loop import WorkflowLoop

Stack: TypeAlias = list[tuple[FrameType, int]]

# Modules whose code is not the workflow's.
INTERNAL = ("runtime_min", "asyncio", "contextvars", "concurrent", "msgspec", "logging")
COROUTINES = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def is_internal(frame: FrameType) -> bool:
    """Whether it is code of the runtime and not of the user."""
    name = frame.f_globals.get("__name__", "")
    return name in INTERNAL or name.startswith(tuple(f"{one}." for one in INTERNAL))


def is_of_workflow(frame: FrameType) -> bool:
    """Whether the workflow calls this code, and not the runtime or asyncio, to decode a result, say."""
    outer: FrameType | None = frame
    while outer is not None and not is_internal(outer):
        frame, outer = outer, outer.f_back
    if outer is None:
        return False
    if outer.f_code in (WorkflowLoop._run_ready.__code__, Execution._body.__code__):
        return True
    # `asyncio.wait_for` and others await what the workflow gave them.
    is_asyncio = outer.f_globals.get("__name__", "").startswith("asyncio.")
    return is_asyncio and bool(frame.f_code.co_flags & COROUTINES)


def chain(coroutine: Any) -> Stack:
    """The frames of suspended code, from what awaits to what is awaited."""
    stack: Stack = []
    while coroutine is not None:
        frame = next(
            (
                found
                for name in ("cr_frame", "gi_frame", "ag_frame")
                if (found := getattr(coroutine, name, None)) is not None
            ),
            None,
        )
        if frame is None:
            break
        if not is_internal(frame):
            stack.append((frame, frame.f_lineno))
        awaited = ("cr_await", "gi_yieldfrom", "ag_await")
        coroutine = next(
            (found for name in awaited if (found := getattr(coroutine, name, None)) is not None), None
        )
    return stack


def frames_of(trace: TracebackType | None) -> Stack:
    """The workflow's part of a traceback."""
    stack: Stack = []
    while trace is not None:
        if not is_internal(trace.tb_frame):
            stack.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return stack


def is_yielding(frame: FrameType) -> bool:
    """Whether what looks like a return is a coroutine that begins to wait."""
    code = frame.f_code
    if not code.co_flags & COROUTINES or frame.f_lasti < 0:
        return False
    # Python 3.13 is already at the instruction behind it.
    return dis.opname[code.co_code[frame.f_lasti]] in ("YIELD_VALUE", "RESUME")


def lines_of_functions(file: str) -> set[int]:
    """Where replayed code of a file can stop; what is outside of functions ran when it was imported."""
    try:
        outer = compile("".join(linecache.getlines(file)), file, "exec")
    except (SyntaxError, ValueError):
        return set()
    codes = [outer]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
    functions = [code for code in codes if code.co_flags & inspect.CO_NEWLOCALS]
    return {
        line for code in functions for _, _, line in code.co_lines() if line and line > code.co_firstlineno
    } | {code.co_firstlineno for code in functions if len({line for _, _, line in code.co_lines()}) == 1}


def first_line(code: CodeType) -> int:
    """The first line of a function's body, where all its arguments are known."""
    lines = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    body = [line for line in lines if not linecache.getline(code.co_filename, line).lstrip().startswith("@")]
    signature = _line_of_def(code)
    return next((line for line in body if line > signature), code.co_firstlineno)


def _line_of_def(code: CodeType) -> int:
    for line in range(code.co_firstlineno, code.co_firstlineno + 100):
        if linecache.getline(code.co_filename, line).lstrip().startswith(("def ", "async def ")):
            return line
    return code.co_firstlineno


def place_of(frame: FrameType, line: int) -> str:
    code = frame.f_code
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return f"{os.path.basename(code.co_filename)}:{line} {code.co_name}: {source}"


def print_stack(stack: Iterable[tuple[FrameType, int]]) -> None:
    for frame, line in stack:
        click.echo(f"  {place_of(frame, line)}")
        for name, value in frame.f_locals.items():
            if not name.startswith("__"):
                click.echo(f"      {name} = {_value(value)}")


def _value(value: object) -> str:
    """A variable's value; of an object that does not say what it is, its attributes."""
    if type(value).__repr__ is not object.__repr__ or not getattr(value, "__dict__", None):
        return _shown.repr(value)
    attributes = ", ".join(f"{name}={_shown.repr(one)}" for name, one in list(vars(value).items())[:8])
    return f"<{type(value).__qualname__} {attributes}>"


_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 80
_shown.maxdict = _shown.maxlist = _shown.maxtuple = 8
