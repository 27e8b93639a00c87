"""One folder of the editor's workspace: analyzed on a thread of its own, again when something changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from color_checker.checking import Analysis
from color_checker.config import Config, load_config
from color_checker.errors import ColorCheckerError
from color_checker.findings import Finding, Report
from color_checker.lsp.view import View, view
from color_checker.session import Session
from color_checker.sources import shown_path

T = TypeVar("T")

#: Seconds without a further change after which the analysis begins.
PAUSE = 0.03


class Project:
    """A folder with its analysis. Everything that touches the analysis runs on one thread, in turn."""

    def __init__(self, folder: str, publish: Callable[[Project], Awaitable[None]]) -> None:
        """`publish` is called after each analysis."""
        self.folder = folder
        self.problem = ""
        self.report = Report()
        self._publish = publish
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="color-checker")
        self._overlays: dict[str, str] = {}
        self._session: Session | None = None
        self._views: dict[str, View] = {}
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._pending: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    def holds(self, path: str) -> bool:
        """Whether the file lies in the folder."""
        return path.startswith(self.folder.rstrip(os.sep) + os.sep)

    def change(self, path: str, text: str | None) -> None:
        """An editor's text of a file has changed, or was given up (None) for what is on disk."""
        if text is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = text
        self.check_soon()

    def reconfigure(self) -> None:
        """The configuration has changed: begin anew."""
        self._thread.submit(self._forget)
        self.check_soon()

    def check_soon(self) -> None:
        """Analyze when nothing has changed for a moment. What is under way ends first."""
        self._settled.clear()
        if self._pending is not None:
            self._pending.cancel()
        self._pending = asyncio.get_running_loop().create_task(self._check_later())

    async def settled(self) -> None:
        """Wait until no change is left to be analyzed."""
        await self._settled.wait()

    async def run(self, work: Callable[[Analysis], T]) -> T | None:
        """Ask the analysis on its thread, when it is settled; None if there is none."""
        await self.settled()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, work)

    async def view(self, path: str) -> View:
        """What there is to show of a file."""
        await self.settled()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._view, path)

    def findings(self, path: str) -> tuple[Finding, ...]:
        """What the last analysis found in a file, by its absolute path."""
        return self._findings.get(path, ())

    def paths(self) -> frozenset[str]:
        """The absolute paths of the files with findings."""
        return frozenset(self._findings)

    def close(self) -> None:
        """Let go of the thread."""
        if self._pending is not None:
            self._pending.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _check_later(self) -> None:
        await asyncio.sleep(PAUSE)
        overlays = dict(self._overlays)
        # Once begun, it is not cancelled: the analysis of a later change waits for the same thread anyway.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self._check, overlays))
        self._settled.set()
        await self._publish(self)

    # -- on the thread ------------------------------------------------------------------------------

    def _check(self, overlays: dict[str, str]) -> None:
        self._views.clear()
        try:
            if self._session is None:
                self._session = self._open()
                self._given: dict[str, str] = {}
            for path in self._given.keys() - overlays.keys():
                self._session.overlay(path, None)
            for path, text in overlays.items():
                if self._given.get(path) != text:
                    self._session.overlay(path, text)
            self._given = overlays
            self.report = self._session.check()
            self.problem = ""
        except ColorCheckerError as error:
            self.problem = str(error)
            self.report = Report()
        found: dict[str, list[Finding]] = {}
        for finding in self.report.findings:
            found.setdefault(os.path.abspath(finding.path), []).append(finding)
        self._findings = {path: tuple(findings) for path, findings in found.items()}

    def _open(self) -> Session:
        config: Config = load_config(Path(self.folder))
        paths = [config.resolve(path) for path in config.paths] or [Path(self.folder)]
        return Session(paths, config=config)

    def _forget(self) -> None:
        self._session = None

    def _ask(self, work: Callable[[Analysis], T]) -> T | None:
        return work(self._session.analysis) if self._session is not None and not self.problem else None

    def _view(self, path: str) -> View:
        if self._session is None or self.problem:
            return View()
        if path not in self._views:
            program = self._session.analysis.program
            self._views[path] = view(program, shown_path(path), self.findings(path))
        return self._views[path]
