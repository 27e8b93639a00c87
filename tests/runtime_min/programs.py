"""Random workflow programs as plain data, the workflow that interprets them, and what they must give.

A program is a dictionary with a `body`, a list of statements such as `["step", "sync", 4, 0, 1, 0.0]`, and
says how often it goes on `again` as new. `make(random)` makes one. A *settled* program gives the same result
however its parts are timed, and `expected` computes it without the runtime; others may also race, and only a
replay knows.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, TypeAlias

from hypothesis import strategies as st

from runtime_min import (
    Handle,
    Info,
    Retry,
    RuntimeMinError,
    child,
    continue_as_new,
    info,
    now,
    patched,
    query,
    random,
    signal,
    sleep,
    start,
    step,
    uuid4,
    wait_signal,
    workflow,
)

Statement: TypeAlias = list[Any]
Body: TypeAlias = list[Statement]
Program: TypeAlias = dict[str, Any]

FOREVER = 1e7
ALWAYS = 10**6

outer = signal("outer", int)  # sent by plain code
inner = signal("inner", int)  # sent by a program to itself
upward = signal("upward", int)  # sent by a child to its parent

# Told of each attempt at a step: where it is, and "begin" or "end".
observers: list[Callable[[Info, str], None]] = []


class Oops(Exception):
    """What a program raises."""


class Flaky(Exception):
    """What a step raises."""


# Steps


@step
async def work_async(value: int, fails: int, pause: float) -> int:
    _begin(value, fails)
    if pause:
        await asyncio.sleep(pause)
    return _end(value)


@step
def work_sync(value: int, fails: int, pause: float) -> int:
    _begin(value, fails)
    if pause:
        time.sleep(pause)
    return _end(value)


def _begin(value: int, fails: int) -> None:
    for observe in observers:
        observe(info(), "begin")
    if info().attempt <= fails:
        raise Flaky(f"{value} at attempt {info().attempt}")


def _end(value: int) -> int:
    for observe in observers:
        observe(info(), "end")
    return given(value)


def given(value: int) -> int:
    """What the steps return."""
    return value * 31 + 7


# The interpreter


@workflow(name="program")
async def program(
    description: Program, parent: str = "", done: int = 0, before: list[Any] | None = None
) -> list[Any]:
    trace: list[Any] = list(before or [])

    @query
    def seen() -> int:
        return len(trace)

    for name, *rest in description["body"]:
        trace.append(await _OPERATIONS[name](parent, *rest))
    if done < description["again"]:
        continue_as_new(description, parent, done + 1, trace)
    return trace


async def _run(parent: str, body: Body) -> list[Any]:
    return [await _OPERATIONS[name](parent, *rest) for name, *rest in body]


async def _step(parent: str, how: str, value: int, fails: int, attempts: int, pause: float) -> int:
    retry = Retry(attempts=attempts, delay=0.002, maximum=0.02, jitter=0.5)
    called = (work_async if how == "async" else work_sync).options(retry=retry)
    return await called(value, fails, pause)


async def _sleep(parent: str, seconds: float) -> str:
    await sleep(seconds)
    return "slept"


async def _pause(parent: str, seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


async def _raise(parent: str, text: str) -> None:
    raise Oops(text)


async def _try(parent: str, body: Body, cleanup: Body) -> list[Any]:
    trace: list[Any] = []
    try:
        trace.append(await _run(parent, body))
    except Exception as error:
        trace.append(type(error).__name__)
    finally:
        trace.append(await _run(parent, cleanup))
    return trace


async def _forever(parent: str, cleanup: Body) -> None:
    try:
        await sleep(FOREVER)
    finally:
        await _run(parent, cleanup)


# All at once


async def _gather(parent: str, bodies: list[Body]) -> list[Any]:
    return list(await asyncio.gather(*(_run(parent, body) for body in bodies)))


async def _collect(parent: str, bodies: list[Body]) -> list[Any]:
    results = await asyncio.gather(*(_run(parent, body) for body in bodies), return_exceptions=True)
    return [type(result).__name__ if isinstance(result, BaseException) else result for result in results]


async def _group(parent: str, bodies: list[Body]) -> list[Any]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(parent, body)) for body in bodies]
    return [task.result() for task in tasks]


async def _wait(parent: str, bodies: list[Body]) -> list[Any]:
    tasks = [asyncio.create_task(_run(parent, body)) for body in bodies]
    await asyncio.wait(tasks)
    return [task.result() for task in tasks]


async def _completed(parent: str, bodies: list[Body]) -> list[Any]:
    found = [await one for one in asyncio.as_completed([_run(parent, body) for body in bodies])]
    return sorted(found, key=json.dumps)


async def _in_order(parent: str, bodies: list[Body]) -> list[Any]:
    """In the order in which they end, which depends on the timing."""
    return [await one for one in asyncio.as_completed([_run(parent, body) for body in bodies])]


async def _race(parent: str, until: str, rest: str, bodies: list[Body]) -> list[Any]:
    tasks = [asyncio.create_task(_run(parent, body)) for body in bodies]
    done, pending = await asyncio.wait(tasks, return_when=until)
    # Sets of tasks: their order is part of what has to replay.
    first = [tasks.index(task) for task in done]
    left = [tasks.index(task) for task in pending]
    if rest == "cancel":
        for task in pending:
            task.cancel()
    if rest in ("cancel", "await"):
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [first, left, [type(result).__name__ for result in results]]
    return [first, left]


# Tools of asyncio


async def _queue(parent: str, amount: int) -> list[int]:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    got: list[int] = []

    async def produce() -> None:
        for number in range(amount):
            await queue.put(number)
            await asyncio.sleep(0)

    async def consume() -> None:
        for _ in range(amount):
            got.append(await queue.get())  # noqa: PERF401 - one after the other

    await asyncio.gather(consume(), produce())
    return got


async def _lock(parent: str, bodies: list[Body]) -> list[Any]:
    lock, held = asyncio.Lock(), asyncio.Semaphore(2)
    order: list[int] = []

    async def one(index: int, body: Body) -> None:
        async with held:
            await _run(parent, body)
        async with lock:
            order.append(index)

    await asyncio.gather(*(one(index, body) for index, body in enumerate(bodies)))
    return order


async def _event(parent: str, body: Body) -> list[Any]:
    event = asyncio.Event()

    async def waiting() -> str:
        await event.wait()
        return "set"

    task = asyncio.create_task(waiting())
    trace = await _run(parent, body)
    event.set()
    return [trace, await task]


# Ends that come from outside of a body


async def _within(parent: str, seconds: float, body: Body) -> list[Any]:
    try:
        async with asyncio.timeout(seconds):
            return await _run(parent, body)
    except TimeoutError:
        return ["TimeoutError"]


async def _cancel(parent: str, after: float, body: Body) -> Any:
    task = asyncio.create_task(_run(parent, body))
    await sleep(after)
    task.cancel()
    return (await asyncio.gather(task, return_exceptions=True))[0].__class__.__name__


async def _shield(parent: str, after: float, body: Body) -> list[Any]:
    task = asyncio.create_task(_run(parent, body))

    async def waiting() -> None:
        await asyncio.shield(task)

    waiter = asyncio.create_task(waiting())
    await sleep(after)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    return await task


async def _cancel_self(parent: str) -> str:
    await Handle[Any](info().id).cancel()
    return "asked"


# Other runs


async def _child(parent: str, description: Program) -> list[Any]:
    return await child(program, description, info().id)


async def _start(parent: str, description: Program) -> list[Any]:
    handle = await start(program, description, info().id)
    return await handle.result()


async def _meddle(parent: str, how: str, description: Program) -> Any:
    """Start a run, and do something to it or leave it alone."""
    handle = await start(program, description, info().id)
    try:
        if how == "cancel":
            await handle.cancel()
        elif how == "signal":
            await handle.signal(outer, 1)
        elif how == "query":
            return isinstance(await handle.query("seen"), int)
        elif how == "describe":
            return (await handle.describe()).id
    except RuntimeMinError as error:
        return type(error).__name__
    return how


async def _from_child(parent: str, description: Program, amount: int) -> list[Any]:
    """A child that sends us signals."""
    result = await child(program, description, info().id)
    return [result, [await wait_signal(upward) for _ in range(amount)]]


async def _to_parent(parent: str, value: int) -> str:
    await Handle[Any](parent).signal(upward, value)
    return "sent"


async def _to_self(parent: str, values: list[int]) -> list[int]:
    for value in values:
        await Handle[Any](info().id).signal(inner, value)
    return [await wait_signal(inner) for _ in values]


async def _receive(parent: str) -> int:
    return await wait_signal(outer)


async def _maybe_receive(parent: str, seconds: float) -> int:
    try:
        async with asyncio.timeout(seconds):
            return await wait_signal(outer)
    except TimeoutError:
        return -1


# Values that are recorded, or follow from what is


async def _patched(parent: str, name: str, body: Body) -> list[Any]:
    return await _run(parent, body) if patched(name) else ["old"]


async def _draw(parent: str, tell: bool) -> Any:
    drawn = [random().random(), str(uuid4()), now().isoformat()]
    return drawn if tell else "drawn"


_OPERATIONS: dict[str, Callable[..., Awaitable[Any]]] = {
    "step": _step,
    "sleep": _sleep,
    "pause": _pause,
    "raise": _raise,
    "try": _try,
    "forever": _forever,
    "gather": _gather,
    "collect": _collect,
    "group": _group,
    "wait": _wait,
    "completed": _completed,
    "in_order": _in_order,
    "race": _race,
    "queue": _queue,
    "lock": _lock,
    "event": _event,
    "within": _within,
    "cancel": _cancel,
    "shield": _shield,
    "cancel_self": _cancel_self,
    "child": _child,
    "start": _start,
    "meddle": _meddle,
    "from_child": _from_child,
    "to_parent": _to_parent,
    "to_self": _to_self,
    "receive": _receive,
    "maybe_receive": _maybe_receive,
    "patched": _patched,
    "draw": _draw,
}


# What settled programs must give


class _Raised(Exception):
    """An exception of this class; `root` is the one that it goes back to, which is what is recorded."""

    def __init__(self, kind: str, root: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.root = root or kind


class _Stopped(Exception):
    """Cancelled."""


def expected(description: Program, signals: Sequence[int] = ()) -> tuple[str, Any]:
    """How a settled program ends: `("completed", result)`, `("failed", kind)` or `("cancelled", None)`."""
    left = list(signals)
    try:
        trace = [
            _expected(statement, left)
            for _ in range(description["again"] + 1)
            for statement in description["body"]
        ]
    except _Raised as raised:
        return "failed", raised.root
    except _Stopped:
        return "cancelled", None
    return "completed", trace


def _expected_all(body: Body, signals: list[int]) -> list[Any]:
    return [_expected(statement, signals) for statement in body]


def _expected(statement: Statement, signals: list[int]) -> Any:
    match statement:
        case ["step", _, value, fails, attempts, _]:
            if fails >= attempts:
                raise _Raised("StepFailed", "Flaky")
            return given(value)
        case ["sleep" | "pause", _]:
            return "slept"
        case ["raise", _]:
            raise _Raised("Oops")
        case ["try", body, cleanup]:
            try:
                first: Any = _expected_all(body, signals)
            except _Raised as raised:
                first = raised.kind
            return [first, _expected_all(cleanup, signals)]
        case ["gather" | "wait" | "group", bodies]:
            return [_expected_all(body, signals) for body in bodies]
        case ["completed", bodies]:
            return sorted((_expected_all(body, signals) for body in bodies), key=json.dumps)
        case ["collect", bodies]:
            return [_result_or_kind(body, signals) for body in bodies]
        case ["queue", amount]:
            return list(range(amount))
        case ["event", body]:
            return [_expected_all(body, signals), "set"]
        case ["within", seconds, body]:
            return ["TimeoutError"] if seconds < 1 else _expected_all(body, signals)
        case ["cancel", _, _]:
            return "CancelledError"
        case ["shield", _, body]:
            return _expected_all(body, signals)
        case ["cancel_self"]:
            raise _Stopped
        case ["child" | "start", description]:
            return _expected_of_other(description)
        case ["from_child", description, amount]:
            return [_expected_of_other(description), list(range(amount))]
        case ["to_parent", _]:
            return "sent"
        case ["to_self", values]:
            return values
        case ["receive"]:
            return signals.pop(0)
        case ["patched", _, body]:
            return _expected_all(body, signals)
        case ["draw", False]:
            return "drawn"
    raise ValueError(f"the result of {statement!r} depends on the timing")


def _result_or_kind(body: Body, signals: list[int]) -> Any:
    try:
        return _expected_all(body, signals)
    except _Raised as raised:
        return raised.kind


def _expected_of_other(description: Program) -> Any:
    ending, value = expected(description)
    if ending == "failed":
        raise _Raised("WorkflowFailed", value)
    if ending == "cancelled":
        raise _Raised("WorkflowCancelled")
    return value


# Making programs


def make(random: Random, *, settled: bool = False, size: int = 8) -> Program:
    """A program of about `size` statements; the same for the same random numbers."""
    return _Maker(random, settled).program(size, top=True)


def programs(*, settled: bool = False, size: int = 8) -> st.SearchStrategy[Program]:
    """The same for hypothesis, which makes a failing one smaller."""
    return st.randoms(use_true_random=False).map(lambda random: make(random, settled=settled, size=size))


def signals_of(description: Program) -> int:
    """How many signals from plain code a settled program waits for."""
    wanted: int = sum(statement[0] == "receive" for statement in description["body"])
    return wanted * int(description["again"] + 1)


class _Maker:
    """Draws statements. `safe` ones do not raise; `top` ones are not in a task beside others."""

    def __init__(self, random: Random, settled: bool) -> None:
        self._random = random
        self._settled = settled

    def program(self, size: int, *, top: bool = False, safe: bool = False) -> Program:
        body = self._body(size, top=True, safe=safe)
        if top:
            for _ in range(self._random.randrange(3)):
                body.insert(self._random.randrange(len(body) + 1), ["receive"])
        again = self._random.choice((0, 0, 0, 0, 1, 2))
        if not safe and self._random.random() < 0.1:
            body += [["cancel_self"], ["forever", self._cleanup()]]
        return {"body": body, "again": again}

    def _body(self, size: int, *, top: bool = False, safe: bool = False) -> Body:
        body: Body = []
        while size > 0:
            part = self._random.randint(1, size)
            body.append(self._statement(part, top, safe))
            size -= part
        return body

    def _bodies(self, size: int, *, safe: bool) -> list[Body]:
        amount = self._random.randint(1, 4)
        return [self._body(max(1, size // amount), safe=safe) for _ in range(amount)]

    def _statement(self, size: int, top: bool, safe: bool) -> Statement:
        choice = self._random.choice
        simple = ["step"] * 6 + ["sleep", "sleep", "pause", "draw", "queue"]
        if top:
            simple.append("to_self")
        if not safe:
            simple += ["fail", "raise"]
        if not self._settled:
            simple += ["maybe_receive", "cancel_self"]
        nested = [
            "gather",
            "collect",
            "group",
            "wait",
            "completed",
            "try",
            "try",
            "event",
            "within",
            "expire",
            "cancel",
        ]
        nested += ["shield", "child", "child", "start", "patched"]
        if top:
            nested.append("from_child")
        if not self._settled:
            nested += [
                "in_order",
                "race",
                "race",
                "lock",
                "racing_within",
                "racing_cancel",
                "meddle",
                "racing_shield",
            ]
        name = choice(simple) if size <= 1 else choice(nested)
        made: Statement = getattr(self, f"_{name}")(size - 1, safe or (self._settled and name in _NEEDS_SAFE))
        return made

    def _step(self, size: int, safe: bool) -> Statement:
        attempts = self._random.choice((1, 1, 1, 3))
        how = self._random.choice(("sync", "async", "async"))
        return [
            "step",
            how,
            self._random.randrange(1000),
            self._random.randrange(attempts),
            attempts,
            self._short(),
        ]

    def _fail(self, size: int, safe: bool) -> Statement:
        return ["step", self._random.choice(("sync", "async")), 0, ALWAYS, self._random.randint(1, 2), 0.0]

    def _sleep(self, size: int, safe: bool) -> Statement:
        return ["sleep", self._short()]

    def _pause(self, size: int, safe: bool) -> Statement:
        return ["pause", self._short()]

    def _draw(self, size: int, safe: bool) -> Statement:
        return ["draw", not self._settled]

    def _queue(self, size: int, safe: bool) -> Statement:
        return ["queue", self._random.randrange(4)]

    def _to_self(self, size: int, safe: bool) -> Statement:
        return ["to_self", list(range(self._random.randint(1, 3)))]

    def _raise(self, size: int, safe: bool) -> Statement:
        return ["raise", "oops"]

    def _maybe_receive(self, size: int, safe: bool) -> Statement:
        return ["maybe_receive", self._short()]

    def _cancel_self(self, size: int, safe: bool) -> Statement:
        return ["cancel_self"] if self._random.random() < 0.2 else ["sleep", self._short()]

    def _gather(self, size: int, safe: bool) -> Statement:
        return ["gather", self._bodies(size, safe=safe)]

    def _collect(self, size: int, safe: bool) -> Statement:
        return ["collect", self._bodies(size, safe=False)]

    def _group(self, size: int, safe: bool) -> Statement:
        return ["group", self._bodies(size, safe=safe)]

    def _wait(self, size: int, safe: bool) -> Statement:
        return ["wait", self._bodies(size, safe=safe)]

    def _completed(self, size: int, safe: bool) -> Statement:
        return ["completed", self._bodies(size, safe=safe)]

    def _in_order(self, size: int, safe: bool) -> Statement:
        return ["in_order", self._bodies(size, safe=safe)]

    def _race(self, size: int, safe: bool) -> Statement:
        until = self._random.choice(("FIRST_COMPLETED", "FIRST_EXCEPTION"))
        return [
            "race",
            until,
            self._random.choice(("cancel", "await", "leave")),
            self._bodies(size, safe=safe),
        ]

    def _lock(self, size: int, safe: bool) -> Statement:
        return ["lock", self._bodies(size, safe=safe)]

    def _try(self, size: int, safe: bool) -> Statement:
        return ["try", self._body(size), self._cleanup()]

    def _event(self, size: int, safe: bool) -> Statement:
        return ["event", self._body(size, safe=safe)]

    def _within(self, size: int, safe: bool) -> Statement:
        return ["within", FOREVER, self._body(size, safe=safe)]

    def _expire(self, size: int, safe: bool) -> Statement:
        return ["within", self._short(), self._endless(size)]

    def _racing_within(self, size: int, safe: bool) -> Statement:
        return ["within", self._short(), self._body(size, safe=safe)]

    def _cancel(self, size: int, safe: bool) -> Statement:
        return ["cancel", self._short(), self._endless(size)]

    def _racing_cancel(self, size: int, safe: bool) -> Statement:
        return ["cancel", self._short(), self._body(size)]

    def _shield(self, size: int, safe: bool) -> Statement:
        return ["shield", self._short(), self._body(size, safe=safe)]

    _racing_shield = _shield

    def _child(self, size: int, safe: bool) -> Statement:
        return ["child", self.program(size, safe=safe)]

    def _start(self, size: int, safe: bool) -> Statement:
        return ["start", self.program(size, safe=safe)]

    def _meddle(self, size: int, safe: bool) -> Statement:
        how = self._random.choice(("cancel", "signal", "query", "describe", "leave"))
        return ["meddle", how, self.program(size)]

    def _from_child(self, size: int, safe: bool) -> Statement:
        sent = self._random.randint(1, 3)
        made = self.program(max(1, size - sent), safe=True)
        made["again"] = 0
        made["body"] += [["to_parent", value] for value in range(sent)]
        return ["from_child", made, sent]

    def _patched(self, size: int, safe: bool) -> Statement:
        return ["patched", f"change {self._random.randrange(3)}", self._body(size, safe=safe)]

    def _endless(self, size: int) -> Body:
        body = self._body(size, safe=True) if size else []
        return [*body, ["forever", self._cleanup()]]

    def _cleanup(self) -> Body:
        return [self._step(1, True) for _ in range(self._random.randrange(2))]

    def _short(self) -> float:
        return self._random.choice((0.0, 0.0, 0.001, 0.005, 0.02))


# What runs beside others must not raise in a settled program: which error comes first depends on the timing.
# After a group that failed, Python before 3.13 takes a later timeout for a cancellation from outside.
_NEEDS_SAFE = {"gather", "wait", "completed", "shield", "group"}
