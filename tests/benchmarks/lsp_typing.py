"""Measures the language server with somebody who does not wait: `python -m tests.benchmarks.lsp_typing TREE`.

`lsp_latency` lets each key be answered before the next one comes. Here keys come as they do from a person, in
files of TREE that hold workflows, and a check that takes longer than the time to the next key is late for it:

    keys        from a key to the first diagnostics of that state or a later one
    rests       the same for the last key before a rest of half a second or more, when somebody looks up
    hovers      a request in the middle of the typing, from the question to the answer
    tokens      the same for semantic tokens, which editors ask for after each key

The times between keys are log-normal around 130 ms, and every few words there is a rest, as in studies of
typing (Dhakal et al., "Observations on Typing from 136 Million Keystrokes", CHI 2018).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.benchmarks.lsp_latency import Server, row, typing
from tests.benchmarks.speed import copy_sources

#: Goes to the end of each edited file, since of a file without any finding nothing is published.
_SEEN = """

from temporalio import workflow as _workflow


@_workflow.defn
class SeenByTheBenchmark:
    @_workflow.run
    async def run(self) -> None:
        print("seen")
"""

#: Seconds from which on a pause between keys is a rest.
_REST = 0.5


class Key:
    """When a key was hit, and what state it made."""

    def __init__(self, path: Path, version: int) -> None:
        self.uri = path.as_uri()
        self.version = version
        self.at = time.perf_counter()
        self.is_last = False


class Typist:
    """Somebody at an editor who does not wait."""

    def __init__(self, server: Server, paths: list[Path], seed: int) -> None:
        self.server = server
        self.paths = paths
        self.chance = random.Random(seed)
        self.keys: list[Key] = []
        self.asked: dict[str, list[float]] = {"hovers": [], "tokens": []}
        self._questions: set[asyncio.Task[None]] = set()

    async def type(self, keys: int) -> None:
        """So many keys, in one file after another."""
        while len(self.keys) < keys:
            path = self.chance.choice(self.paths)
            for offset, removed, typed in typing(self.server.texts[path], self.chance):
                self.server.key(path, offset, removed, typed)
                key = Key(path, self.server.versions[path])
                self.keys.append(key)
                self._ask(path, offset)
                await self._pause(key, typed)
            await asyncio.sleep(self.chance.uniform(1.0, 2.5))
        await asyncio.gather(*self._questions)
        await self.server.settled(self.paths[0])

    async def _pause(self, key: Key, typed: str) -> None:
        pause = self.chance.lognormvariate(-2.04, 0.45)  # median 130 ms
        if typed in (" ", "\n", ")") and self.chance.random() < 0.3:
            pause = self.chance.uniform(_REST, 1.5)
        key.is_last = pause >= _REST or not typed
        await asyncio.sleep(pause)

    def _ask(self, path: Path, offset: int) -> None:
        document = types.TextDocumentIdentifier(path.as_uri())
        client = self.server.client
        if self.chance.random() < 0.3:
            tokens = client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
            self._time("tokens", tokens)
        if self.chance.random() < 0.1:
            line = self.server.texts[path].count("\n", 0, offset)
            place = types.Position(max(0, line - 3), 12)
            self._time("hovers", client.text_document_hover_async(types.HoverParams(document, place)))

    def _time(self, what: str, answer: Awaitable[Any]) -> None:
        async def timed() -> None:
            start = time.perf_counter()
            await answer
            self.asked[what].append(time.perf_counter() - start)

        task = asyncio.get_running_loop().create_task(timed())
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    def seconds(self, *, rests: bool) -> list[float]:
        """From each key, or the last one before each rest, to the diagnostics."""
        return [self._until(key) - key.at for key in self.keys if key.is_last or not rests]

    def _until(self, key: Key) -> float:
        return next(
            at
            for uri, version, at in self.server.log
            if uri == key.uri and version is not None and version >= key.version
        )


async def run(folder: Path, paths: list[Path], keys: int, seed: int) -> None:
    for path in paths:
        path.write_text(path.read_text() + _SEEN)
    server = Server(folder)
    start = time.perf_counter()
    await server.start([sys.executable, "-m", "color_checker", "lsp"])
    for path in paths:
        server.open(path)
    await server.settled(paths[0])
    print(f"ready after {time.perf_counter() - start:.1f} s")
    # The engine's own source is not checked, so nothing would ever be said of a key in it.
    said = {uri for uri, _, _ in server.log}
    typist = Typist(server, [path for path in paths if path.as_uri() in said], seed)
    before = server.processor_time()
    start = time.perf_counter()
    await typist.type(keys)
    seconds, used = time.perf_counter() - start, server.processor_time() - before
    print(f"{'':<28}{'number':>7}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'RSS MB':>9}")
    row("keys", typist.seconds(rests=False), server.memory())
    row("rests", typist.seconds(rests=True), server.memory())
    for what, times in typist.asked.items():
        row(what, times, server.memory())
    print(f"{seconds:.0f} s of typing took {used:.0f} s of processor time")
    await server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="with workflows of Temporal's")
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--files", type=int, default=6, help="so many are edited")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.tree is None:
        print("needs a tree with workflows", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="typing") as temporary:
        folder = Path(temporary).resolve()
        print(f"{options.tree.name}: {copy_sources(options.tree.resolve(), folder):,} lines")
        (folder / "pyproject.toml").write_text("[tool.color-checker]\n")
        paths = [path for path in sorted(folder.rglob("*.py")) if "@workflow.defn" in path.read_text()]
        chosen = random.Random(options.seed).sample(paths, min(options.files, len(paths)))
        asyncio.run(run(folder, chosen, options.keys, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
