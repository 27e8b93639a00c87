"""A language server: findings, colors and fixes where the code is written."""

from __future__ import annotations

import os
import sys

from color_checker.lsp.features import server

__all__ = ["serve"]


def serve() -> None:
    """Serve one editor on standard input and output, until it says that it is over. Ends the process.

    As the protocol wants it: with 0 if the editor has asked to shut down before, else with 1.
    """
    ls = server()
    ls.start_io()
    sys.stderr.flush()
    # Nobody waits for an analysis that is under way, nor for the thread that still reads.
    os._exit(0 if ls.was_shut_down else 1)
