"""Measures the language server as somebody types: `python -m tests.benchmarks.lsp_latency [TREE]`.

A real server process gets a copy of TREE (default: Django) with a small workflow package in it, and then one
key after the other: statements are typed letter by letter, so most states do not parse, and lines taken out
again. Each key is answered before the next one comes. What is measured is the time from the key to the
diagnostics of that very state, which contains the pause before an analysis begins:

    workflow    keys in a file with a workflow and a finding
    helper      changes of a file that the workflow calls, with which a finding in the workflow's file comes
                and goes
    other       keys in files of TREE; where nothing is found, nothing is published, and an answer to a
                request that waits for the analysis (code lenses) counts

`--ruff COMMAND` and `--fixit COMMAND` measure the servers of these on the same keys in the workflow's file:
they look at one file at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from cattrs import Converter
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from tests.benchmarks.speed import copy_sources, django

FLOW = '''\
"""An order, from its quote to its delivery."""

from datetime import timedelta

from temporalio import activity, workflow

from orders.rates import rate


@activity.defn
async def charge(amount: int) -> int:
    return amount


@workflow.defn
class Order:
    @workflow.run
    async def run(self, amount: int) -> int:
        total = amount * rate(amount)
        print("total", total)
        return await workflow.execute_activity(charge, total, start_to_close_timeout=timedelta(seconds=5))
'''

RATES = '''\
"""What things cost."""

import datetime

from orders.discounts import discount


def rate(amount: int) -> int:
    today = datetime.date(2020, 1, 1)
    return discount(amount) * today.year
'''

DISCOUNTS = '''\
"""What things cost less."""


def discount(amount: int) -> int:
    return amount // 10
'''

_TYPED = ("value = compute(1, 2)", "if value:\n{0}    pass", "names = [name for name in ()]", "# a remark")


class Server:
    """A server process, and an editor with some open files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[Path, str] = {}
        self.versions: dict[Path, int] = {}
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.log: list[tuple[str, int | None, float]] = []
        self.client = LanguageClient("latency", "1", converter_factory=_converter)
        self.waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(
            lambda params: self._take(params)  # noqa: PLW0108 - pygls marks what it is given
        )
        self.client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
        self.client.feature(types.WORKSPACE_CONFIGURATION)(lambda params: [None for _ in params.items])
        for method in (types.WINDOW_LOG_MESSAGE, types.WINDOW_SHOW_MESSAGE):
            self.client.feature(method)(lambda params: print(params.message, file=sys.stderr))

    def _take(self, params: types.PublishDiagnosticsParams) -> None:
        self.published[params.uri] = params
        self.log.append((params.uri, params.version, time.perf_counter()))
        for condition, future in self.waiting:
            if condition() and not future.done():
                future.set_result(None)

    async def start(self, command: Sequence[str]) -> None:
        await self.client.start_io(*command, cwd=self.folder)
        uri = self.folder.as_uri()
        capabilities = types.ClientCapabilities(
            workspace=types.WorkspaceClientCapabilities(workspace_folders=True),
            text_document=types.TextDocumentClientCapabilities(
                publish_diagnostics=types.PublishDiagnosticsClientCapabilities(version_support=True)
            ),
        )
        await self.client.initialize_async(
            types.InitializeParams(
                capabilities=capabilities, root_uri=uri,
                workspace_folders=[types.WorkspaceFolder(uri=uri, name="project")],
            )
        )  # fmt: skip
        self.client.initialized(types.InitializedParams())

    def open(self, path: Path) -> None:
        self.texts[path], self.versions[path] = path.read_text(), 0
        item = types.TextDocumentItem(path.as_uri(), "python", 0, self.texts[path])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def close(self, path: Path) -> None:
        """Close a file as it is on disk."""
        del self.texts[path], self.versions[path]
        identifier = types.TextDocumentIdentifier(path.as_uri())
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))

    def key(self, path: Path, offset: int, removed: int, typed: str) -> None:
        """Change the text at one place."""
        text = self.texts[path]
        covered = types.Range(_position(text, offset), _position(text, offset + removed))
        self.texts[path] = text[:offset] + typed + text[offset + removed :]
        self.versions[path] += 1
        change = types.TextDocumentContentChangePartial(range=covered, text=typed)
        identifier = types.VersionedTextDocumentIdentifier(self.versions[path], path.as_uri())
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a publication that makes it true."""
        if condition():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting = [(condition, future)]
        await asyncio.wait_for(future, 60)

    async def shown(self, path: Path) -> None:
        """Wait for the diagnostics of what is open now."""
        uri = path.as_uri()
        await self.until(lambda: uri in self.published and self.published[uri].version == self.versions[path])

    async def settled(self, path: Path) -> None:
        """Wait for an answer that comes after the analysis."""
        params = types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(path.as_uri()),
            range=types.Range(types.Position(0, 0), types.Position(0, 0)),
            context=types.CodeActionContext(diagnostics=[]),
        )
        await asyncio.wait_for(self.client.text_document_code_action_async(params), 120)

    def memory(self) -> float:
        """The resident memory of the process, in MB."""
        assert self.client._server is not None
        status = Path(f"/proc/{self.client._server.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000

    def processor_time(self) -> float:
        """The seconds of processor time that the process has had."""
        assert self.client._server is not None
        fields = Path(f"/proc/{self.client._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()


def _converter() -> Converter:
    """lsprotocol cannot read what ruff says of notebooks, which are of no interest here."""
    converter = default_converter()
    converter.register_structure_hook(types.NotebookDocumentSyncOptions, lambda given, kind: None)
    return converter


def _position(text: str, offset: int) -> types.Position:
    """Good for texts within the first plane, as all here are."""
    before = text[:offset]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


# -- keys --------------------------------------------------------------------------------------------


def typing(text: str, chance: random.Random) -> Iterator[tuple[int, int, str]]:
    """The keys for one statement at the end of a random line within a function, and for taking it away."""
    lines = text.splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if line.startswith("    ") and line.endswith(")\n")]
    at = chance.choice(places or [len(lines) - 1])
    line = lines[at]
    indent = line[: len(line) - len(line.lstrip())]
    offset = sum(map(len, lines[: at + 1]))
    typed = f"{indent}{chance.choice(_TYPED).format(indent)}\n"
    yield offset, 0, "\n"
    for index, letter in enumerate(typed[:-1]):
        yield offset + index, 0, letter
    yield offset, len(typed), ""


async def measure(
    server: Server, paths: Sequence[Path], done: Callable[[Path], Awaitable[None]], keys: int, seed: int
) -> list[float]:
    """The seconds that each key takes."""
    chance = random.Random(seed)
    seconds: list[float] = []
    while len(seconds) < keys:
        path = chance.choice(paths)
        for offset, removed, typed in typing(server.texts[path], chance):
            start = time.perf_counter()
            server.key(path, offset, removed, typed)
            await done(path)
            seconds.append(time.perf_counter() - start)
            await asyncio.sleep(0.02)
    return seconds


async def come_and_go(server: Server, helper: Path, flow: Path, times: int) -> list[float]:
    """The seconds until a finding in another file comes or goes."""
    calls = "datetime.date(2020, 1, 1)", "datetime.date.today()"
    uri = flow.as_uri()
    seconds = []
    for number in range(times):
        old, new = calls[number % 2], calls[1 - number % 2]
        before = len(server.published[uri].diagnostics)
        start = time.perf_counter()
        server.key(helper, server.texts[helper].index(old), len(old), new)
        await server.until(lambda before=before: len(server.published[uri].diagnostics) != before)
        seconds.append(time.perf_counter() - start)
        await asyncio.sleep(0.02)
    return seconds


def row(name: str, seconds: Sequence[float], memory: float) -> None:
    millis = sorted(one * 1000 for one in seconds)
    cuts = statistics.quantiles(millis, n=20)
    print(
        f"{name:<28}{len(millis):>7}{statistics.median(millis):>9.0f}{cuts[-1]:>9.0f}{millis[-1]:>9.0f}{memory:>9.0f}",
        flush=True,
    )


# -- runs --------------------------------------------------------------------------------------------


async def run(folder: Path, keys: int, seed: int) -> None:
    server = Server(folder)
    start = time.perf_counter()
    await server.start([sys.executable, "-m", "color_checker", "lsp"])
    orders = folder / "orders"
    flow, rates = orders / "flow.py", orders / "rates.py"
    await server.until(lambda: flow.as_uri() in server.published)
    first = time.perf_counter() - start
    await server.settled(flow)
    ready = time.perf_counter() - start
    print(f"first findings after {first:.1f} s, ready for all questions after {ready:.1f} s")
    for path in (flow, rates, orders / "discounts.py"):
        server.open(path)
    chance = random.Random(seed)
    others = chance.sample(sorted(p for p in folder.rglob("*.py") if "orders" not in p.parts), 8)
    others = [path for path in others if path.stat().st_size] or others
    for path in others:
        server.open(path)
    await server.settled(flow)
    print(f"{'':<28}{'keys':>7}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'RSS MB':>9}")
    row("workflow", await measure(server, [flow], server.shown, keys, seed), server.memory())
    row("helper", await come_and_go(server, rates, flow, max(20, keys // 4)), server.memory())
    row("other", await measure(server, others, server.settled, keys, seed), server.memory())
    await server.stop()


async def other_server(name: str, command: Sequence[str], folder: Path, keys: int, seed: int) -> None:
    """The keys in the workflow's file, for a server of single files."""
    server = Server(folder)
    await server.start(command)
    flow = folder / "orders" / "flow.py"
    server.open(flow)
    published = 0

    def count(params: types.PublishDiagnosticsParams) -> None:
        nonlocal published
        published += params.uri == flow.as_uri()
        server._take(params)

    server.client.protocol.fm.features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = count

    async def done(path: Path) -> None:
        before = published
        if server.published.get(path.as_uri()) is None or server.published[path.as_uri()].version is not None:
            await server.shown(path)
        else:
            await server.until(lambda: published > before)

    await asyncio.sleep(1)
    row(name, await measure(server, [flow], done, keys, seed), server.memory())
    await server.stop()


def project(tree: Path, folder: Path) -> int:
    """A copy of a tree with a workflow package in it; returns the lines."""
    lines = copy_sources(tree, folder)
    (folder / "pyproject.toml").write_text("[tool.color-checker]\n")
    (folder / "orders").mkdir()
    for name, text in (("__init__", ""), ("flow", FLOW), ("rates", RATES), ("discounts", DISCOUNTS)):
        (folder / "orders" / f"{name}.py").write_text(text)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="default: Django, fetched from PyPI")
    parser.add_argument("--keys", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ruff", default="", metavar="COMMAND", help='for example "ruff server"')
    parser.add_argument("--fixit", default="", metavar="COMMAND", help='for example "fixit lsp"')
    options = parser.parse_args()
    tree: Path = (options.tree or django()).resolve()
    with tempfile.TemporaryDirectory(prefix="latency") as temporary:
        folder = Path(temporary).resolve()
        print(f"{tree.name}: {project(tree, folder):,} lines")
        asyncio.run(run(folder, options.keys, options.seed))
        for name, command in (("ruff", options.ruff), ("fixit", options.fixit)):
            if command:
                asyncio.run(other_server(name, shlex.split(command), folder, options.keys, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
