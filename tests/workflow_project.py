"""A small project with every color and kind of call, for the tests of `graph` and `why`."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "app/__init__.py": "",
    "app/steps.py": """\
import smtplib

from temporalio import activity


@activity.defn
async def send(address: str) -> None:
    connect().quit()


def connect() -> smtplib.SMTP:
    return smtplib.SMTP("mail")
""",
    "app/rates.py": """\
import time


def today() -> float:
    return rate(time.time())


def rate(now: float) -> float:
    return now


def unused() -> float:
    return today()
""",
    "app/flows.py": """\
import asyncio
from datetime import timedelta

from temporalio import workflow

from app import rates, steps
from app.unknown import mystery


@workflow.defn
class Child:
    @workflow.run
    async def run(self) -> float:
        return await asyncio.sleep(1, rates.rate(2))


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, address: str) -> None:
        def price() -> float:
            return rates.today()

        price()
        mystery.go()
        await workflow.execute_activity(steps.send, address, start_to_close_timeout=timedelta(1))
        await workflow.execute_child_workflow(Child.run)


# color: pure
def double(number: int) -> int:
    return 2 * number
""",
    "app/main.py": """\
from temporalio.client import Client

from app import flows, steps


async def start(client: Client) -> None:
    await client.start_workflow(flows.Trial.run, "a", id="1", task_queue="q")
    await client.start_workflow("Child", id="2", task_queue="q")


async def test() -> None:
    await steps.send("a")
""",
}


def write(directory: Path) -> None:
    """Put the project into the directory."""
    for name, text in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
