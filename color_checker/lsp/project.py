"""One folder of the editor's workspace: analyzed again whenever something has changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol, TypeVar

from color_checker.checking import Analysis
from color_checker.findings import InputError, Report
from color_checker.interruption import Interrupted
from color_checker.lsp.analyzer import Analyzer, OutdatedError, UnknownError
from color_checker.lsp.checked import Checked
from color_checker.lsp.documents import Document, Documents
from color_checker.lsp.parsing import Parser, Texts
from color_checker.lsp.positions import Text
from color_checker.lsp.view import View
from color_checker.lsp.worker import Worker

T = TypeVar("T")

#: Seconds without a further change after which texts are looked at.
PAUSE = 0.03

#: A check that will take long begins later, by this share of what the last one took, but not later than this:
#: one that the next key ends is for nothing. A glance tells what it can in the meantime.
_SHARE = 0.25
_LONGEST_PAUSE = 0.4

#: Seconds without a change after which there is time to tidy up.
_IDLE = 1.0

#: Seconds that a question waits for a check that is under way, if it may be done by then. Then, or else at
#: once, the last analysis answers.
_PATIENCE = 0.25


class Told(Protocol):
    """Who hears of what a project does."""

    def checked(self, project: Project) -> None:
        """There are new findings. Nothing has changed since their check began."""

    def broken(self, project: Project, paths: Iterable[str]) -> None:
        """These do not parse any more, while a check is under way. What was found in them has moved."""

    def glanced(self, project: Project, paths: Iterable[str]) -> None:
        """There may be other findings in these, as far as a glance shows, while a check is to come."""

    def repainted(self) -> None:
        """Files have to be colored in another way than the editor was told last."""

    def failed(self, message: str) -> None:
        """Something went wrong that should not."""


class Project:
    """A folder with its analysis."""

    def __init__(
        self, folder: str, documents: Documents, worker: Worker, answerer: Worker, told: Told
    ) -> None:
        """`worker` makes checks; `answerer` has an answer also while it does."""
        self.folder = folder
        self.checked = Checked(Report(), documents.codec)
        self._documents = documents
        self._worker = worker
        self._answerer = answerer
        self._told = told
        self._analyzer = Analyzer(folder)
        self._parser = Parser()
        self._changes = 0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._is_open = True
        #: The last check that was made to its end; `checked` is the same in newer texts.
        self._finished: Checked | None = None
        self._unwanted = threading.Event()
        self._took = 0.0
        self._on_disk = 0
        self._asked: set[str] = set()
        self._outdated: set[str] = set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def holds(self, path: str) -> bool:
        """Whether the file lies in the folder, or is checked with it."""
        return path.startswith(self.folder.rstrip(os.sep) + os.sep) or self._analyzer.checks(path)

    def reconfigure(self) -> None:
        """The configuration may have changed: look at it with the next check."""
        self._analyzer.is_configured = False
        self.check_soon()

    def check_soon(self, *, on_disk: bool = True) -> None:
        """Analyze when nothing has changed for a moment.

        What is under way is given up if it is about other texts, and in any case if something has changed
        `on_disk`.
        """
        self._changes += 1
        self._on_disk += on_disk
        self._settled.clear()
        self._changed.set()

    async def settled(self) -> None:
        """Wait until no change is left to be analyzed."""
        await self._settled.wait()

    async def ask(self, work: Callable[[Analysis, Checked], T], *, exact: bool = True) -> T | None:
        """Ask the analysis of what is open now; None if there is none.

        An answer about a text that has changed in the meantime is not given, but worked out again. What does
        not have to be `exact` does not wait for a check that takes long: the last analysis answers, and what
        it says is moved to where the code is now.
        """
        answer, _ = await self._answer(work, exact=exact)
        return answer

    async def view(self, path: str) -> tuple[View, Text]:
        """What there is to show of a file, and its text, in which that has its place."""
        self._asked.add(path)

        def work(analysis: Analysis, checked: Checked) -> tuple[View, Text]:
            return self._analyzer.view(path, analysis, checked), checked.text(path)

        answer, is_current = await self._answer(work, exact=False)
        if not is_current:
            self._outdated.add(path)
        return answer if answer is not None else (View(), self.checked.text(path))

    async def _answer(self, work: Callable[[Analysis, Checked], T], *, exact: bool) -> tuple[T | None, bool]:
        """The answer, and whether it is about what is open now."""
        while self._is_open:
            is_settled = await self._settles(None if exact else self._patience)
            changes = self._changes
            try:
                if not is_settled:
                    outdated = partial(self._analyzer.ask_at_once, work, self._checked_as_open())
                    return await self._answerer.run(outdated), False
                answer = await self._ask(work)
            except OutdatedError:
                self.check_soon()
            except UnknownError:
                await self._settled.wait()
            else:
                if changes == self._changes:
                    return answer, True
        return None, True

    @property
    def _patience(self) -> float:
        is_worth_it = self._took <= _PATIENCE or self._finished is None
        return _PATIENCE if is_worth_it else 0.0

    async def _ask(self, work: Callable[[Analysis, Checked], T]) -> T | None:
        """At once, if there is an analysis; else when it is made."""
        try:
            return await self._answerer.run(partial(self._analyzer.ask_at_once, work, self.checked))
        except UnknownError:
            return await self._worker.run(partial(self._analyzer.ask, work, self.checked))

    async def _settles(self, seconds: float | None) -> bool:
        try:
            await asyncio.wait_for(self._settled.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _checked_as_open(self) -> Checked:
        """What the last check has found, in the texts that are open now."""
        documents = self._documents.all
        return self.checked if documents == self.checked.documents else self.checked.moved(documents, {})

    def close(self) -> None:
        """Stop. Who waits for an answer gets none."""
        self._is_open = False
        self._unwanted.set()
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
        """Check until what was checked is what is open."""
        texts = await self._rested(await self._texts())
        while True:
            on_disk, started = self._on_disk, time.perf_counter()
            unwanted = self._unwanted = threading.Event()
            work = partial(self._analyzer.check, texts, self._documents.codec, unwanted.is_set)
            check = asyncio.ensure_future(self._do(work))
            newer = None
            while newer is None and not await self._ends(check):
                now = await self._texts()
                if now.unsaved == texts.unsaved and self._on_disk == on_disk:
                    texts = now  # of it nothing else can be analyzed: what is under way is what is wanted
                else:
                    newer = now
            if newer is not None and self._finished is not None:
                unwanted.set()
            checked = await check
            self._learn(checked, time.perf_counter() - started)
            if newer is None:
                await self._finish(checked, texts)
                return
            if checked is not None:
                self._take(checked, newer)
            texts = await self._rested(newer)

    def _learn(self, checked: Checked | None, seconds: float) -> None:
        """How long a check takes. One that could use the last analysis again tells nothing of the next."""
        before = self._finished.analysis if self._finished is not None else None
        after = checked.analysis if checked is not None else None
        if checked is None:
            self._took = max(seconds, self._took)
        elif before is None or after is None or before.program.linker is not after.program.linker:
            self._took = seconds

    async def _ends(self, check: asyncio.Future[Checked | None]) -> bool:
        """Wait for a check; whether it has ended before anything changed."""
        changed = asyncio.ensure_future(self._changed.wait())
        await asyncio.wait((changed, check), return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        return not self._changed.is_set()

    async def _texts(self) -> Texts:
        """What is open when nothing has changed for a moment. Which of it does not parse is told at once."""
        while True:
            while self._changed.is_set():
                self._changed.clear()
                await asyncio.sleep(PAUSE)
            texts = await self._answerer.run(partial(self._parser.parse, self._documents.all))
            if not self._changed.is_set():
                self._tell_broken(texts)
                return texts

    async def _rested(self, texts: Texts) -> Texts:
        """These texts, or what is open when it seems that somebody has stopped typing."""
        pause = min(self._took * _SHARE, _LONGEST_PAUSE)
        with contextlib.suppress(TimeoutError):
            while pause > PAUSE and self._finished is not None:
                await self._glance(texts)
                await asyncio.wait_for(self._changed.wait(), pause)
                texts = await self._texts()
        return texts

    async def _glance(self, texts: Texts) -> None:
        """Tell what a look at the texts that have changed shows, which takes no time."""
        look = partial(self._analyzer.glance, self.checked, texts, self._errors(texts), self._changed.is_set)
        glanced = await self._do(look)
        if glanced is not None:
            self.checked = glanced
            self._told.glanced(self, texts.documents)

    def _tell_broken(self, texts: Texts) -> None:
        if self._finished is None:
            return
        before = self.checked.documents
        broken = {path for path in texts.errors if before.get(path) != texts.documents[path]}
        if broken:
            self.checked = self.checked.moved(texts.documents, self._errors(texts))
            self._told.broken(self, broken)

    def _errors(self, texts: Texts) -> dict[str, InputError]:
        """Those of the files that are checked."""
        return {path: error for path, error in texts.errors.items() if self._analyzer.checks(path)}

    def _take(self, checked: Checked, texts: Texts) -> Checked | None:
        """Go on with what was found; gives what was before."""
        before = self._finished
        if checked.documents != texts.documents:
            checked = checked.moved(texts.documents, self._errors(texts))
        self.checked = self._finished = checked
        return before

    async def _finish(self, checked: Checked | None, texts: Texts) -> None:
        before = self._take(checked, texts) if checked is not None else None
        self._settled.set()
        if checked is None:
            return
        try:
            self._told.checked(self)
        except Exception:  # noqa: BLE001 - one publication less is better than none from now on
            self._told.failed(traceback.format_exc())
        await self._repaint(before.documents if before is not None else {}, self.checked)

    async def _repaint(self, before: Mapping[str, Document], after: Checked) -> None:
        """Work out the colors of open files before somebody asks, and say if what was told is not right."""
        outdated, self._outdated = self._outdated & after.documents.keys(), set()
        self._asked &= after.documents.keys()
        changed = await self._do(partial(self._analyzer.look_again, self._asked, after))
        unedited = {path for path in changed or () if before.get(path) is after.documents.get(path)}
        if (unedited or outdated) and not self._changed.is_set():
            self._told.repainted()
        else:
            self._outdated |= outdated

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), _IDLE)
        except TimeoutError:
            await self._do(self._analyzer.tidy)

    async def _do(self, work: Callable[[], T]) -> T | None:
        try:
            return await self._worker.run(work)
        except Interrupted:
            return None
        except Exception:  # noqa: BLE001 - whatever it is, the server goes on
            self._told.failed(traceback.format_exc())
            return None
