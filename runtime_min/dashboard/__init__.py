"""The dashboard: a web page, served on loopback only, that shows the runs of a database and talks to them."""

from __future__ import annotations

import contextlib
import html
import importlib
import os
import tempfile
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from runtime_min.codec import Codec
from runtime_min.dashboard.server import Dashboard, DashboardError


def serve(
    database: str,
    *,
    apps: Sequence[str] = (),
    codec: Codec | None = None,
    host: str = "127.0.0.1",
    port: int = 8735,
    open_browser: bool = False,
) -> None:
    """Serve the page until interrupted, and print its address, which holds the token that it asks for.

    Args:
        database: an existing file.
        apps: modules that define signals, whose types are then checked before one is sent.
        codec: how values are stored.
        host: an address of this machine that only this machine can reach.
        port: 0 for any that is free.
        open_browser: also show the page.

    Raises:
        DashboardError: it cannot be served there, or a module cannot be imported.
        StorageError: the database cannot be used.
    """
    for app in apps:
        _load(app)
    dashboard = Dashboard(database, codec=codec, host=host, port=port, is_typed=bool(apps))
    with contextlib.closing(dashboard), contextlib.suppress(KeyboardInterrupt):
        click.echo(dashboard.url)
        with _shown(dashboard.url) if open_browser else contextlib.nullcontext():
            dashboard.serve_forever()


def _load(app: str) -> None:
    try:
        importlib.import_module(app)
    except Exception as error:
        raise DashboardError(f"{app}: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def _shown(url: str) -> Iterator[None]:
    """Show the page by way of a file that only its owner can read.

    The arguments of a browser's process can be read by every user of the machine, and the token is for one.
    """
    handle, name = tempfile.mkstemp(prefix="runtime_min-", suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={html.escape(url)}">')
        webbrowser.open(Path(name).as_uri())
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


__all__ = ["Dashboard", "DashboardError", "serve"]
