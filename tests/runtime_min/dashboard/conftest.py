"""A dashboard on a database with runs, and requests to it."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runtime_min.dashboard import Dashboard
from tests.runtime_min.dashboard import flows
from tests.runtime_min.dashboard.browser import CHROMIUM, Browser


class Answer(NamedTuple):
    """A response; `content` is its JSON, or its text where it is none."""

    status: int
    content: Any
    headers: Mapping[str, str]


class Client:
    """Sends requests as it is told to, right or wrong."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self.host = f"127.0.0.1:{dashboard.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, {"Authorization": f"Bearer {self.dashboard.token}", **headers})

    def post(self, path: str, body: object, **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        usual = {
            "Authorization": f"Bearer {self.dashboard.token}",
            "Content-Type": "application/json",
            "Origin": f"http://{self.host}",
        }
        return self.send("POST", path, {**usual, **headers}, data)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Exactly this; `Host` and `Content-Length` are added unless they are given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.dashboard.port, timeout=10)
        given = {"Host": self.host, **headers}
        if body is not None and "Transfer-Encoding" not in given:
            given.setdefault("Content-Length", str(len(body)))
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            data = response.read()
            content = json.loads(data) if data and response.headers.get_content_subtype() == "json" else data
            return Answer(response.status, content, dict(response.headers.items()))
        finally:
            connection.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dashboard") / "runs.sqlite"
    flows.fill(path)
    return path


@pytest.fixture
def database(filled: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    path = tmp_path / "runs.sqlite"
    shutil.copy(filled, path)
    return path


@pytest.fixture
def dashboard(database: Path) -> Iterator[Dashboard]:
    made = Dashboard(database, port=0)
    made.start()
    yield made
    made.close()


@pytest.fixture
def client(dashboard: Dashboard) -> Client:
    return Client(dashboard)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A page at the usual width; at the end it must not have complained of anything."""
    chromium.resize(1400, 900)
    chromium.dark(False)
    chromium.complaints.clear()
    yield chromium
    chromium.open("about:blank")
    assert chromium.complaints == []
