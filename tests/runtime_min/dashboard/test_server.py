"""The dashboard's server: who is answered, and with what."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from runtime_min.backend import Filter
from runtime_min.codec import JsonCodec, SealedCodec
from runtime_min.dashboard import Dashboard, DashboardError
from runtime_min.dashboard.gate import LONGEST_BODY
from runtime_min.errors import StorageError
from runtime_min.history import History
from runtime_min.journal import Received, decode
from runtime_min.sqlite import SqliteBackend
from tests.runtime_min.dashboard import flows
from tests.runtime_min.dashboard.conftest import Client

READS = ("/api/about", "/api/runs", "/api/run?id=trial-1", "/api/entry?id=trial-1&generation=0&key=span+0")
ORDERS = {
    "/api/signal": {"id": "approval-1", "name": "approved", "value": "true"},
    "/api/cancel": {"id": "approval-1"},
}


def inbox(database: Path, id: str) -> list[Received]:
    """What was sent to a run and is not consumed yet."""
    backend = SqliteBackend(database)
    try:
        run = backend.find(id)
        assert run is not None
        rows = backend._rows("SELECT data FROM inbox WHERE run = ? ORDER BY row", (run.number,))
    finally:
        backend.close()
    found = [decode(data) for (data,) in rows]
    assert all(isinstance(event, Received) for event in found)
    return found  # type: ignore[return-value]


# Who is answered


@pytest.mark.parametrize("path", READS)
def test_reading_needs_the_token(client: Client, path: str) -> None:
    assert client.get(path).status == 200
    for wrong in (
        "",
        "Bearer",
        "Bearer wrong",
        f"Basic {client.dashboard.token}",
        f"Bearer {client.dashboard.token}x",
    ):
        answer = client.get(path, Authorization=wrong)
        assert answer.status == 401
        assert list(answer.content) == ["error"]


def test_a_token_with_strange_characters_is_only_wrong(client: Client) -> None:
    assert client.get("/api/runs", Authorization="Bearer \xff\xfe").status == 401


@pytest.mark.parametrize("path", ORDERS)
def test_nothing_is_sent_without_the_token(client: Client, database: Path, path: str) -> None:
    for wrong in ("", "Bearer wrong"):
        assert client.post(path, ORDERS[path], Authorization=wrong).status == 401
    assert client.send("POST", f"{path}?token={client.dashboard.token}", {}, b"{}").status == 401
    assert inbox(database, "approval-1") == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""],
)
@pytest.mark.parametrize("path", ["/", "/page.js", "/api/runs", "/nowhere"])
def test_a_name_that_was_made_to_resolve_to_loopback_is_refused(client: Client, host: str, path: str) -> None:
    answer = client.get(path, Host=host.format(port=client.dashboard.port))
    assert answer.status == 403
    assert "trial-1" not in str(answer.content)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_each_name_of_loopback_is_answered(client: Client, host: str) -> None:
    assert client.get("/api/runs", Host=f"{host}:{client.dashboard.port}").status == 200


def test_two_hosts_are_refused(client: Client) -> None:
    host = f"Host: 127.0.0.1:{client.dashboard.port}\r\n"
    assert b" 403 " in raw(client.dashboard, f"GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n".encode())


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
    ],
)
def test_requests_of_other_sites_are_refused(client: Client, database: Path, origin: str) -> None:
    foreign = origin.format(port=client.dashboard.port)
    for path, body in ORDERS.items():
        assert client.post(path, body, Origin=foreign).status == 403
    assert client.get("/api/runs", Origin=foreign).status == 403
    assert inbox(database, "approval-1") == []


def test_the_browsers_word_for_another_site_is_believed(client: Client) -> None:
    assert client.get("/api/runs", **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert client.get("/api/runs", **{"Sec-Fetch-Site": "same-site"}).status == 403
    assert client.get("/api/runs", **{"Sec-Fetch-Site": "same-origin"}).status == 200


def test_a_form_of_another_site_changes_nothing(client: Client, database: Path) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""):
        assert client.post("/api/cancel", ORDERS["/api/cancel"], **{"Content-Type": kind}).status == 415
    assert inbox(database, "approval-1") == []


def test_no_other_site_is_allowed_to_ask(client: Client) -> None:
    answer = client.send(
        "OPTIONS",
        "/api/signal",
        {"Origin": f"http://{client.host}", "Access-Control-Request-Method": "POST"},
    )
    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/icon.svg", "/api/runs", "/nowhere"])
def test_all_answers_carry_the_headers_that_keep_the_page_closed(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    if path.startswith("/api"):
        assert headers["Cache-Control"] == "no-store"


def test_the_page_itself_holds_neither_data_nor_the_token(client: Client) -> None:
    for path in ("/", "/page.js", "/run.js", "/page.css"):
        answer = client.send("GET", path, {})
        assert answer.status == 200
        assert client.dashboard.token.encode() not in answer.content
        assert b"trial-1" not in answer.content


# What cannot be asked


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/runs", "GET, HEAD"),
        ("GET", "/api/signal", "POST"),
        ("DELETE", "/api/run", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
    ],
)
def test_the_wrong_method_is_told_the_right_one(client: Client, method: str, path: str, allowed: str) -> None:
    headers = {"Authorization": f"Bearer {client.dashboard.token}", "Content-Type": "application/json"}
    answer = client.send(method, path, headers, b"{}" if method != "GET" else None)
    assert answer.status == 405
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/runs/",
        "/page.html",
        "/server.py",
        "/../server.py",
        "/%2e%2e/server.py",
        "//page.js/..",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "runs?state=asleep",
        "runs?limit=0",
        "runs?limit=100000",
        "runs?limit=many",
        "runs?before=-1",
        "runs?before=99999999999999999999",
        "runs?nothing=1",
        "run",
        "run?id=trial-1&first=-3",
        "run?id=trial-1&generation=x",
        "entry?id=trial-1",
        "runs?" + "&".join(f"a{number}=1" for number in range(50)),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_one_line(client: Client, query: str) -> None:
    answer = client.get(f"/api/{query}")
    assert answer.status == 400
    assert "Traceback" not in answer.content["error"]


@pytest.mark.parametrize(
    "path", ["run?id=nobody", "run?id=trial-1&generation=7", "entry?id=trial-1&generation=0&key=span+99"]
)
def test_a_run_that_does_not_exist_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/api/{path}").status == 404


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"id": 3}', b'{"id": "approval-1", "more": 1}', b"\xff", b"[" * 5000]
)
def test_a_body_that_is_no_order_is_refused(client: Client, database: Path, body: bytes) -> None:
    for path in ORDERS:
        answer = client.post(path, body)
        assert answer.status == 400
        assert "Traceback" not in answer.content["error"]
    assert inbox(database, "approval-1") == []


def test_a_body_that_is_too_long_is_refused_before_it_is_read(client: Client) -> None:
    long = {"Content-Length": str(LONGEST_BODY + 1)}
    assert client.post("/api/cancel", b"{}", **long).status == 413
    assert client.post("/api/cancel", b"{}", **{"Content-Length": "9" * 5000}).status == 413
    assert client.post("/api/cancel", b"{}", **{"Content-Length": "-1"}).status == 400
    assert client.post("/api/cancel", b"{}", **{"Transfer-Encoding": "chunked"}).status == 411


def test_a_refused_body_is_not_taken_for_the_next_request(client: Client) -> None:
    hidden = f"GET /api/runs HTTP/1.1\r\nHost: {client.host}\r\n\r\n"
    request = (
        f"POST /api/cancel HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}"
    )
    assert raw(client.dashboard, request.encode()).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "request_",
    [
        b"rubbish\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_an_error_as_json(client: Client, request_: bytes) -> None:
    answer = raw(client.dashboard, request_)
    assert b'{"error":' in answer
    assert b"<" not in answer
    assert b"Traceback" not in answer


def test_an_error_inside_is_not_told_to_the_network(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(client.dashboard._desk, "runs", broken)
    answer = client.get("/api/runs")
    assert answer.status == 500
    assert "secret" not in str(answer)
    assert "a secret" in caplog.text


def raw(dashboard: Dashboard, request: bytes) -> bytes:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", dashboard.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while data := connection.recv(65536):
            found += data
        return found


# What is answered


def test_runs_are_listed_filtered_and_paged(client: Client) -> None:
    page = client.get("/api/runs?prefix=ship-&limit=50").content
    assert [run["id"] for run in page["runs"]] == [f"ship-{number:02}" for number in range(59, 9, -1)]
    assert page["more"] is True
    rest = client.get(f"/api/runs?prefix=ship-&limit=50&before={page['runs'][-1]['number']}").content
    assert [run["id"] for run in rest["runs"]] == [f"ship-{number:02}" for number in range(9, -1, -1)]
    assert rest["more"] is False
    running = client.get("/api/runs?state=running").content
    assert {run["id"] for run in running["runs"]} == {"trial-1", "approval-1"}
    assert running["counts"]["running"] == 2
    assert [run["id"] for run in client.get("/api/runs?workflow=fail").content["runs"]] == ["fail-1"]


def test_a_run_shows_its_operations_with_attempts_and_what_is_due(client: Client) -> None:
    run = client.get("/api/run?id=trial-1").content
    kinds = [(entry["kind"], entry["name"], entry["status"]) for entry in run["entries"]]
    assert kinds == [
        ("started", "trial", ""),
        ("step", "charge", "completed"),
        ("step", "mail", "completed"),
        ("child", "ship", "completed"),
        ("timer", "", "open"),
    ]
    mail, timer = run["entries"][2], run["entries"][4]
    assert len(mail["attempts"]) == 1
    assert mail["attempt"] == 2
    assert timer["due"] - timer["begin"] == pytest.approx(30 * 86400, abs=1)
    assert run["end"] is None
    child = client.get(f"/api/run?id={quote(run['entries'][3]['target'])}").content
    assert child["parent"]["id"] == "trial-1"


def test_an_entry_shows_values_failures_and_the_source(client: Client) -> None:
    charge = client.get("/api/entry?id=trial-1&generation=0&key=span+0").content
    assert charge["arguments"]["text"] == '[\n  "ada",\n  499\n]'
    assert charge["result"]["text"] == '"receipt of ada"'
    assert charge["line"] == "await charge(user, 499)"
    mail = client.get("/api/entry?id=trial-1&generation=0&key=span+1").content
    ((number, failure),) = mail["attempts"]
    assert (number, failure[0], failure[2]) == (1, "builtins.ConnectionError", "the server of ada is away")
    failed = client.get("/api/entry?id=fail-1&generation=0&key=span+0").content
    assert "raise ValueError(HOSTILE)" in failed["failure"][3]


def test_generations_can_be_gone_through(client: Client) -> None:
    newest = client.get("/api/run?id=count-1").content
    assert (newest["run"]["generation"], newest["newest"]) == (2, 2)
    first = client.get("/api/run?id=count-1&generation=0").content
    assert first["run"]["state"] == "continued"
    assert first["entries"][-1]["kind"] == "closed"


def test_a_long_history_comes_in_parts(client: Client) -> None:
    whole = client.get("/api/run?id=many-1").content
    assert (whole["first"], len(whole["entries"]), whole["total"]) == (0, 250, 602)
    last = client.get("/api/run?id=many-1&first=500").content
    assert len(last["entries"]) == 102
    assert last["entries"][-1]["kind"] == "closed"


def test_large_values_are_shortened_and_long_numbers_stay_exact(database: Path, client: Client) -> None:
    value = "[" + ",".join(["12345678901234567890123"] * 20000) + "]"
    assert client.post("/api/signal", {"id": "approval-1", "name": "big", "value": value}).status == 200
    (received,) = inbox(database, "approval-1")
    assert received.value == value.encode()


def test_nothing_new_costs_an_empty_answer(client: Client, database: Path) -> None:
    for path in ("/api/runs", "/api/run?id=approval-1"):
        first = client.get(path)
        again = client.get(path, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.content) == (304, b"")
    client.post("/api/cancel", {"id": "approval-1"})
    assert client.get("/api/runs", **{"If-None-Match": first.headers["ETag"]}).status == 200


def test_a_run_is_not_sent_again_because_another_one_went_on(client: Client) -> None:
    tag = client.get("/api/run?id=trial-1").headers["ETag"]
    client.post("/api/cancel", {"id": "approval-1"})
    assert client.get("/api/run?id=trial-1", **{"If-None-Match": tag}).status == 304


# Messages


def test_a_signal_reaches_the_inbox(client: Client, database: Path) -> None:
    answer = client.post("/api/signal", {"id": "approval-1", "name": "approved", "value": " true "})
    assert (answer.status, answer.content) == (200, {"sent": True})
    (received,) = inbox(database, "approval-1")
    assert (received.kind, received.name, received.value) == ("signal", "approved", b"true")


def test_a_run_can_be_cancelled(client: Client, database: Path) -> None:
    assert client.post("/api/cancel", {"id": "approval-1"}).status == 200
    assert [received.kind for received in inbox(database, "approval-1")] == ["cancel"]


@pytest.mark.parametrize("value", ["", "yes", "{", "'x'", "[" * 100_000])
def test_a_value_that_is_no_json_is_not_sent(client: Client, database: Path, value: str) -> None:
    answer = client.post("/api/signal", {"id": "approval-1", "name": "other", "value": value})
    assert answer.status == 400
    assert "not JSON" in answer.content["error"]
    assert inbox(database, "approval-1") == []


def test_a_value_of_the_wrong_type_is_not_sent(client: Client, database: Path) -> None:
    answer = client.post("/api/signal", {"id": "approval-1", "name": flows.approved.name, "value": '"yes"'})
    assert answer.status == 400
    assert answer.content["error"] == 'signal `approved`: value: "yes" is no bool'
    assert inbox(database, "approval-1") == []


def test_only_known_signals_are_sent_where_the_modules_are_known(database: Path) -> None:
    dashboard = Dashboard(database, port=0, is_typed=True)
    dashboard.start()
    try:
        answer = Client(dashboard).post(
            "/api/signal", {"id": "approval-1", "name": "aproved", "value": "true"}
        )
    finally:
        dashboard.close()
    assert answer.status == 400
    assert "no signal is named `aproved`" in answer.content["error"]


def test_a_message_for_a_closed_or_unknown_run_is_refused(client: Client) -> None:
    closed = client.post("/api/cancel", {"id": "fail-1"})
    assert closed.status == 409
    assert "is failed" in closed.content["error"]
    assert client.post("/api/cancel", {"id": "nobody"}).status == 404


def test_an_imported_run_can_be_looked_at_but_not_talked_to(database: Path, client: Client) -> None:
    backend = SqliteBackend(database)
    run = backend.find("approval-1")
    assert run is not None
    msgspec.structs.replace(History.of(backend, run), id="foreign").store(backend)
    backend.close()
    assert client.get("/api/run?id=foreign").content["run"]["imported"] is True
    assert client.post("/api/cancel", {"id": "foreign"}).status == 409


def test_values_are_opened_and_sealed_with_the_codec(database: Path) -> None:
    def turn(data: bytes) -> bytes:
        return bytes(byte ^ 0xFF for byte in data)

    dashboard = Dashboard(database, port=0, codec=SealedCodec(JsonCodec(), seal=turn, open=turn))
    dashboard.start()
    client = Client(dashboard)
    try:
        assert (
            client.post("/api/signal", {"id": "approval-1", "name": "approved", "value": "true"}).status
            == 200
        )
        # What was stored without the codec cannot be opened with it, and is shown as that.
        assert (
            client.get("/api/entry?id=trial-1&generation=0&key=span+0")
            .content["arguments"]["text"]
            .startswith("<")
        )
    finally:
        dashboard.close()
    assert inbox(database, "approval-1")[0].value == turn(b"true")


# Where it is served


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "", "localhost.evil.example"]
)
def test_it_is_served_on_loopback_only(database: Path, host: str) -> None:
    with pytest.raises(DashboardError, match="loopback only"):
        Dashboard(database, host=host, port=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_each_address_of_loopback_will_do(database: Path, host: str) -> None:
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    dashboard = Dashboard(database, host=host, port=0)
    dashboard.start()
    try:
        assert dashboard.url.startswith(
            f"http://{'[::1]' if host == '::1' else '127.0.0.1'}:{dashboard.port}/#token="
        )
    finally:
        dashboard.close()


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_port_that_is_taken_is_named(dashboard: Dashboard, database: Path) -> None:
    with pytest.raises(DashboardError, match=rf"127\.0\.0\.1:{dashboard.port}: .*choose another port"):
        Dashboard(database, port=dashboard.port)


def test_a_database_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    with pytest.raises(DashboardError, match="no such file"):
        Dashboard(tmp_path / "nothing.sqlite", port=0)
    assert not (tmp_path / "nothing.sqlite").exists()


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError):
        Dashboard(tmp_path / "other", port=0)


def test_two_dashboards_have_two_tokens(dashboard: Dashboard, database: Path) -> None:
    other = Dashboard(database, port=0)
    other.close()
    assert other.token != dashboard.token
    assert len(other.token) >= 40


def test_looking_changes_nothing(client: Client, database: Path) -> None:
    def everything() -> list[object]:
        backend = SqliteBackend(database)
        try:
            runs = backend.runs(Filter(limit=1000))
            return [(run, backend.history(run.number)) for run in runs]
        finally:
            backend.close()

    before = everything()
    for path in READS:
        assert client.get(path).status == 200
    assert everything() == before
