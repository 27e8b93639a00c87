"""`runtime-min debug`: replays a recorded run under pdb, event by event, without running any step.

How it works:

- The history is read, and the database closed again, before anything is replayed: nothing is ever written.
  An `Execution` is the run in memory; it only asks for steps, and what runs them, the worker, is not there.
  The guard is off, so that `print`, `breakpoint()` and pdb work in workflow code.
- `Execution.replay` delivers the events that reached the workflow one by one through `activate`. `_Replay`
  stops there, before an event is delivered, when all that the events before led to has been compared. The
  prompt runs in that place; `next` lets the replay go on.
- No coroutine can be made to run backwards: `back` and `goto` put the execution aside and replay the events
  up to the place, with breakpoints unheard.
- Between events all coroutines of the workflow are suspended; their frames are found through `cr_frame` and
  `cr_await`. `pdb` opens pdb on them: what it says of the stack and of variables is as usual, and `next` or
  `step` there stop when that code goes on, however many events later. pdb's trace function is installed only
  while an event is delivered, and never stops in this package or asyncio.
- At a difference, the frames are those of the exception's traceback; pdb then is a post-mortem one.
- With `--listen`, breakpoints are those of the IDE that is attached by debugpy, and pdb keeps out of its way.

Events are counted from 0, as in the file that `runtime-min history` writes. An event that reached the
workflow (its start, a result, a message) and those that it led to (what the workflow asked for) are one stop.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import click

from runtime_min.codec import Codec
from runtime_min.colors import Workflow
from runtime_min.debug.debugger import DebugError
from runtime_min.debug.session import Session
from runtime_min.history import History
from runtime_min.journal import Incoming, Outgoing

__all__ = ["DebugError", "debug"]


def debug(
    history: History,
    flow: Workflow[..., Any],
    codec: Codec,
    *,
    event: int | None = None,
    pdb_on_event: int | None = None,
    breakpoints: Sequence[str] = (),
    listen: tuple[str, int] | None = None,
) -> bool:
    """Replay a history and let the user look at it, by commands on standard input.

    Args:
        event: where to stop first; at the first difference or at the end if None.
        pdb_on_event: enter pdb where the workflow handles this event, or asks for it.
        breakpoints: as for the command `break`.
        listen: where debugpy waits for an IDE first.

    Returns:
        Whether no difference between history and code was met.

    Raises:
        DebugError: there is no such event, no such place, or no debugpy.
    """
    session = Session(history, flow, codec)
    for number in (event, pdb_on_event):
        if number is not None:
            session.check_number(number)
    if pdb_on_event is not None and not isinstance(history.events[pdb_on_event], Incoming | Outgoing):
        raise DebugError(f"event {pdb_on_event} is the worker's note; the workflow does not see it")
    for place in breakpoints:
        session.debugger.add(place)
    if listen is not None:
        session.tracing = False
        _attach(*listen)
    session.target = math.inf if event is None else event
    session.pdb_on = pdb_on_event
    session.run()
    return session.problem is None


def _attach(host: str, port: int) -> None:
    try:
        debugpy = importlib.import_module("debugpy")
    except ImportError:
        raise DebugError("--listen needs debugpy: pip install debugpy") from None
    try:
        host, port = debugpy.listen((host, port))
    except (OSError, RuntimeError) as error:
        raise DebugError(f"--listen {host}:{port}: {error}") from error
    click.echo(f"waiting for an IDE to attach to {host}:{port}")
    debugpy.wait_for_client()
