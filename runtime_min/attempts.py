"""Runs attempts at steps: their places, timeouts, and what comes of them."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from random import Random
from typing import Any

from runtime_min.clock import Clock
from runtime_min.codec import Codec
from runtime_min.colors import Step
from runtime_min.context import Info, current_step
from runtime_min.execution import Operation, failure_of
from runtime_min.journal import Attempted, Event, Resolved, Scheduled
from runtime_min.live import Live, lost_attempt
from runtime_min.threads import Raised, on_thread


class Attempts:
    """The steps that run in this process, in the context of which it was made.

    Args:
        concurrency: how many steps run at once.
        add: what to call with the event that an attempt ends with.

    Attributes:
        waits: how many steps run that only wait for other runs, and so take no place.
        freed: called after each attempt.
    """

    def __init__(
        self, codec: Codec, clock: Clock, concurrency: int, add: Callable[[Live, Event], None]
    ) -> None:
        self.waits = 0
        self.freed: Callable[[], None] = _nothing
        self._codec = codec
        self._clock = clock
        self._concurrency = concurrency
        self._add = add
        self._running = 0
        self._waiting: deque[tuple[Live, Operation, int]] = deque()
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()

    @property
    def busy(self) -> bool:
        """Whether steps run or wait for a place."""
        return bool(self._running or self._waiting)

    def begin_no_more(self) -> None:
        """Leave those that wait for a place to the next process."""
        self._waiting.clear()

    def begin(self, live: Live, operation: Operation, attempt: int) -> None:
        """Run a step, or let it wait for a place."""
        live.begun.add(operation.event.position)
        counts = operation.step is None or operation.step.counts
        if counts and self._running >= self._concurrency:
            self._waiting.append((live, operation, attempt))
            return
        self._running += counts
        self.waits += not counts
        position = operation.event.position
        attempting = self._attempt(live, operation, attempt)
        live.steps[position] = task = self._loop.create_task(attempting, context=self._context.copy())
        # Not in the task itself, whose code never runs if it is cancelled before it began.
        task.add_done_callback(functools.partial(self._free_place, live, position, counts))

    async def _attempt(self, live: Live, operation: Operation, attempt: int) -> None:
        position = operation.event.position
        step = operation.step
        assert step is not None
        event = await self._outcome(live, step, operation.event, attempt)
        if event is not None and not live.gone and position in live.execution.operations:
            self._add(live, event)

    def _free_place(self, live: Live, position: int, counts: bool, task: asyncio.Task[None]) -> None:
        self._running -= counts
        self.waits -= not counts
        if live.steps.get(position) is task:
            del live.steps[position]
        while self._waiting and self._running < self._concurrency:
            live, operation, attempt = self._waiting.popleft()
            if not live.gone and operation.event.position in live.execution.operations:
                self.begin(live, operation, attempt)
        self.freed()

    async def _outcome(
        self, live: Live, step: Step[..., Any], event: Scheduled, attempt: int
    ) -> Event | None:
        position = event.position
        run = live.run
        here = Info(run.id, live.execution.flow.name, step.name, position, attempt, run.generation)
        current_step.set(here)
        try:
            args, kwargs = step.parameters.decode(self._codec, self._codec.unseal(event.arguments))
            result = await self.call(step, args, kwargs)
        except (KeyboardInterrupt, SystemExit):
            # The process ends, which is no answer of the step.
            self._add(live, lost_attempt(position, live.execution.attempts.get(position), self._clock.now()))
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if (
                live.gone
                or position not in live.execution.operations
                or (task is not None and task.cancelling())
            ):
                raise
            return self._failed(live, step, event, attempt, error)
        except BaseException as error:  # noqa: BLE001 - whatever the step raised is its answer
            return self._failed(live, step, event, attempt, error)
        if isinstance(result, Raised):
            return self._failed(live, step, event, attempt, result.error)
        try:
            value = self._codec.seal(self._codec.encode(result, step.parameters.result))
        except Exception as error:  # noqa: BLE001 - a codec may be the user's
            # It has had its effect; to do it again would not help.
            return Resolved(position, self._clock.now(), failure=failure_of(error, attempt), attempt=attempt)
        return Resolved(position, self._clock.now(), value, attempt=attempt)

    async def call(self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the step's function; tests put another one in its place."""
        if step.is_async and step.timeout is None:
            return await step.run(args, kwargs)
        try:
            async with asyncio.timeout(step.timeout) as limit:
                if step.is_async:
                    return await step.run(args, kwargs)
                return await on_thread(functools.partial(step.run, args, kwargs))
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"it took longer than its timeout, {step.timeout:g} s") from None
            raise

    def _failed(
        self, live: Live, step: Step[..., Any], event: Scheduled, attempt: int, error: BaseException
    ) -> Event:
        now = self._clock.now()
        former = live.execution.attempts.get(event.position)
        failures = 1 if former is None else former.failures + 1
        seed = live.execution.started.seed if live.execution.started is not None else 0
        wait = step.retry.wait(error, failures, Random(f"{seed}/{event.position}/{failures}"))
        failure = failure_of(error, attempt)
        if wait is None:
            return Resolved(event.position, now, failure=failure, attempt=attempt)
        return Attempted(event.position, attempt, failures, failure, now, now + wait)


def _nothing() -> None:
    """Nobody wants to know."""
