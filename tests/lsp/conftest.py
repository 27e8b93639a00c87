"""A server process for each test, and a folder with a small project."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from pytest_lsp import ClientServerConfig

from tests.lsp.editor import HELPER, WORKFLOW, Client, Editor

_SERVER = ClientServerConfig(
    server_command=[sys.executable, "-m", "color_checker", "lsp"], client_factory=Client
)


@pytest_lsp.fixture(config=_SERVER)
async def client(lsp_client: Client) -> AsyncIterator[None]:
    """A client with its server, which is shut down in the end as the protocol wants it."""
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: Client, tmp_path: Path) -> Editor:
    """An editor that has not been started yet, and a workflow that reads the clock in another file."""
    editor = Editor(client, tmp_path)
    editor.write("flow.py", WORKFLOW)
    editor.write("helper.py", HELPER)
    return editor
