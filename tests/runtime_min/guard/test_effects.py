"""What the catalog knows is refused, by whatever name and in whatever form it is called."""

# The lambdas are the workflows.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import datetime
import getpass
import glob
import io
import locale
import logging
import multiprocessing
import os
import platform
import queue
import random
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from datetime import date
from datetime import datetime as when
from functools import partial
from pathlib import Path
from time import sleep as nap
from typing import Any

import pytest

from runtime_min.guard import Guard
from tests.runtime_min.guard.running import refused, run

logger = logging.getLogger("shop")
random_system = random.SystemRandom()
a_queue: queue.Queue[int] = queue.Queue()
words = {"one", "two", "three"}
NAMES = ("HOME",)


class Worker(threading.Thread):
    pass


class OwnWorker(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)


class Seedless(random.Random):
    pass


class Special(datetime.datetime):
    pass


async def in_thread() -> None:
    await asyncio.to_thread(len, "")


async def subprocess_of_asyncio() -> None:
    await asyncio.create_subprocess_exec("true")


async def connection() -> None:
    await asyncio.open_connection("localhost", 1)


def clock_as_argument(clock: Callable[[], float] = time.time) -> float:
    return clock()


def sees_stdout() -> None:
    sys.stdout.write("x")


def spread_over_lines() -> float:
    return max(
        1.0,
        time.time(),
    )


EFFECTS: list[tuple[str, str, Callable[[], Any]]] = [
    ("clock", "time.time", lambda: time.time()),
    ("clock", "time.monotonic", lambda: time.monotonic()),
    ("clock", "time.perf_counter_ns", lambda: time.perf_counter_ns()),
    ("clock", "time.gmtime", lambda: time.gmtime()),
    ("clock", "time.localtime", lambda: time.localtime(0)),
    ("clock", "time.strftime", lambda: time.strftime("%Y")),
    ("clock", "datetime.datetime.now", lambda: datetime.datetime.now()),
    ("clock", "datetime.datetime.now", lambda: when.now(tz=datetime.UTC)),
    ("clock", "datetime.datetime.utcnow", lambda: getattr(when, "utcnow")()),  # noqa: B009
    ("clock", "datetime.date.today", lambda: date.today()),
    ("clock", "datetime.datetime.today", lambda: when.today()),
    ("clock", "datetime.datetime.now", lambda: Special.now()),
    ("clock", "time.time", clock_as_argument),
    ("clock", "time.time", spread_over_lines),
    ("random", "random.random", lambda: random.random()),
    ("random", "random.randint", lambda: random.randint(1, 2)),
    ("random", "random.choice", lambda: random.choice("ab")),
    ("random", "random.shuffle", lambda: random.shuffle([1])),
    ("random", "random.gauss", lambda: random.gauss(0, 1)),
    ("random", "random.seed", lambda: random.seed(1)),
    ("random", "random.Random", lambda: random.Random()),
    ("random", "random.Random", lambda: Seedless()),
    ("random", "random.SystemRandom", lambda: random.SystemRandom()),
    ("random", "secrets.token_hex", lambda: secrets.token_hex()),
    ("random", "random.SystemRandom.choice", lambda: secrets.choice("ab")),
    ("random", "os.urandom", lambda: os.urandom(1)),
    ("identity", "uuid.uuid4", lambda: uuid.uuid4()),
    ("identity", "uuid.uuid1", lambda: uuid.uuid1()),
    ("environment", "os.getenv", lambda: os.getenv("HOME")),
    ("environment", "os.environ.get", lambda: os.environ.get("HOME")),
    ("environment", "os.environ.items", lambda: os.environ.items()),
    ("environment", "os.environ.setdefault", lambda: os.environ.setdefault("HOME", "x")),
    ("environment", "os.environ.get", lambda: list(map(os.environ.get, NAMES))),
    ("environment", "os.getcwd", lambda: os.getcwd()),
    ("environment", "pathlib.Path.cwd", lambda: Path.cwd()),
    ("environment", "pathlib.Path.home", lambda: Path.home()),
    ("environment", "platform.node", lambda: platform.node()),
    ("environment", "locale.getlocale", lambda: locale.getlocale()),
    ("environment", "getpass.getuser", lambda: getpass.getuser()),
    ("environment", "socket.gethostname", lambda: socket.gethostname()),
    ("environment", "datetime.datetime.fromtimestamp", lambda: when.fromtimestamp(0)),
    ("environment", "datetime.datetime.astimezone", lambda: when(2024, 1, 1).astimezone()),
    ("filesystem", "open", lambda: open("x")),  # noqa: SIM115
    ("filesystem", "pathlib.Path.read_text", lambda: Path("x").read_text()),
    ("filesystem", "pathlib.Path.exists", lambda: Path("x").exists()),
    ("filesystem", "pathlib.Path.mkdir", lambda: Path("x").mkdir()),
    ("filesystem", "os.listdir", lambda: os.listdir()),
    ("filesystem", "os.path.exists", lambda: os.path.exists("x")),
    ("filesystem", "os.remove", lambda: os.remove("no such file")),
    ("filesystem", "shutil.rmtree", lambda: shutil.rmtree("no such directory")),
    ("filesystem", "glob.glob", lambda: glob.glob("*")),
    ("filesystem", "tempfile.mkdtemp", lambda: tempfile.mkdtemp()),
    ("filesystem", "tempfile.TemporaryDirectory", lambda: tempfile.TemporaryDirectory()),
    ("filesystem", "sqlite3.connect", lambda: sqlite3.connect("x")),
    ("network", "socket.socket", lambda: socket.socket()),
    ("network", "socket.create_connection", lambda: socket.create_connection(("localhost", 1))),
    ("network", "urllib.request.urlopen", lambda: urllib.request.urlopen("http://localhost:1")),
    ("network", "asyncio.open_connection", connection),
    ("process", "subprocess.run", lambda: subprocess.run(["true"], check=True)),
    ("process", "subprocess.Popen", lambda: subprocess.Popen(["true"])),
    ("process", "os.system", lambda: os.system("true")),
    ("process", "os.getpid", lambda: os.getpid()),
    ("process", "sys.exit", lambda: sys.exit()),
    ("process", "asyncio.create_subprocess_exec", subprocess_of_asyncio),
    ("thread", "threading.Thread", lambda: threading.Thread(target=print)),
    ("thread", "threading.Thread", lambda: Worker()),
    ("thread", "threading.Thread", lambda: OwnWorker()),
    ("thread", "threading.current_thread", lambda: threading.current_thread()),
    ("thread", "asyncio.to_thread", in_thread),
    ("thread", "concurrent.futures", lambda: concurrent.futures.ThreadPoolExecutor()),
    ("thread", "multiprocessing", lambda: multiprocessing.Process()),
    ("blocking", "time.sleep", lambda: time.sleep(9)),
    ("blocking", "time.sleep", lambda: nap(9)),
    ("blocking", "queue.Queue.get", lambda: a_queue.get()),
    ("console", "print", lambda: print("x")),
    ("console", "input", lambda: input("x")),
    ("console", "logging.info", lambda: logging.info("x")),
    ("console", "logging.Logger.info", lambda: logger.info("x")),
    ("console", "sys.stdout.write", sees_stdout),
    ("unordered", "set.pop", lambda: words.copy().pop()),
    ("dynamic-code", "eval", lambda: eval("time.time()")),
]

# What Python 3.11 does not tell a profile function: classes written in C, arguments, C code called by C code.
UNSEEN_ON_311: list[tuple[str, str, Callable[[], Any]]] = [
    ("identity", "hash", lambda: hash("x")),
    ("identity", "hash", lambda: hash(("x", 1))),
    ("identity", "hash", lambda: hash(date(2024, 1, 1))),
    ("identity", "hash", lambda: hash(object())),
    ("filesystem", "io.FileIO", lambda: io.FileIO("x")),
    ("thread", "threading.local", lambda: threading.local()),
    ("console", "print", lambda: list(map(print, "x"))),
    ("clock", "time.time", lambda: partial(time.time)()),
]


@pytest.mark.parametrize(("rule", "name", "function"), EFFECTS)
def test_an_effect_is_refused_at_the_call(
    guard: Guard, rule: str, name: str, function: Callable[[], Any]
) -> None:
    text = refused(guard, function)
    assert f"[{rule}]" in text
    assert f"`{name}" in text
    assert text.startswith(f"{__file__}:")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a profile function is not told of these")
@pytest.mark.parametrize(("rule", "name", "function"), UNSEEN_ON_311)
def test_what_only_monitoring_shows_is_refused(
    guard: Guard, rule: str, name: str, function: Callable[[], Any]
) -> None:
    text = refused(guard, function)
    assert f"[{rule}]" in text
    assert f"`{name}" in text


def test_what_one_object_may_do_another_may_not(guard: Guard) -> None:
    rng = random.Random(7)

    def with_a_seed() -> list[object]:
        number, integer, letter = rng.random, rng.randint, rng.choice
        return [rng.random(), rng.randint(1, 2), rng.choice("ab"), number(), integer(1, 2), letter("ab")]

    for _ in range(2):
        run(guard, with_a_seed)
    assert "`random.random" in refused(guard, lambda: random.random())
    assert "`random.randint" in refused(guard, lambda: random.randint(1, 2))
    assert "`random.SystemRandom.choice" in refused(guard, lambda: random_system.choice("ab"))
    mapping: collections.ChainMap[str, str] = collections.ChainMap({"HOME": ""})
    run(guard, lambda: mapping.get("HOME"))
    assert "`os.environ.get" in refused(guard, lambda: os.environ.get("HOME"))
