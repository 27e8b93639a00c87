"""Applies fixes to the files of a project: together, until nothing changes, each checked by the rules."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from color_checker.config import Config
from color_checker.errors import SourceError
from color_checker.findings import Finding, InputError, Report
from color_checker.fixes import FIXERS, Edit, Fix, Known, apply, each_fix
from color_checker.fixes.code import parsed
from color_checker.fixes.edits import Moves, Taken, defined
from color_checker.fixes.imports import unneeded
from color_checker.session import Session
from color_checker.sources import decode, encode, read_source, shown_path

#: More rounds are not made: each fix removes a finding, so that few are needed.
MOST_ROUNDS = 50

#: What is said of a fix that was tried and taken back, and of what such rules say of code that was there.
WRONG = "its fix leads to another finding"
REVEALED = "is not new: it is told of now that the project has a step of its own"

_NUMBER = re.compile(r"_\d+(?=`)")

#: Rules that know more the more there is in the project.
_REVEALED = frozenset({"unknown-name"})

_BOM = b"\xef\xbb\xbf"


#: Gives the lines of a file by its path as shown.
Lines = Callable[[str], Sequence[str]]
Show = Callable[[Report, Lines], Report]


class Fixed(msgspec.Struct, frozen=True):
    """A finding that is gone, and what was done about it.

    `finding` is as it was found, perhaps after other fixes. `line` and `column` say where in its file
    the code stands now.
    """

    finding: Finding
    title: str
    safe: bool
    line: int
    column: int


class Left(msgspec.Struct, frozen=True):
    """A finding that is still there, where it stands now, and why."""

    finding: Finding
    reason: str


class Change(msgspec.Struct, frozen=True):
    """A file whose text is another. `before` are the bytes that were fixed."""

    path: str
    before: bytes
    after: bytes

    def diff(self) -> str:
        """As a unified diff."""
        shown = shown_path(self.path)
        before, after = (decode(data).splitlines(keepends=True) for data in (self.before, self.after))
        return "".join(_ended(difflib.unified_diff(before, after, f"a/{shown}", f"b/{shown}")))


class Outcome(msgspec.Struct, frozen=True):
    """What fixing has come to. Nothing is written yet."""

    fixed: tuple[Fixed, ...]
    left: tuple[Left, ...]
    changes: tuple[Change, ...]
    errors: tuple[InputError, ...]


def fix_files(
    paths: Sequence[Path | str], *, config: Config | None = None, engines: Collection[str] = (),
    rules: Collection[str] = (), unsafe: bool = False, cache: bool = True,
    within: Collection[str] | None = None, show: Show = lambda report, lines: report,
    tell: Callable[[int], None] = lambda count: None,
) -> Outcome:  # fmt: skip
    """Fix what can be fixed in the files below `paths`, in memory.

    Args:
        rules: the names of the rules whose findings are fixed; all if empty.
        unsafe: also apply fixes after which the code may mean something else.
        within: the absolute paths of the files that may change; None: all.
        show: takes out of a report what is not to be fixed, nor told of; new findings count all the same.
        tell: is called after each round with the number of findings fixed by then.
    """
    session = Session(paths, config=config, engines=engines, cache=cache)
    try:
        return _Fixing(session, frozenset(rules), unsafe, within, show, tell).run()
    finally:
        session.close()


class _Choice(msgspec.Struct, frozen=True):
    """A finding and the fix chosen for it."""

    finding: Finding
    fix: Fix


class _Fixing:
    """The state of one run."""

    def __init__(
        self, session: Session, rules: frozenset[str], unsafe: bool, within: Collection[str] | None,
        show: Show, tell: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.session = session
        self.rules = rules
        self.unsafe = unsafe
        self.within = within
        self.show = show
        self.tell = tell
        self.originals: dict[str, bytes] = {}
        self.texts: dict[str, str] = {}
        self.fixed: list[Fixed] = []
        #: What was tried for findings and did not do what it should: the fix's title, and the reason.
        self.refused: dict[tuple[str, ...], dict[str, str]] = {}
        #: What was brought out by fixes, although the code was there before.
        self.revealed: set[tuple[str, ...]] = set()

    def run(self) -> Outcome:
        """Rounds of fixes, until there are none."""
        report = self.session.check()
        for _ in range(MOST_ROUNDS):
            choices = self._choose(self.show(report, self._lines).findings)
            if not choices:
                break
            report = self._accept(report, choices)
            self.tell(len(self.fixed))
        report = self._tidied(report)
        shown = self.show(report, self._lines)
        known = Known(self.session.analysis)
        left = tuple(
            Left(finding, self._reason(finding, known))
            for finding in shown.findings
            if self._is_wanted(finding)
        )
        return Outcome(tuple(self.fixed), left, tuple(self._changes()), shown.errors)

    def read(self, path: str) -> str:
        """The text of a file as fixed so far."""
        if path not in self.texts:
            data = self.originals[path] = read_source(path)
            self.texts[path] = decode(data)
        return self.texts[path]

    def _is_wanted(self, finding: Finding) -> bool:
        return not self.rules or finding.name in self.rules

    def _best(self, finding: Finding, known: Known, names: Collection[str]) -> Fix | None:
        """The first fix that may be made and was not refused."""
        refused = self.refused.get(self._key(finding), {})
        found = each_fix(
            finding, known.analysis, self.read, unsafe=self.unsafe, tidy=False, known=known, taken=names
        )
        return next((fix for fix in found if _kind(fix.title) not in refused), None)

    def _refuse(self, finding: Finding, fix: Fix, reason: str) -> None:
        self.refused.setdefault(self._key(finding), {})[_kind(fix.title)] = reason

    def _choose(self, findings: Iterable[Finding]) -> list[_Choice]:
        """A fix for each finding that has one, as many as can be applied together.

        Helpers come last: what is in one may be part of a step once the others are fixed.
        """
        chosen = [(list[_Choice](), Taken(), set[str]()) for _ in range(2)]
        known = Known(self.session.analysis)
        for finding in findings:
            names = chosen[False][2]
            fix = self._allowed(finding, known, names)
            if fix is None:
                continue
            choices, taken, _ = chosen[fix.in_helper]
            if not taken.collides(fix.edits):
                choices.append(_Choice(finding, fix))
                taken.add(fix.edits)
                names |= defined(fix.edits)
        return chosen[False][0] or chosen[True][0]

    def _allowed(self, finding: Finding, known: Known, names: Collection[str]) -> Fix | None:
        """The best fix of the finding, if there is one; its new functions have none of the names."""
        if not self._is_wanted(finding) or finding.name not in FIXERS:
            return None
        fix = self._best(finding, known, names)
        if fix is None:
            return None
        hindrance = next((why for path in _paths(fix.edits) if (why := self._hindrance(path))), "")
        if hindrance:
            self._refuse(finding, fix, hindrance)
            return None
        return fix

    def _hindrance(self, path: str) -> str:
        """Why the file cannot be changed; "" if it can."""
        if self.within is not None and path not in self.within:
            return f"its fix changes {shown_path(path)}, too"
        return "" if _is_writable(path) else f"{shown_path(path)} is read-only"

    def _accept(self, report: Report, choices: list[_Choice]) -> Report:
        """Apply the fixes; those that do not make things better are taken back. Gives the new report."""
        texts = self._apply(choices)
        gone = [self._key(choice.finding) for choice in choices]
        wrong: set[str] | None = None  # the files with something wrong; None if that is not known
        if texts is not None:
            kept = {path: self.texts[path] for path in texts}
            before = self._view(report, kept)
            self._put(texts)
            after = self.session.check()
            view = self._view(after)
            others = view.others(before, gone)
            revealed = {key for key in others if view.is_revealed(key, before)}
            wrong = {key[1] for key in others - revealed}
            wrong |= {error.path for error in view.errors - before.errors}
            if not wrong:
                self.revealed |= revealed
                self.fixed += [
                    Fixed(c.finding, c.fix.title, c.fix.safe, c.finding.line, c.finding.column)
                    for c in choices
                ]
                self._move([edit for choice in choices for edit in choice.fix.edits], kept)
                return after
            self._put(kept)
        if len(choices) == 1:
            self._refuse(choices[0].finding, choices[0].fix, WRONG)
            return self.session.check()
        report = self.session.check()
        suspects = [c for c in choices if wrong is None or wrong & _shown_paths(c)]
        keys = [self._key(choice.finding) for choice in suspects or choices]
        if 0 < len(suspects) < len(choices):
            report = self._accept(report, [c for c in choices if c not in suspects])
            return self._accept_again(report, keys)
        half = (len(keys) + 1) // 2
        return self._accept_again(self._accept_again(report, keys[:half]), keys[half:])

    def _accept_again(self, report: Report, keys: Collection[tuple[str, ...]]) -> Report:
        """Fix, where they now are, findings that were fixed along with others in vain."""
        choices = self._choose([finding for finding in report.findings if self._key(finding) in keys])
        return self._accept(report, choices) if choices else report

    def _apply(self, choices: list[_Choice]) -> dict[str, str] | None:
        try:
            return apply((edit for choice in choices for edit in choice.fix.edits), self.read)
        except (ValueError, SourceError):
            return None

    def _put(self, texts: dict[str, str]) -> None:
        for path, text in texts.items():
            self.texts[path] = text
            self.session.overlay(path, text)

    def _move(self, edits: Iterable[Edit], before: dict[str, str]) -> None:
        """Say of all that is fixed where it stands after the edits of the texts `before`."""
        by_path: dict[str, list[Edit]] = {}
        for edit in edits:
            by_path.setdefault(edit.path, []).append(edit)
        moves = {shown_path(path): Moves(before[path], found) for path, found in by_path.items()}
        self.fixed = [
            msgspec.structs.replace(item, line=place[0], column=place[1])
            for item in self.fixed
            for move in (moves.get(item.finding.path),)
            for place in (move.place(item.line, item.column) if move else (item.line, item.column),)
        ]

    def _tidied(self, report: Report) -> Report:
        """The report after imports are gone that only the fixed code needed, each fix but a part of it."""
        texts: dict[str, str] = {}
        removals: list[Edit] = []
        for path, text in self.texts.items():
            before, after = parsed(decode(self.originals[path])), parsed(text)
            if before is not None and after is not None and before is not after:
                edits = list(unneeded(before, after, path))
                texts.update(apply(edits, self.read))
                removals += edits
        if not texts:
            return report
        kept = {path: self.texts[path] for path in texts}
        before_view = self._view(report, kept)
        self._put(texts)
        tidied = self.session.check()
        after_view = self._view(tidied)
        if after_view.others(before_view, ()) or after_view.errors - before_view.errors:
            self._put(kept)
            return self.session.check()
        self._move(removals, kept)
        return tidied

    def _reason(self, finding: Finding, known: Known) -> str:
        for reason in self.refused.get(self._key(finding), {}).values():
            return reason
        found = next(each_fix(finding, known.analysis, self.read, tidy=False, known=known), None)
        if found is not None and (found.safe or self.unsafe):
            return "its fix did not come to an end"
        if self._key(finding) in self.revealed:
            return REVEALED
        if found is not None:
            return f"{found.title}: may change what the code means; fixed with --unsafe"
        return "has no fix"

    def _key(self, finding: Finding) -> tuple[str, ...]:
        """What stays of a finding when lines are put in above it; the lines of it and its cause come last."""
        end = finding.witness[-1] if finding.witness else finding
        lines = self._line(finding.path, finding.line), self._line(end.path, end.line)
        return finding.name, finding.path, finding.function, finding.message, *lines

    def _line(self, shown: str, number: int) -> str:
        lines = self._lines(shown)
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def _lines(self, shown: str) -> list[str]:
        return self._text(shown).splitlines()

    def _view(self, report: Report, kept: dict[str, str] | None = None) -> _View:
        """The report; `kept` are the texts of files that are other texts from now on."""
        findings = {self._key(finding): finding for finding in report.findings}
        return _View(
            counts=Counter(self._key(finding) for finding in report.findings),
            findings=findings,
            errors=frozenset(report.errors),
            spans={key: self._span(finding) for key, finding in findings.items()},
            kept={shown_path(path): text for path, text in (kept or {}).items()},
            now=self._text,
        )

    def _text(self, shown: str) -> str:
        try:
            return self.read(os.path.abspath(shown))
        except SourceError:
            return ""

    def _span(self, finding: Finding) -> str:
        """The first line of what is underlined."""
        lines = self._lines(finding.path)
        line = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
        end = finding.end_column - 1 if finding.end_line == finding.line else len(line)
        return line[finding.column - 1 : end]

    def _changes(self) -> Iterable[Change]:
        for path, text in sorted(self.texts.items()):
            before = self.originals[path]
            mark = _BOM if before.startswith(_BOM) else b""
            after = mark + encode(text).removeprefix(_BOM)
            if after != before:
                yield Change(path, before, after)


def _kind(title: str) -> str:
    """The title without the number that new functions have if there are several of a name."""
    return _NUMBER.sub("", title)


def _shown_paths(choice: _Choice) -> set[str]:
    """The files that the finding and its fix are about."""
    return {choice.finding.path, *(shown_path(path) for path in _paths(choice.fix.edits))}


def _paths(edits: Iterable[Edit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(edit.path for edit in edits))


class _View(msgspec.Struct, frozen=True):
    """A report, with the lines of each finding: what it is about stays the same when others move it.

    `kept` are the texts of files that have changed since; `now` gives those of the others.
    """

    counts: dict[tuple[str, ...], int]
    findings: dict[tuple[str, ...], Finding]
    errors: frozenset[InputError]
    spans: dict[tuple[str, ...], str]
    kept: dict[str, str]
    now: Callable[[str], str]

    def text(self, shown: str) -> str:
        """What the file held at the time of the report."""
        return self.kept[shown] if shown in self.kept else self.now(shown)

    def others(self, before: _View, gone: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """The findings that should not be there after those of `before` that are `gone` were fixed.

        What a helper does is reported once, at one call; when that is fixed, it is reported at the next.
        """
        expected = Counter(before.counts)
        expected.subtract(gone)
        missing = Counter({key[:-2]: 0 for key in expected})
        for key, count in expected.items():
            missing[key[:-2]] += max(0, count - self.counts.get(key, 0))
        causes = {_cause(before.findings[key]) for key in gone}
        found = set()
        for key, count in self.counts.items():
            more = count - max(0, expected[key])
            moved = min(more, missing[key[:-2]])  # another fix has changed their lines
            missing[key[:-2]] -= moved
            if more > moved and not (
                self._was_hidden(key, before, gone) and _cause(self.findings[key]) in causes
            ):
                found.add(key)
        return found

    def is_revealed(self, key: tuple[str, ...], before: _View) -> bool:
        """Whether the code was there before, and it is only told of since the project has more in it.

        Which names are unknown can be said as soon as some are known: the first step does that.
        """
        text = before.text(key[1]) if key[0] in _REVEALED else ""
        return self.spans[key] in text and key[-2] in {line.strip() for line in text.splitlines()}

    def _was_hidden(self, key: tuple[str, ...], before: _View, gone: Sequence[tuple[str, ...]]) -> bool:
        """Whether the code was there before, without a finding of its own."""
        if key in before.counts:
            return False
        text = before.text(key[1])
        spans = {before.spans[other] for other in gone}
        if self.spans[key] in spans:  # it could be the very one that should be gone
            return key[-2] in {line.strip() for line in text.splitlines()}
        return self.spans[key] in text


def _cause(finding: Finding) -> tuple[str, ...]:
    return finding.name, *(frame.function for frame in finding.witness[-2:])


def summary(outcome: Outcome) -> Iterable[str]:
    """What people are told, line by line: what was fixed, what is left and why, and where both are now."""
    for fixed in sorted(outcome.fixed, key=lambda item: (item.finding.path, item.line, item.column)):
        mark = "" if fixed.safe else " (unsafe)"
        place = f"{fixed.finding.path}:{fixed.line}:{fixed.column}"
        yield f"{place}: fixed {fixed.finding.name}{mark}: {fixed.title}"
    for left in outcome.left:
        place = f"{left.finding.path}:{left.finding.line}:{left.finding.column}"
        yield f"{place}: left {left.finding.name}: {left.reason}"
    files = len(outcome.changes)
    fixed_count = len(outcome.fixed)
    yield (
        f"Fixed {fixed_count} finding{'' if fixed_count == 1 else 's'} in {files} "
        f"file{'' if files == 1 else 's'}, {len(outcome.left)} left."
    )


# -- files ----------------------------------------------------------------------------------------


def write_changes(changes: Iterable[Change]) -> list[str]:
    """Put the new texts into the files; gives what went wrong, one line for each file left alone.

    A file that no longer holds what was fixed is left alone.
    """
    problems = []
    for change in changes:
        shown = shown_path(change.path)
        try:
            if read_source(change.path) != change.before:
                problems.append(f"{shown}: has changed meanwhile, and is left as it is")
                continue
            if not _is_writable(change.path):
                problems.append(f"{shown}: is read-only")
                continue
            _replace(os.path.realpath(change.path), change.after)
        except (OSError, SourceError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problems.append(f"{shown}: cannot be written: {reason}")
    return problems


def _is_writable(path: str) -> bool:
    """Whether its owner lets the file be written; replacing a file would not ask."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return os.access(path, os.W_OK) and bool(stat.S_IMODE(mode) & 0o222)


def _replace(path: str, data: bytes) -> None:
    """Write the whole file or nothing of it."""
    mode = stat.S_IMODE(os.stat(path).st_mode)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".color-checker-")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _ended(lines: Iterable[str]) -> Iterable[str]:
    """Lines of a diff; one without line end gets it, and the remark of `diff`."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
