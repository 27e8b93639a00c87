"""The process that `verify` starts: replays histories with its clock, randomness and the rest changed.

python -m runtime_min.replaying TASK ANSWER
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from runtime_min import colors
from runtime_min.codec import Codec, JsonCodec
from runtime_min.execution import Execution
from runtime_min.guard import Guard
from runtime_min.history import History
from runtime_min.journal import (
    Abandoned,
    Attempted,
    Closed,
    Event,
    Incoming,
    Patched,
    Received,
    Resolved,
    Scheduled,
    Started,
)
from runtime_min.shifting import shift_clocks
from runtime_min.verification import Changes, Difference, Report, Task, load

_LOCALES = ("tr_TR.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "ja_JP.UTF-8", "en_US.UTF-8", "C.UTF-8", "C")
_LONGEST = 240


def main(task: str, answer: str) -> None:
    """Read the task, replay, and write the answer."""
    told = msgspec.json.decode(Path(task).read_bytes(), type=Task)
    report = _report(told)
    Path(answer).write_bytes(msgspec.json.encode(report))


def _report(task: Task) -> Report:
    sys.path[:] = task.path
    shift_clocks(task.changes.shift)
    if task.changes.locale:
        _change_locale()
    try:
        loaded = [load(module) for module in task.modules]
        codec: Codec = getattr(loaded[-1], task.codec) if task.codec else JsonCodec()
        histories = [History.load(text) for text in task.histories]
        missing = {history.workflow for history in histories} - colors.workflows().keys()
    except Exception:  # noqa: BLE001 - whatever the modules raise is the answer
        return Report(trouble=traceback.format_exc(limit=-5))
    if missing:
        return Report(trouble=f"its modules do not define {', '.join(sorted(missing))} when imported")
    with _changed(task.changes):
        for again in (False, True):
            random.seed(task.changes.seed)
            if "numpy" in sys.modules:
                sys.modules["numpy"].random.seed(task.changes.seed)
            for index, history in enumerate(histories):
                found = _first_difference(index, history, codec, again)
                if found is not None:
                    return Report(found)
    return Report()


def _change_locale() -> None:
    import locale

    here = locale.setlocale(locale.LC_ALL)
    for name in _LOCALES:
        with contextlib.suppress(locale.Error):
            if locale.setlocale(locale.LC_ALL, name) != here:
                os.environ["LC_ALL"] = os.environ["LANG"] = name
                return


@contextlib.contextmanager
def _changed(changes: Changes) -> Iterator[None]:
    garbage: list[object] = []
    if changes.collect:
        # Objects lie elsewhere when others came and went before.
        garbage = [bytearray(16 + 16 * (number % 40)) for number in range(2000 + 977 * changes.seed)]
        del garbage[:: 3 + changes.seed]
        gc.freeze()
    if changes.collect == "never":
        gc.disable()
    elif changes.collect == "often":
        gc.set_threshold(5, 2, 2)
    if not changes.directory:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:
        former = Path.cwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(former)


def _first_difference(index: int, history: History, codec: Codec, again: bool) -> Difference | None:
    """Deliver each event that reached the workflow, and compare what it asks for until it differs."""
    flow = colors.workflows()[history.workflow]
    execution = Execution(flow, history.id, codec, Guard("off"), history.generation)
    try:
        for number, (incoming, recorded) in enumerate(_activations(history.events)):
            try:
                ran = [_line(event, codec) for event in execution.activate(incoming)]
            except Exception as error:  # noqa: BLE001 - it does something else than what is recorded
                ran = [_Line((), f"{type(error).__name__}: {error}")]
            expected = [_line(event, codec) for event in recorded]
            if [line.key for line in expected] != [line.key for line in ran]:
                told = _line(incoming, codec).text
                return Difference(
                    index, number, told, [line.text for line in expected], [line.text for line in ran], again
                )
        return None
    finally:
        execution.dispose()


def _activations(events: Sequence[Event]) -> Iterator[tuple[Incoming, list[Event]]]:
    incoming: Incoming | None = None
    led_to: list[Event] = []
    for event in events:
        if isinstance(event, Started | Resolved | Received):
            if incoming is not None:
                yield incoming, led_to
            incoming, led_to = event, []
        elif not isinstance(event, Attempted):
            led_to.append(event)
    if incoming is not None:
        yield incoming, led_to


class _Line(NamedTuple):
    """An event: what is compared, and what is shown."""

    key: tuple[object, ...]
    text: str


def _line(event: Event, codec: Codec) -> _Line:
    if isinstance(event, Scheduled):
        key: tuple[object, ...] = (event.kind, event.name, event.position, event.digest)
        key = (*key, event.target, event.due)
        if event.kind == "timer":
            return _Line(key, f"timer at position {event.position}, due {_time(event.due)}")
        place = f"  {event.where}: {event.line}" if event.where else ""
        target = f" of `{event.target}`" if event.target else ""
        shown = _value(event.arguments, codec)
        return _Line(key, f"{event.kind} {event.name}{target} at position {event.position}: {shown}{place}")
    if isinstance(event, Closed):
        # Of a failure the class counts: messages often name an address, and are never compared on replay.
        value = codec.unseal(event.value) if event.value else b""
        kind = event.failure.kind if event.failure is not None else ""
        shown = f"{kind}: {event.failure.text}" if event.failure is not None else _value(event.value, codec)
        return _Line((event.ending, value, kind), f"{event.ending}: {shown}".rstrip(": "))
    if isinstance(event, Patched):
        return _Line((event,), f"patched {event.id!r}")
    if isinstance(event, Abandoned):
        return _Line((event,), f"no longer waits for operation {event.position}")
    if isinstance(event, Resolved):
        failure = event.failure
        shown = _value(event.value, codec) if failure is None else f"{failure.kind}: {failure.text}"
        return _Line((event,), f"the result of operation {event.position}: {shown}".rstrip(": "))
    if isinstance(event, Received):
        return _Line((event,), f"the {event.kind} {event.name} {_value(event.value, codec)}".rstrip())
    return _Line((event,), "the start")


def _value(value: bytes, codec: Codec) -> str:
    """A value for people, not too long."""
    plain = codec.unseal(value) if value else b""
    text = plain.decode(errors="backslashreplace")
    if len(text) <= _LONGEST:
        return text
    # The end tells apart what differs behind the beginning.
    return f"{text[:_LONGEST]}... ({len(text)} characters, {hashlib.sha256(plain).hexdigest()[:8]})"


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
