"""Lets a child process work on something while this process, a type checker's or linter's, does its own work.

    child = Child("package.module:function")      # which starts to make an object at once, in the child
    child.tell("prepare")                         # run by it when it has time
    answer = child.ask("method", argument)        # waits, if need be, until the object is there

Arguments and answers are pickled, which is safe here: only this process and its child know the pipes.
Whatever goes wrong in the child (an exception, too) ends it, and `ask` raises GoneError: then the same is to
be done here, where what is wrong shows as it does without a child. A child ends as soon as nobody can ask it
any more, also if this process is killed. It writes nothing to the terminal and reads nothing from it.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import time
from _thread import interrupt_main
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from threading import Thread, Timer
from typing import Any, BinaryIO

from color_checker import processors

#: Without the working directory in its search path (-P), where a file `random.py` of the checked project
#: would be taken for Python's own. Where else this process may import from comes last.
_PROGRAM = """\
import sys
sys.path += [path for path in sys.argv[2:] if path not in sys.path]
from color_checker.ahead import serve
serve(sys.argv[1])
"""

#: Seconds until an answer is waited for no longer. No project that was tried takes a hundredth of that, but
#: a child may have been stopped, or wait for workers that were forked while somebody held a lock.
LIMIT = 1800.0

#: Seconds that a child has to come to an end in good order.
_PATIENCE = 5.0

_Request = tuple[str, tuple[object, ...], bool]


class GoneError(Exception):
    """The child gives no answers any more."""


def is_of_use() -> bool:
    """Whether a child would have a processor for itself."""
    if not sys.executable or getattr(sys, "frozen", False):
        return False  # there is no Python that could be started
    return processors.available() > 1


class Child:
    """An object in a process of its own, as the one that made it asks for it."""

    def __init__(self, factory: str) -> None:
        """`factory`: the module and, after a colon, the name of a function without parameters.

        Raises OSError if there can be no process.
        """
        # No console window of its own on Windows, where the parent may be an editor's.
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, factory, *map(os.path.abspath, sys.path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, creationflags=flags,
        )  # fmt: skip

    def ask(self, method: str, *arguments: object) -> Any:
        """What the object's method returns. Raises GoneError, also if nothing is heard for half an hour."""
        # Not a wait with a limit: Windows has none for pipes, and half of an answer may have come.
        limit = Timer(LIMIT, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            self._send((method, arguments, True))
            assert self._process.stdout is not None
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.close()
            raise GoneError from None
        finally:
            limit.cancel()

    def tell(self, method: str, *arguments: object) -> None:
        """Have the method called, and do not wait for it. Raises GoneError."""
        self._send((method, arguments, False))

    def _send(self, request: _Request) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(pickle.dumps(request))
            pipe.flush()
        except (OSError, ValueError):  # ValueError: it was closed before
            self.close()
            raise GoneError from None

    def close(self) -> None:
        """End the child, which may be in the middle of something."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what could not be written before is of no interest any more
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(2 * _PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_process") and not sys.is_finalizing():
            self.close()


# -- in the child ---------------------------------------------------------------------------------


def serve(factory: str) -> None:
    """Make the object, and answer requests until there can be no more."""
    processors.reserved = 1  # for the parent
    requests, answers = _own_pipes()
    pending: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
    # A daemon: it may be waiting for a request when the process ends.
    Thread(target=_receive, args=(requests, pending), daemon=True).start()
    with suppress(Exception, KeyboardInterrupt):  # the parent sees that there is no answer, and finds out why
        _answer(_made(factory), pending, answers)
    os._exit(0)  # an analysis has a million objects, which would be taken apart one by one


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to and from the parent, out of reach for whatever else reads or writes in this process."""
    pipes = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    if hasattr(os, "register_at_fork"):
        # Else a process that was forked to extract facts would keep them open after this one's end.
        os.register_at_fork(after_in_child=lambda: _close(pipes))
    return os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb")


def _close(pipes: tuple[int, int]) -> None:
    for pipe in pipes:
        os.close(pipe)


def _receive(requests: BinaryIO, pending: queue.SimpleQueue[_Request | None]) -> None:
    """Take requests, also while the process is at work: only so is it seen that there will be no more."""
    try:
        while True:
            pending.put(pickle.load(requests))
    except (EOFError, OSError, pickle.UnpicklingError):
        pending.put(None)
        # Not the end at once: the processes that the analysis has started are to end, too.
        interrupt_main()
        time.sleep(_PATIENCE)
        os._exit(1)


def _made(factory: str) -> object:
    module, _, name = factory.partition(":")
    make: Callable[[], object] = getattr(import_module(module), name)
    return make()


def _answer(subject: object, pending: queue.SimpleQueue[_Request | None], answers: BinaryIO) -> None:
    while (request := pending.get()) is not None:
        method, arguments, wanted = request
        answer = getattr(subject, method)(*arguments)
        if wanted:
            answers.write(pickle.dumps(answer))
            answers.flush()
