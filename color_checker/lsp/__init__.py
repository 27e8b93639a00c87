"""A language server: findings, colors and fixes where the code is written."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import BinaryIO

from color_checker.lsp.features import server

__all__ = ["serve"]


def serve() -> None:
    """Serve one editor on standard input and output, until it says that it is over. Ends the process.

    As the protocol wants it: with 0 if the editor has asked to shut down before, else with 1.
    """
    ls = server()
    ls.start_io(*_taken_streams())
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.kill()
    # Nobody waits for an analysis that is under way, nor for the thread that still reads.
    os._exit(0 if ls.was_shut_down else 1)


def _taken_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output, with nothing left in their place for others to use.

    The first analysis of a large project forks processes that parse. Each closes what it thinks is its
    standard input, and would wait forever for the lock that the reading thread holds at that moment.
    And what anybody prints must not get between the messages.
    """
    streams = os.fdopen(os.dup(sys.stdin.fileno()), "rb"), os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - it stays open
    sys.stdout = sys.stderr
    return streams
