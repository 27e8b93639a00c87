"""The web server of the dashboard: turns requests into questions, and answers into responses.

- `GET /` and the files of the page: no data is in them, so they need no token.
- `GET /api/about`: what the forms offer; `/api/runs`: a part of the list; `/api/run`: a run and what it did;
  `/api/entry`: one thing that it did.
- `POST /api/signal`, `/api/cancel`: a message for a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from runtime_min.codec import Codec, JsonCodec
from runtime_min.dashboard.desk import (
    Cancelling,
    Desk,
    EntryQuestion,
    Missing,
    Problem,
    RunQuestion,
    RunsQuestion,
    Sending,
    Unfit,
)
from runtime_min.dashboard.gate import Gate, Refusal, body_length, in_url, is_loopback
from runtime_min.errors import RuntimeMinError, StorageError, StorageUnavailable
from runtime_min.sqlite import SqliteBackend

T = TypeVar("T")

logger = logging.getLogger(__name__)

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class DashboardError(RuntimeMinError):
    """The page cannot be served; the message says why."""


class Dashboard:
    """A server that is bound and ready; requests are answered as soon as `serve_forever` runs.

    Attributes:
        token: what a request must carry.
        port: on which it listens.

    Raises:
        DashboardError: not on that host or port, or there is no such file.
        StorageError: the database cannot be used.
    """

    def __init__(
        self,
        database: str | os.PathLike[str],
        *,
        codec: Codec | None = None,
        host: str = "127.0.0.1",
        port: int = 8735,
        is_typed: bool = False,
    ) -> None:
        if not is_loopback(host):
            raise DashboardError(f"{host}: the dashboard is served on loopback only, such as 127.0.0.1")
        if not Path(database).exists():
            raise DashboardError(f"{os.fspath(database)}: no such file")
        self.token = secrets.token_urlsafe(32)
        self._host = "127.0.0.1" if host == "localhost" else host
        name = Path(database).name
        with contextlib.ExitStack() as opened:
            reading = opened.enter_context(contextlib.closing(SqliteBackend(database)))
            sending = opened.enter_context(contextlib.closing(SqliteBackend(database)))
            self._desk = Desk(name, reading, sending, codec or JsonCodec(), is_typed=is_typed)
            self._server = self._listen(port)
            opened.pop_all()
        self.port: int = self._server.server_address[1]
        self._server.gate = Gate(self._host, self.port, self.token)
        self._server.desk = self._desk

    @property
    def origin(self) -> str:
        """Where the page is, without the token."""
        return f"http://{in_url(self._host)}:{self.port}"

    @property
    def url(self) -> str:
        """Where the page is. The token is in the fragment, which browsers send to nobody."""
        return f"{self.origin}/#token={self.token}"

    def serve_forever(self) -> None:
        """Answer requests until `close`, or an interrupt."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> threading.Thread:
        """Answer requests in a thread, until `close`."""
        self._server.is_serving = True  # also for a `close` that comes before the thread does
        thread = threading.Thread(target=self.serve_forever, name="runtime_min dashboard", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Stop, from another thread than the one that serves or after it has been interrupted."""
        self._server.stop()
        self._desk.close()

    def _listen(self, port: int) -> _Server:
        try:
            return _Server(self._host, port)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise DashboardError(f"{in_url(self._host)}:{port}: {reason}; choose another port") from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of connections that are kept open would be waited for.
    block_on_close = False
    # On Windows that option lets others take the port over.
    allow_reuse_address = os.name == "posix"
    gate: Gate
    desk: Desk

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.birth = secrets.token_hex(4)
        self.is_serving = False
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without the base class's look-up of the machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        self.is_serving = True
        try:
            super().serve_forever(poll_interval)
        finally:
            self.is_serving = False

    def stop(self) -> None:
        # `shutdown` waits for a loop to end, for ever if none runs.
        if self.is_serving:
            self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is no news."""
        logger.debug("connection of %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "runtime_min"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        self._respond(self._get)

    def do_HEAD(self) -> None:
        self._respond(self._get)

    def do_POST(self) -> None:
        self._respond(self._post)

    def do_other(self) -> None:
        self._respond(self._refuse_method)

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_other  # noqa: N815

    def _respond(self, answer: Callable[[str, dict[str, str]], None]) -> None:
        """Answer, whatever happens; what went wrong inside is for the log and not for the network."""
        try:
            self.server.gate.check_sender(self.headers)
            address = urlsplit(self.path)
            answer(address.path, dict(parse_qsl(address.query, keep_blank_values=True, max_num_fields=20)))
        except Refusal as refusal:
            self._error(refusal.status, refusal.message, refusal.headers)
        except Missing as missing:
            self._error(HTTPStatus.NOT_FOUND, str(missing))
        except Unfit as unfit:
            self._error(HTTPStatus.BAD_REQUEST, str(unfit))
        except Problem as problem:
            self._error(HTTPStatus.CONFLICT, str(problem))
        except (msgspec.MsgspecError, ValueError) as error:
            self._error(HTTPStatus.BAD_REQUEST, str(error))
        except StorageUnavailable as error:
            message = f"the database cannot be used at the moment: {error}"
            self._error(HTTPStatus.SERVICE_UNAVAILABLE, message, {"Retry-After": "1"})
        except StorageError as error:
            self._error(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            logger.exception("%s %s", self.command, urlsplit(self.path).path)
            self._error(HTTPStatus.INTERNAL_SERVER_ERROR, "that went wrong; the server's log says more")

    def _get(self, path: str, query: dict[str, str]) -> None:
        file = files().get(path)
        if file is not None:
            self._send_if_new(file.tag, lambda: file.data, file.type)
            return
        self._check_path(path, "GET, HEAD")
        self.server.gate.check_token(self.headers)
        desk = self.server.desk
        match path:
            case "/api/runs":
                runs = _asked(query, RunsQuestion)
                self._send_if_new(desk.version(), lambda: desk.runs(runs))
            case "/api/run":
                run = _asked(query, RunQuestion)
                self._send_if_new(desk.version_of(run), lambda: desk.run(run))
            case "/api/entry":
                self._send(HTTPStatus.OK, desk.entry(_asked(query, EntryQuestion)))
            case _:
                self._send(HTTPStatus.OK, desk.about())

    def _post(self, path: str, query: dict[str, str]) -> None:
        self._check_path(path, "POST")
        # The token is looked at before a byte of the body is.
        self.server.gate.check_token(self.headers)
        body = self._body()
        if path == "/api/signal":
            self.server.desk.signal(msgspec.json.decode(body, type=Sending))
        else:
            self.server.desk.cancel(msgspec.json.decode(body, type=Cancelling))
        self._send(HTTPStatus.OK, {"sent": True})

    def _refuse_method(self, path: str, query: dict[str, str]) -> None:
        self._check_path(path, "")

    def _check_path(self, path: str, allowed: str) -> None:
        """Whether there is such a path, and it takes these methods."""
        known = _METHODS.get(path) or ("GET, HEAD" if path in files() else "")
        if not known:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is nothing of that name")
        if known != allowed:
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"this takes {known} only", Allow=known)

    def _body(self) -> bytes:
        length = body_length(self.headers)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the body is shorter than announced")
        self._body_is_read = True
        return body

    _body_is_read = False

    def _send_if_new(self, tag: str, make: Callable[[], object], type: str = "application/json") -> None:
        """Send what has changed since the browser got its copy, and else only say that it has not."""
        # An earlier server on the same port counted, too.
        tag = f'"{self.server.birth}-{tag}"'
        if self.headers.get("If-None-Match", "").strip() == tag:
            self._send(HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag}, type)
        else:
            self._send(HTTPStatus.OK, make(), {"ETag": tag}, type)

    def _send(
        self,
        status: HTTPStatus,
        content: object,
        headers: Mapping[str, str] | None = None,
        type: str = "application/json",
    ) -> None:
        data = content if isinstance(content, bytes) else msgspec.json.encode(content)
        self.send_response(status)
        for name, value in {**_HEADERS, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store" if type == "application/json" else "no-cache")
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", f"{type}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(data)

    def _error(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        # A body that was not read would be taken for the next request.
        has_body = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        if has_body and not self._body_is_read:
            self.close_connection = True
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._send(status, {"error": message}, headers)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class cannot read; its own answer would be a page with the request in it."""
        self.close_connection = True
        status = HTTPStatus(code)
        if not hasattr(self, "command") or self.command is None:
            self.command = ""
        if self.request_version == "HTTP/0.9":
            self.request_version = "HTTP/1.1"
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._send(status, {"error": status.phrase})

    def log_message(self, format: str, *args: Any) -> None:
        """For those who ask for it; paths are left out by `log_request`, since they name runs."""
        logger.debug(format, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logger.debug("%s %s", self.command, code)


_METHODS: dict[str, str] = {
    "/api/about": "GET, HEAD",
    "/api/runs": "GET, HEAD",
    "/api/run": "GET, HEAD",
    "/api/entry": "GET, HEAD",
    "/api/signal": "POST",
    "/api/cancel": "POST",
}


class File(msgspec.Struct, frozen=True):
    """A file of the page."""

    data: bytes
    type: str
    tag: str


@cache
def files() -> Mapping[str, File]:
    """The files of the page by their paths."""
    found: dict[str, File] = {}
    for item in resources.files(__package__).iterdir():
        media = _TYPES.get(Path(item.name).suffix)
        if media is not None:
            data = item.read_bytes()
            found[f"/{item.name}"] = File(data, media, hashlib.sha256(data).hexdigest()[:24])
    found["/"] = found.pop("/page.html")
    return found


def _asked(query: dict[str, str], type: type[T]) -> T:
    """A question as it stands in an address, where everything is text."""
    return msgspec.convert(query, type, strict=False)
