"""How a run goes on that was rebuilt from its history: what is open is waited for, begun or answered."""

from __future__ import annotations

from collections.abc import Sequence

from runtime_min.attempts import Attempts
from runtime_min.backend import Backend, same_name
from runtime_min.effects import conflict, told
from runtime_min.execution import Operation
from runtime_min.journal import Abandoned, Event, Parent, Resolved, Scheduled
from runtime_min.live import Live, lost_attempt
from runtime_min.reminders import Reminders


class Resumption:
    """Takes up the operations of runs."""

    def __init__(self, backend: Backend, reminders: Reminders, attempts: Attempts) -> None:
        self._backend = backend
        self._reminders = reminders
        self._attempts = attempts

    def find_given_up(self, live: Live, history: Sequence[Event]) -> None:
        """Children that run, and that their parent gives up in the event that it was blocked in before."""
        given_up = {event.position for event in live.more if isinstance(event, Abandoned)}
        asked = (event for event in history if isinstance(event, Scheduled) and event.kind == "child")
        for event in asked if given_up else ():
            if event.position in given_up and self._is_child(live, event):
                live.children[event.position] = event.target

    def go_on(self, live: Live, lost: bool, now: float) -> None:
        """Go on with the operations that are open after a replay; `lost` as in `Claimed`."""
        known = {event.position for event in live.more if isinstance(event, Scheduled)}
        # What has ended already, and its result is in the inbox.
        known.update(event.position for event, _ in live.incoming if isinstance(event, Resolved))
        for position, operation in live.execution.operations.items():
            event = operation.event
            if position in known:
                continue
            if event.kind == "timer":
                self._reminders.add(event.due, live, position)
            elif event.kind == "step":
                self._resume_step(live, operation, lost, now)
            elif event.kind == "child":
                self._resume_child(live, event, now)
            else:
                # It was stored together with the event, so it has happened, if anybody was there.
                other = self._backend.find(event.target)
                ended = other.closed if other is not None else 0.0
                missed = ended is not None and ended <= live.execution.time
                if event.kind == "start" and other is not None and not same_name(other, event.name):
                    live.incoming.append((conflict(event, now), None))
                else:
                    live.incoming.append((told(event, missed and event.kind != "start", now), None))

    def _resume_step(self, live: Live, operation: Operation, lost: bool, now: float) -> None:
        position = operation.event.position
        former = live.execution.attempts.get(position)
        attempt = 1 if former is None else former.attempt + 1
        if lost:
            live.incoming.append((lost_attempt(position, former, now), None))
        elif former is not None and former.retry > now:
            self._reminders.add(former.retry, live, position)
        else:
            self._attempts.begin(live, operation, attempt)

    def _resume_child(self, live: Live, event: Scheduled, now: float) -> None:
        if self._is_child(live, event):
            live.children[event.position] = event.target
        else:
            # It could not be started, and the process ended between knowing that and recording it.
            live.incoming.append((conflict(event, now), None))

    def _is_child(self, live: Live, event: Scheduled) -> bool:
        other = self._backend.find(event.target)
        return other is not None and other.parent == Parent(live.run.number, event.position)
