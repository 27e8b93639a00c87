"""What all measurements share: where databases lie, rounds that take turns, and how figures are printed."""

from __future__ import annotations

import gc
import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from runtime_min.sqlite import SqliteBackend

Synchronous: TypeAlias = Literal["FULL", "NORMAL"]
MODES: tuple[Synchronous, ...] = ("FULL", "NORMAL")
MEGABYTE = 1024 * 1024

_files = count()


class Timed(NamedTuple):
    """So many things done in so many seconds, of wall time and of this process's processor time."""

    number: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.number / self.seconds

    @property
    def cost(self) -> float:
        """Processor time of one, in microseconds."""
        return self.cpu / self.number * 1e6


class Setting(NamedTuple):
    """How a measurement is asked to go about it.

    Attributes:
        folder: for databases; empty at first.
        short: only see whether it works.
        times: how many rounds.
    """

    folder: Path
    short: bool
    times: int
    options: Mapping[str, str | None]

    def size(self, usual: int, short: int) -> int:
        """How many things to do."""
        return short if self.short else usual

    def file(self, name: str) -> Path:
        """The path of a new database."""
        return self.folder / f"{name}-{next(_files)}.sqlite"

    @contextmanager
    def backend(self, name: str, synchronous: Synchronous) -> Iterator[SqliteBackend]:
        """A new database, which is removed afterwards."""
        path = self.file(name)
        backend = SqliteBackend(path, synchronous=synchronous)
        try:
            yield backend
        finally:
            backend.close()
            remove(path)


@contextmanager
def stopwatch(times: list[Timed], number: int) -> Iterator[None]:
    """Append how long the block takes that does so many things."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    yield
    times.append(Timed(number, time.perf_counter() - start, time.process_time() - used))


def remove(path: Path) -> None:
    """Remove a database."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def in_turns(rounds: int, measures: Mapping[str, Callable[[], Timed]]) -> dict[str, list[Timed]]:
    """Measure each in each round, so that what else the machine does meets all of them."""
    found: dict[str, list[Timed]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def show(found: Mapping[str, Sequence[Timed]], unit: str, base: str | None = None) -> None:
    """Print rates: the best and the median, the processor time of one, and the ratio to the base's.

    The ratio of the best is followed by the median of the rounds' ratios.
    """
    for name, times in found.items():
        rates = [one.rate for one in times]
        cost = min(one.cost for one in times)
        text = f"{max(rates):>12,.0f}{statistics.median(rates):>12,.0f}{cost:>10,.1f}"
        if base is not None and name != base:
            others = [one.rate for one in found[base]]
            ratios = [mine / other for mine, other in zip(rates, others, strict=True)]
            text += f"{max(rates) / max(others):>9.2f} x{statistics.median(ratios):>7.2f} x"
        print(f"{name:<44}{text}  {unit}", flush=True)


def heading(title: str, *, ratio_to: str = "") -> None:
    """Print a title, with those of the columns of `show`."""
    ratios = f"{'ratio':>11}{'median':>9}  to {ratio_to}" if ratio_to else ""
    print(f"\n{title:<44}{'best/s':>12}{'median/s':>12}{'cpu us':>10}{ratios}")


def show_latencies(name: str, seconds: Sequence[float]) -> None:
    """Print percentiles in milliseconds."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    print(f"{name:<44}{p50 * 1000:>10.3f}{p99 * 1000:>10.3f}{ordered[-1] * 1000:>10.3f}", flush=True)


def latency_heading(title: str) -> None:
    """Print a title, with those of the columns of `show_latencies`."""
    print(f"\n{title:<44}{'p50 ms':>10}{'p99 ms':>10}{'most ms':>10}")


def tell(name: str, text: str) -> None:
    """Print one figure."""
    print(f"{name:<44}{text:>12}", flush=True)


def loads() -> str:
    """The machine's load, as `uptime` tells it."""
    return ", ".join(f"{load:.2f}" for load in os.getloadavg())


def commits(setting: Setting, synchronous: Synchronous, number: int, size: int) -> Timed:
    """SQLite alone: transactions that insert one row of so many bytes each."""
    path = setting.file("plain")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE plain (number INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    data = os.urandom(size)
    times: list[Timed] = []
    with stopwatch(times, number):
        for _ in range(number):
            connection.execute("INSERT INTO plain (data) VALUES (?)", (data,))
    connection.close()
    remove(path)
    return times[0]
