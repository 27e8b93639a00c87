"""One folder of the editor's workspace: analyzed again whenever something has changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from color_checker.checking import Analysis
from color_checker.findings import Report
from color_checker.lsp.analyzer import Analyzer, OutdatedError
from color_checker.lsp.checked import Checked
from color_checker.lsp.documents import Documents
from color_checker.lsp.view import View
from color_checker.lsp.worker import Worker

T = TypeVar("T")

#: Seconds without a further change after which the analysis begins.
PAUSE = 0.03

#: Seconds without a change after which there is time to tidy up.
_IDLE = 1.0


class Told(Protocol):
    """Who hears of what a project does."""

    def checked(self, project: Project) -> None:
        """There are new findings. Nothing has changed since their check began."""

    def repainted(self) -> None:
        """Files that nobody has edited have to be colored in another way."""

    def failed(self, message: str) -> None:
        """Something went wrong that should not."""


class Project:
    """A folder with its analysis."""

    def __init__(self, folder: str, documents: Documents, worker: Worker, told: Told) -> None:
        self.folder = folder
        self.checked = Checked(Report(), documents.codec)
        self._documents = documents
        self._worker = worker
        self._told = told
        self._analyzer = Analyzer(folder)
        self._changes = 0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._is_open = True
        self._asked: set[str] = set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def holds(self, path: str) -> bool:
        """Whether the file lies in the folder, or is checked with it."""
        return path.startswith(self.folder.rstrip(os.sep) + os.sep) or self._analyzer.checks(path)

    def reconfigure(self) -> None:
        """The configuration may have changed: look at it with the next check."""
        self._analyzer.is_configured = False
        self.check_soon()

    def check_soon(self) -> None:
        """Analyze when nothing has changed for a moment. What is under way ends first, and is not told."""
        self._changes += 1
        self._settled.clear()
        self._changed.set()

    async def settled(self) -> None:
        """Wait until no change is left to be analyzed."""
        await self._settled.wait()

    async def ask(self, work: Callable[[Analysis, Checked], T]) -> T | None:
        """Ask the analysis of what is open now, on its thread; None if there is none.

        An answer about a text that has changed in the meantime is not given, but worked out again.
        """
        while self._is_open:
            await self._settled.wait()
            changes = self._changes
            try:
                answer = await self._worker.run(partial(self._analyzer.ask, work, self.checked))
            except OutdatedError:
                self.check_soon()
            else:
                if changes == self._changes:
                    return answer
        return None

    async def view(self, path: str) -> View:
        """What there is to show of a file."""
        self._asked.add(path)
        found = await self.ask(lambda analysis, checked: self._analyzer.view(path, analysis, checked))
        return found if found is not None else View()

    def close(self) -> None:
        """Stop. Who waits for an answer gets none."""
        self._is_open = False
        self._task.cancel()
        self._settled.set()

    # -- checks ---------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                await self._changed.wait()
                await self._check()
                await self._rest()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker.run(self._analyzer.close)

    async def _check(self) -> None:
        while self._changed.is_set():
            self._changed.clear()
            await asyncio.sleep(PAUSE)
        before = self.checked
        documents = self._documents.all
        checked = await self._do(partial(self._analyzer.check, documents, self._documents.codec))
        if self._changed.is_set():
            return  # whatever was found, it is not about what the editor has now
        if checked is not None:
            self.checked = checked
        self._settled.set()
        if checked is not None:
            try:
                self._told.checked(self)
            except Exception:  # noqa: BLE001 - one publication less is better than none from now on
                self._told.failed(traceback.format_exc())
            await self._repaint(before, checked)

    async def _repaint(self, before: Checked, after: Checked) -> None:
        """Work out the colors of open files before somebody asks, and tell of those that nobody edited."""
        self._asked &= after.documents.keys()
        changed = await self._do(partial(self._analyzer.look_again, self._asked, after))
        unedited = [path for path in changed or () if before.documents.get(path) is after.documents.get(path)]
        if unedited and not self._changed.is_set():
            self._told.repainted()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), _IDLE)
        except TimeoutError:
            await self._do(self._analyzer.tidy)

    async def _do(self, work: Callable[[], T]) -> T | None:
        try:
            return await self._worker.run(work)
        except Exception:  # noqa: BLE001 - whatever it is, the server goes on
            self._told.failed(traceback.format_exc())
            return None
