"""A shop whose runs the command's tests look at, and the command as a process of its own."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """\
import asyncio
from dataclasses import dataclass

from runtime_min import Retry, child, query, signal, sleep, start, step, wait_signal, workflow

approved = signal("approved", bool)
note = signal("note", str)


@dataclass
class Order:
    id: str
    cents: int


@step
async def charge(order: Order, part: int) -> int:
    with open("charged.log", "a") as file:
        file.write(f"{order.id} {part}\\n")
    return order.cents // 2 + part


@step(retry=Retry(attempts=2, delay=0.01))
def ship(order: Order) -> str:
    raise LookupError(f"no truck for {order.id}")


async def pay(order: Order) -> int:
    total = 0
    for part in range(2):
        cents = await charge(order, part)
        total += cents
    return total


@workflow
async def receipt(order: Order) -> str:
    return f"receipt {order.id}"


@workflow
async def buy(order: Order) -> str:
    state = "new"

    @query
    def status() -> str:
        return state

    paid = await pay(order)
    state = "paid"
    both = await asyncio.gather(child(receipt, order), sleep(0.05))
    if not await wait_signal(approved):
        return "refused"
    state = "approved"
    handle = await start(receipt.options(id=f"again-{order.id}"), order)
    await handle.result()
    try:
        await ship(order)
    finally:
        await charge(order, 7)
    return f"{paid} {both[0]}"


@workflow
async def race(cents: int) -> int:
    order = Order("r", cents)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(wait(order), name="first")
        second = group.create_task(charge(order, 2))
    return first.result() + second.result()


async def wait(order: Order) -> int:
    await wait_signal(approved)
    return await charge(order, 1)
"""

_RUNS = """\
import asyncio

from runtime_min import Runtime
from shop import Order, approved, buy, note, race


async def main():
    async with Runtime("shop.sqlite") as runtime:
        done = await runtime.start(buy.options(id="done"), Order("done", 1000))
        while (await done.describe()).events < 9:
            await asyncio.sleep(0.01)
        await done.signal(approved, True)
        await asyncio.gather(done.result(), return_exceptions=True)
        waiting = await runtime.start(buy.options(id="waiting"), Order("waiting", 700))
        racing = await runtime.start(race.options(id="racing"), 10)
        await racing.signal(note, "hurry")
        while (await waiting.describe()).events < 9 or (await racing.describe()).events < 4:
            await asyncio.sleep(0.01)


asyncio.run(main())
"""


class Shop:
    """A directory with the module `shop` and the database `shop.sqlite`, and traces of all steps."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.module = directory / "shop.py"
        self.module.write_text(SOURCE, "utf-8")

    def make(self) -> None:
        """Run its workflows once, for real."""
        self.python(_RUNS)

    def python(self, program: str) -> None:
        """Run a program there."""
        done = self._process([sys.executable, "-c", program], "", {})
        assert done.returncode == 0, done.stderr

    def change(self, old: str, new: str) -> None:
        """Another version of the code."""
        source = self.module.read_text("utf-8")
        assert old in source
        self.module.write_text(source.replace(old, new), "utf-8")

    def line(self, text: str) -> int:
        """The number of the line that begins with this."""
        lines = self.module.read_text("utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))

    def command(
        self, *arguments: object, code: int = 0, app: bool = True, typed: str = "", **environment: str
    ) -> str:
        """Run `runtime-min` on the database, with commands for its prompt; returns all that it printed."""
        options = ["--db", "shop.sqlite", *(["--app", "shop"] if app else [])]
        done = self._process(
            [sys.executable, "-m", "runtime_min", *options, *map(str, arguments)], typed, environment
        )
        output = done.stdout + done.stderr
        # Recorded tracebacks are indented.
        assert "\nTraceback" not in f"\n{output}", output
        assert done.returncode == code, output
        return output

    def debug(self, *arguments: object, typed: list[str], code: int = 0) -> str:
        """Run `runtime-min debug` and type these commands, one after the other."""
        return self.command("debug", *arguments, typed="\n".join(typed) + "\n", code=code)

    def trace(self) -> tuple[str, list[str]]:
        """What steps did to the world, and all that the database holds."""
        connection = sqlite3.connect(self.directory / "shop.sqlite")
        try:
            return (self.directory / "charged.log").read_text("utf-8"), list(connection.iterdump())
        finally:
            connection.close()

    def _process(
        self, command: list[str], typed: str, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RUNTIME_MIN", "COLUMNS"))
        }
        return subprocess.run(
            command,
            cwd=self.directory,
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={**inherited, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        )


def answers(output: str) -> list[str]:
    """What was printed for each command that was typed at the prompt, the greeting first."""
    return [
        part.partition("\n")[2] if index else part
        for index, part in enumerate(re.split(r"^\((?:debug|pdb)\) ", output, flags=re.MULTILINE))
    ]
