"""An hour of editing, and whether the server grows: `python -m tests.benchmarks.lsp_soak [TREE]`.

A real server process gets a copy of TREE (default: Django) with a small workflow package in it. Then somebody
works there: types statements letter by letter and takes them out again, lets findings come and go, saves,
opens and closes files, makes new ones and deletes them, hovers, and asks for fixes, colors and callers. Each
key is analyzed before the next one comes. `--keys 20000` is what an hour of typing without a break has at the
most; the default is a short form.

The memory of the process is written down at intervals, always after the same rest, since what is left over is
looked for when nobody types. Everything has been seen once after a quarter of the keys: what is compared is
the second quarter with the last one. Ends with 1 if there is more than `--most` MB between them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from tests.benchmarks.lsp_latency import Server, project, typing
from tests.benchmarks.speed import django

#: Seconds after which the server has tidied up.
_REST = 2.5

#: So many measurements are made in each run.
_SAMPLES = 32


class Worker:
    """Somebody at an editor."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.chance = random.Random(seed)
        self.orders = server.folder / "orders"
        everything = sorted(server.folder.rglob("*.py"))
        self.others = [path for path in everything if path.stat().st_size and path.parent != self.orders]
        self.keys = 0

    def open_first(self) -> None:
        """Open what everybody has open."""
        for name in ("flow", "rates", "discounts"):
            self.server.open(self.orders / f"{name}.py")
        for path in self.chance.sample(self.others, 6):
            self.server.open(path)

    async def work(self, keys: int) -> None:
        """So many keys, with what is done between them."""
        until = self.keys + keys
        while self.keys < until:
            path = self._path()
            for offset, removed, typed in typing(self.server.texts[path], self.chance):
                await self._key(path, offset, removed, typed)
            await self.chance.choice(
                (self._save, self._look, self._look, self._switch, self._toggle, self._file)
            )(path)

    def _path(self) -> Path:
        """The file that is edited next: one of the workflow's in half of the cases."""
        opened = sorted(self.server.texts)
        own = [path for path in opened if path.parent == self.orders]
        return self.chance.choice(own if self.chance.random() < 0.5 else opened)

    async def _key(self, path: Path, offset: int, removed: int, typed: str) -> None:
        self.server.key(path, offset, removed, typed)
        self.keys += 1
        await self.server.settled(path)

    async def _toggle(self, path: Path) -> None:
        """Let a finding in the workflow's file come, and go."""
        del path
        helper = self.orders / "rates.py"
        for old, new in _pairs("datetime.date(2020, 1, 1)", "datetime.date.today()"):
            await self._key(helper, self.server.texts[helper].index(old), len(old), new)

    async def _save(self, path: Path) -> None:
        path.write_text(self.server.texts[path])
        identifier = types.TextDocumentIdentifier(path.as_uri())
        self.server.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))

    async def _switch(self, path: Path) -> None:
        """Close a file of the tree and open another one."""
        opened = [path for path in self.server.texts if path.parent != self.orders]
        self.server.close(self.chance.choice(sorted(opened)))
        self.server.open(self.chance.choice([path for path in self.others if path not in self.server.texts]))

    async def _file(self, path: Path) -> None:
        """Make a file beside the workflow's, and delete it."""
        del path
        new = self.orders / f"new_{self.chance.randrange(1000)}.py"
        for kind in (types.FileChangeType.Created, types.FileChangeType.Deleted):
            if kind is types.FileChangeType.Created:
                new.write_text(
                    "from orders.rates import rate\n\n\ndef twice(amount):\n    return 2 * rate(amount)\n"
                )
            else:
                new.unlink()
            event = types.FileEvent(uri=new.as_uri(), type=kind)
            self.server.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
            await self.server.settled(self.orders / "flow.py")

    async def _look(self, path: Path) -> None:
        """Ask all that an editor asks."""
        client, document = self.server.client, types.TextDocumentIdentifier(path.as_uri())
        line = self.chance.randrange(self.server.texts[path].count("\n") or 1)
        place = types.Position(line, 12)
        span = types.Range(types.Position(line, 0), types.Position(line, 0))
        await client.text_document_hover_async(types.HoverParams(document, place))
        await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
        await client.text_document_inlay_hint_async(types.InlayHintParams(document, span))
        context = types.CodeActionContext(diagnostics=[])
        await client.text_document_code_action_async(types.CodeActionParams(document, span, context))
        items = await client.text_document_prepare_call_hierarchy_async(
            types.CallHierarchyPrepareParams(document, place)
        )
        for item in items or ():
            await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item))
            await client.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(item))


def _pairs(one: str, other: str) -> Iterator[tuple[str, str]]:
    yield one, other
    yield other, one


async def run(folder: Path, keys: int, seed: int) -> float:
    """By how many MB the memory has grown between the second quarter and the last one."""
    server = Server(folder)
    await server.start([sys.executable, "-m", "color_checker", "lsp"])
    worker = Worker(server, seed)
    worker.open_first()
    await server.settled(folder / "orders" / "flow.py")
    await asyncio.sleep(_REST)
    start = time.perf_counter()
    print(f"{'keys':>8}{'seconds':>9}{'MB':>8}")
    print(f"{0:>8}{0:>9}{server.memory():>8.1f}", flush=True)
    memory = []
    for _ in range(_SAMPLES):
        await worker.work(max(1, keys // _SAMPLES))
        await asyncio.sleep(_REST)
        memory.append(server.memory())
        print(f"{worker.keys:>8}{time.perf_counter() - start:>9.0f}{memory[-1]:>8.1f}", flush=True)
    await server.stop()
    quarter = _SAMPLES // 4
    return statistics.median(memory[-quarter:]) - statistics.median(memory[quarter : 2 * quarter])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="default: Django, fetched from PyPI")
    parser.add_argument("--keys", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=float, default=5.0, help="MB of growth that are none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as temporary:
        folder = Path(temporary).resolve()
        tree: Path = (options.tree or django()).resolve()
        print(f"{tree.name}: {project(tree, folder):,} lines")
        grown = asyncio.run(run(folder, options.keys, options.seed))
    print(f"between the second quarter and the last one: {grown:+.1f} MB")
    return 0 if grown <= options.most else 1


if __name__ == "__main__":
    sys.exit(main())
