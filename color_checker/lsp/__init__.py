"""A language server: findings, colors and fixes where the code is written."""

from __future__ import annotations

from color_checker.lsp.server import server

__all__ = ["serve"]


def serve() -> None:
    """Serve one editor on standard input and output, until it says that it is over."""
    server().start_io()
