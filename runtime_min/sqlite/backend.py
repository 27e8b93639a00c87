"""`SqliteBackend`: the protocol of `runtime_min.backend` on one SQLite file."""

from __future__ import annotations

import heapq
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from runtime_min.backend import (
    Claimed,
    Closing,
    Commit,
    Delivered,
    Filter,
    Message,
    NewRun,
    Outcome,
    Run,
    State,
    same_name,
)
from runtime_min.errors import AlreadyStarted
from runtime_min.journal import Parent
from runtime_min.processes import is_dead
from runtime_min.sqlite.file import Synchronous, explained, is_locked, open_file
from runtime_min.sqlite.statements import statements

T = TypeVar("T")

_STORED = Outcome(stored=True)
_LOST = Outcome(stored=False)
# Fewer runs that an id prefix matches are sorted; else runs are read newest first until enough match.
_RARE = 2_000
_NO_LIMIT = 2**63 - 1
# Seconds between two looks at a locked file. A commit takes about as long as the first.
_PAUSE, _LONGEST_PAUSE = 0.0001, 0.001


class SqliteBackend:
    """Runs in the SQLite file at `path`, which is made if it does not exist.

    Several processes may have the file open. A method raises `StorageUnavailable` when it could not do its
    work this time (disk full, locked for longer than `timeout` seconds, I/O error).

    Args:
        synchronous: "FULL" loses nothing in a power failure; "NORMAL" may then lose the last commits, though
            not in a crash of the process, and is several times faster.

    Raises:
        StorageError: the file is not one of ours, of a newer format, or damaged.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, synchronous: Synchronous = "FULL", timeout: float = 5.0
    ) -> None:
        self.path = os.fspath(path)
        self._timeout = timeout
        self._sql = statements()
        self._connection = open_file(self.path, synchronous, timeout)
        # One cursor for everything: results are always read to the end at once.
        self._cursor = self._connection.cursor()
        self._version = self._data_version()

    def close(self) -> None:
        self._connection.close()

    def create(self, new: NewRun, owner: str | None = None) -> tuple[Run, bool]:
        def work() -> tuple[Run, bool]:
            created = self._create(new, owner)
            run = self._run(self._sql.newest, (new.id,))
            assert run is not None
            return run, created

        # Most that exist are found without waiting for the file's lock.
        existing = self._run(self._sql.newest, (new.id,))
        return (existing, False) if existing is not None else self._atomically(work)

    def import_run(self, run: Run, history: Sequence[bytes]) -> Run:
        def work() -> Run:
            if self._rows(self._sql.in_the_way, (run.id, run.generation)):
                raise AlreadyStarted(f"{run.id}: there is a run of this id already")
            row = (
                *(run.id, run.generation, run.workflow, run.version, run.state, run.created, run.closed),
                *(len(history), run.problem),
            )
            self._cursor.execute(self._sql.import_run, row)
            number = self._inserted()
            self._append(number, 0, history)
            imported = self._run(self._sql.get, (number,))
            assert imported is not None
            return imported

        return self._atomically(work)

    def find(self, id: str, generation: int | None = None) -> Run | None:
        if generation is None:
            return self._run(self._sql.newest, (id,))
        return self._run(self._sql.find, (id, generation))

    def run(self, number: int) -> Run | None:
        return self._run(self._sql.get, (number,))

    def history(self, number: int, first: int = 0) -> list[bytes]:
        return [data for (data,) in self._rows(self._sql.history, (number, first))]

    def runs(self, filter: Filter) -> list[Run]:
        values: dict[str, object] = {
            "state": filter.state,
            "workflow": filter.workflow,
            "prefix": filter.id_prefix,
            "before": _NO_LIMIT if filter.before is None else filter.before,
            "limit": filter.limit,
            "many": _RARE,
        }
        if filter.id_prefix and self._rows(self._sql.is_rare, values)[0][0]:
            statement = self._sql.list_rare_prefix
        elif filter.workflow is not None:
            statement = self._sql.list_workflow if filter.state is None else self._sql.list_workflow_state
        else:
            statement = self._sql.list_all if filter.state is None else self._sql.list_state
        return [_as_run(row) for row in self._rows(statement, values)]

    def counts(self) -> dict[State, int]:
        return dict(self._rows(self._sql.counts))

    def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        if not commits:
            return []
        return self._atomically(lambda: [self._apply(commit) for commit in commits])

    def send(self, message: Message) -> bool:
        return self._atomically(lambda: self._send(message))

    def _apply(self, commit: Commit) -> Outcome:
        """Store one commit if its lease still holds."""
        length = commit.first + len(commit.events)
        lease = (commit.run, commit.token, commit.first)
        closing = commit.closing
        if closing is not None:
            self._cursor.execute(
                self._sql.finish, (length, closing.ending, closing.at, commit.problem, *lease)
            )
        else:
            statement = self._sql.release if commit.release else self._sql.advance
            self._cursor.execute(statement, (length, commit.wake, commit.problem, *lease))
        if self._cursor.rowcount != 1:
            return self._apply_again(commit, length)
        if commit.events:
            self._append(commit.run, commit.first, commit.events)
        if commit.consumed:
            self._cursor.executemany(self._sql.consume, [(row, commit.run) for row in commit.consumed])
        if closing is not None:
            self._close_run(commit.run, closing)
        outcome = _STORED
        if commit.starts or commit.messages:
            outcome = Outcome(
                True, self._conflicts(commit.starts), self._undelivered(commit.messages, self._send)
            )
        if commit.release and not commit.problem:
            self._cursor.execute(self._sql.rouse, {"run": commit.run})
        return outcome

    def _apply_again(self, commit: Commit, length: int) -> Outcome:
        """What to answer for a commit that does not fit: it was stored before, or its lease is lost."""
        rows = self._rows(self._sql.stored, {"run": commit.run, "last": length - 1})
        if not rows:
            return _LOST
        token, events, owner, last = rows[0]
        if commit.events:
            is_stored = events >= length and last == commit.events[-1]
        else:
            # Without events only giving the run back can have made it unfit.
            is_stored = events == length and owner is None and (commit.release or commit.closing is not None)
        if token != commit.token or not is_stored:
            return _LOST
        return Outcome(
            True, self._conflicts(commit.starts), self._undelivered(commit.messages, self._has_recipient)
        )

    def _append(self, run: int, first: int, events: Sequence[bytes]) -> None:
        rows = [(run, position, data) for position, data in enumerate(events, first)]
        self._cursor.executemany(self._sql.append, rows)

    def _close_run(self, run: int, closing: Closing) -> None:
        """Deal with what a run that just ended leaves: its inbox, the next generation, the waiting parent."""
        if closing.next is not None:
            new = closing.next
            self._cursor.execute(
                self._sql.continue_as_new,
                {"run": run, "workflow": new.workflow, "version": new.version, "at": new.at},
            )
            following = self._inserted()
            self._append(following, 0, (new.started,))
            self._cursor.executemany(self._sql.deliver, [(following, False, data) for data in closing.carry])
            self._cursor.execute(self._sql.move_inbox, {"run": run, "next": following})
        self._cursor.execute(self._sql.empty_inbox, (run,))
        if closing.notify:
            ended = self._run(self._sql.get, (run,))
            if ended is not None and ended.parent is not None:
                self._send(Message(data=closing.notify, at=closing.at, number=ended.parent.run))

    def _conflicts(self, starts: Sequence[NewRun]) -> tuple[int, ...]:
        """Create runs, and name those that must be new and are not."""
        return tuple(new.position for new in starts if not self._create(new, None) and self._is_conflict(new))

    def _is_conflict(self, new: NewRun) -> bool:
        existing = self._run(self._sql.newest, (new.id,))
        # The same operation of the same run: this very start, done before.
        is_same = existing is not None and new.parent is not None and existing.parent == new.parent
        is_other = existing is not None and not same_name(existing, new.workflow)
        return (new.must_be_new or is_other) and not is_same

    def _undelivered(
        self, messages: Sequence[Message], deliver: Callable[[Message], bool]
    ) -> tuple[int, ...]:
        positions = [message.position for message in messages if not deliver(message)]
        return tuple(position for position in positions if position >= 0)

    def _create(self, new: NewRun, owner: str | None) -> bool:
        parent = new.parent
        self._cursor.execute(
            self._sql.create,
            {
                "id": new.id,
                "workflow": new.workflow,
                "version": new.version,
                "at": new.at,
                "owner": owner,
                "parent_run": None if parent is None else parent.run,
                "parent_position": None if parent is None else parent.position,
            },
        )
        if self._cursor.rowcount != 1:
            return False
        self._append(self._inserted(), 0, (new.started,))
        return True

    def _send(self, message: Message) -> bool:
        recipient = self._recipient(message)
        if recipient is None:
            return False
        self._cursor.execute(self._sql.deliver, (recipient, not message.id, message.data))
        self._cursor.execute(self._sql.wake, {"run": recipient, "at": message.at})
        return True

    def _has_recipient(self, message: Message) -> bool:
        return self._recipient(message) is not None

    def _recipient(self, message: Message) -> int | None:
        if message.id:
            rows = self._rows(self._sql.newest_recipient, (message.id,))
        else:
            rows = self._rows(self._sql.recipient, (message.number,))
        return rows[0][0] if rows else None

    def register(self, worker: str, expires: float) -> None:
        self._atomically(lambda: self._cursor.execute(self._sql.register, (worker, expires)))

    def unregister(self, worker: str) -> None:
        def work() -> None:
            self._cursor.execute(self._sql.unregister, (worker,))
            self._cursor.execute(self._sql.set_free, (worker,))

        self._atomically(work)

    def claim(self, worker: str, workflows: Sequence[str], now: float, limit: int) -> list[Claimed]:
        if limit <= 0:
            return []
        # This is polled: nothing is locked as long as there is nothing to do.
        wake = self.next_wake(workflows)
        if (wake is None or wake > now) and not self._gone(worker, now):
            return []
        return self._atomically(lambda: self._claim(worker, workflows, now, limit))

    def _claim(self, worker: str, workflows: Sequence[str], now: float, limit: int) -> list[Claimed]:
        for owner in self._gone(worker, now):
            self._cursor.execute(self._sql.set_free, (owner,))
            self._cursor.execute(self._sql.unregister, (owner,))
        self._cursor.execute(self._sql.forget_expired, (now, worker))
        due: list[tuple[float, int, int]] = []
        for workflow in dict.fromkeys(workflows):
            due += self._rows(self._sql.due, (workflow, now, limit))
        return [self._take(number, worker, bool(lost)) for _, number, lost in heapq.nsmallest(limit, due)]

    def _take(self, number: int, worker: str, lost: bool) -> Claimed:
        run = _as_run(self._rows(self._sql.claim, (worker, number))[0])
        inbox = self._rows(self._sql.run_inbox, (number,))
        return Claimed(run, tuple(self.history(number)), tuple(Delivered(*row) for row in inbox), lost)

    def _gone(self, worker: str, now: float) -> list[str]:
        """The owners of runs that will not come back, as far as one can tell."""
        return [
            owner
            for owner, expires in self._rows(self._sql.owners)
            if owner != worker and (expires is None or expires <= now or is_dead(owner))
        ]

    def inbox(self, worker: str) -> list[Delivered]:
        return [Delivered(*row) for row in self._rows(self._sql.inbox_of_owned, (worker,))]

    def changed(self) -> bool:
        before, self._version = self._version, self._data_version()
        return self._version != before

    def retry_problems(self, workflows: Sequence[str], now: float) -> None:
        values = {"workflows": _as_json(workflows), "now": now}
        self._atomically(lambda: self._cursor.execute(self._sql.retry_problems, values))

    def next_wake(self, workflows: Sequence[str]) -> float | None:
        wake: float | None = self._rows(self._sql.next_wake, (_as_json(workflows),))[0][0]
        return wake

    def _atomically(self, work: Callable[[], T]) -> T:
        """Do all of it in one transaction, or nothing."""
        try:
            try:
                self._execute("BEGIN IMMEDIATE")
                result = work()
                self._cursor.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, such as a full disk.
                if self._connection.in_transaction:
                    self._cursor.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        return result

    def _rows(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        try:
            return self._execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise explained(error, self.path) from error

    def _execute(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Execute a statement, and wait while another process has the file locked.

        Not as SQLite waits: its looks at the lock are so far apart that a process which commits all the time
        keeps all others out.
        """
        pause, deadline = _PAUSE, 0.0
        while True:
            try:
                return self._cursor.execute(statement, values)
            except sqlite3.OperationalError as error:
                now = time.monotonic()
                deadline = deadline or now + self._timeout
                if not is_locked(error) or self._connection.in_transaction or now >= deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.05, _LONGEST_PAUSE)

    def _run(self, statement: str, values: Sequence[object]) -> Run | None:
        rows = self._rows(statement, values)
        return _as_run(rows[0]) if rows else None

    def _inserted(self) -> int:
        number = self._cursor.lastrowid
        assert number is not None
        return number

    def _data_version(self) -> int:
        version: int = self._rows(self._sql.changes)[0][0]
        return version


def _as_run(row: Sequence[Any]) -> Run:
    *fields, parent_run, parent_position = row
    fields.append(None if parent_run is None else Parent(parent_run, parent_position))
    return Run(*fields)


def _as_json(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()
