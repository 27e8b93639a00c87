"""What is asked often goes along an index, however many runs have ended and however many sleep."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from runtime_min.backend import Filter
from runtime_min.sqlite import SqliteBackend
from runtime_min.sqlite.statements import RUN_COLUMNS, Statements, statements
from tests.runtime_min.backends.samples import ANN, FOREVER, claim, message, new

LIST = {"state": "failed", "workflow": "buy", "prefix": "a", "before": 9, "limit": 100, "many": 9}

# How each is found; a scan would look at all runs.
PLANS: dict[str, tuple[Any, str]] = {
    "get": ((1,), "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)"),
    "newest": (("a",), "SEARCH run USING INDEX run_id (id=?)"),
    "newest_recipient": (("a",), "SEARCH run USING INDEX run_id (id=?)"),
    "find": (("a", 1), "SEARCH run USING INDEX run_id (id=? AND generation=?)"),
    "history": ((1, 0), "SEARCH event USING PRIMARY KEY (run=? AND position>?)"),
    "advance": ((1, 1, "", 1, 1, 1), "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)"),
    "due": (("buy", 1.0, 9), "SEARCH run USING INDEX run_due (workflow=? AND wake<?)"),
    "next_wake": (('["buy"]',), "SEARCH run USING INDEX run_due (workflow=? AND wake>?)"),
    "retry_problems": (
        {"workflows": '["buy"]', "now": 1.0},
        "SEARCH run USING INDEX run_problem (workflow=?)",
    ),
    "set_free": ((ANN,), "SEARCH run USING INDEX run_owner (owner=?)"),
    "run_inbox": ((1,), "SEARCH inbox USING INDEX inbox_run (run=?)"),
    "list_state": (LIST, "SEARCH run USING INDEX run_state (state=? AND rowid<?)"),
    "list_workflow": (LIST, "SEARCH run USING INDEX run_workflow (workflow=? AND state=? AND rowid<?)"),
    "list_workflow_state": (LIST, "SEARCH run USING INDEX run_workflow (workflow=? AND state=? AND rowid<?)"),
    "is_rare": (LIST, "SEARCH run USING COVERING INDEX run_id (id>? AND id<?)"),
    "list_rare_prefix": (LIST, "SEARCH run USING INDEX run_id (id>? AND id<?)"),
}


def plan(backend: SqliteBackend, name: str, values: Any) -> list[str]:
    rows = backend._connection.execute(f"EXPLAIN QUERY PLAN {getattr(statements(), name)}", values)
    return [row[3] for row in rows]


def ways(backend: SqliteBackend, name: str, values: Any) -> set[str]:
    """How a statement gets at the rows of our tables."""
    return {
        step for step in plan(backend, name, values) if re.match("(SEARCH|SCAN) (run|event|inbox)( |$)", step)
    }


@pytest.mark.parametrize("name", PLANS)
def test_a_statement_goes_along_its_index(sqlite: SqliteBackend, name: str) -> None:
    values, expected = PLANS[name]
    assert ways(sqlite, name, values) == {expected}


@pytest.mark.parametrize("name", ["due", "list_state", "list_workflow", "list_workflow_state", "newest"])
def test_what_the_index_sorts_is_not_sorted_again(sqlite: SqliteBackend, name: str) -> None:
    assert not [step for step in plan(sqlite, name, PLANS[name][0]) if "TEMP B-TREE" in step]


def test_each_owner_is_looked_up_once(sqlite: SqliteBackend) -> None:
    found = ways(sqlite, "owners", ())
    assert found
    assert all(way.startswith("SEARCH run USING COVERING INDEX run_owner") for way in found)


def test_every_statement_can_be_prepared(sqlite: SqliteBackend) -> None:
    for name in Statements.__struct_fields__:
        statement = getattr(statements(), name)
        assert "--" not in statement
        columns = statement.count("?")
        names: Any = dict.fromkeys(re.findall(r":(\w+)", statement))
        sqlite._connection.execute(f"EXPLAIN {statement}", (None,) * columns or names)
    assert len(RUN_COLUMNS.split(", ")) == 15


def seconds(work: Callable[[], object]) -> float:
    """The best of some, since others use the machine too."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def test_a_million_runs_slow_nothing_down(sqlite: SqliteBackend) -> None:
    """Each takes microseconds; without its index, it would be a hundred milliseconds and more."""
    sqlite._connection.execute("PRAGMA synchronous = OFF")
    sqlite._atomically(lambda: _fill(sqlite, ended=1_000_000, sleeping=100_000))
    sqlite.register(ANN, FOREVER)
    assert sum(sqlite.counts().values()) == 1_100_000
    looks: dict[str, Callable[[], object]] = {
        "idle claim": lambda: claim(sqlite, ANN, now=1.0),
        "claim": lambda: claim(sqlite, ANN, now=FOREVER - 1, limit=1),
        "next wake": lambda: sqlite.next_wake(["buy", "sell"]),
        "counts": sqlite.counts,
        "find": lambda: sqlite.find("ended 77777"),
        "create": lambda: sqlite.create(new("ended 77777")),
        "create new": lambda: sqlite.create(new(f"new {time.perf_counter()}", at=FOREVER)),
        "send": lambda: sqlite.send(message("a", id="sleeping 5")),
        "all": lambda: sqlite.runs(Filter()),
        "page": lambda: sqlite.runs(Filter(before=500_000)),
        "state": lambda: sqlite.runs(Filter(state="running")),
        "rare state": lambda: sqlite.runs(Filter(state="failed")),
        "workflow": lambda: sqlite.runs(Filter(workflow="buy", before=500_000)),
        "both": lambda: sqlite.runs(Filter(workflow="sell", state="failed")),
        "frequent prefix": lambda: sqlite.runs(Filter(id_prefix="ended ")),
        "rare prefix": lambda: sqlite.runs(Filter(id_prefix="ended 7777", state="completed")),
    }
    taken = {name: seconds(work) for name, work in looks.items()}
    # A hundred thousand newer runs are read before the first of these.
    assert taken.pop("frequent prefix") < 0.5
    assert {name for name, time in taken.items() if time > 0.02} == set()


def _fill(backend: SqliteBackend, ended: int, sleeping: int) -> None:
    """Many runs in one statement; each 1,000th failed."""
    columns = "id, generation, workflow, version, state, created, closed, wake, token, events, problem"
    backend._cursor.execute(
        f"WITH n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT {ended}) "
        f"INSERT INTO run ({columns}) SELECT 'ended ' || n, 0, iif(n % 2, 'buy', 'sell'), '', "
        "iif(n % 1000, 'completed', 'failed'), n, n, NULL, 1, 1, '' FROM n"
    )
    backend._cursor.execute(
        f"WITH n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT {sleeping}) "
        f"INSERT INTO run ({columns}) SELECT 'sleeping ' || n, 0, 'buy', '', "
        "'running', n, NULL, 1000.0 + n, 1, 1, '' FROM n"
    )
