"""The project as the analyzer sees it: what is found in it, and what of it the plugin asks for besides.

All that goes in and out are plain data, so that it may be in another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from color_checker.config import Config, load_config
from color_checker.findings import Color, Finding, Report
from color_checker.inputs import FACTS_VERSION
from color_checker.places import Spot, Types
from color_checker.result_cache import untimed
from color_checker.session import Session
from color_checker.sources import content_hash
from color_checker.store import Store
from mypy_plugin.analyzer.registered import Registered
from mypy_plugin.analyzer.resolution import Resolution

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.engines import Profile
    from color_checker.program import Program
    from mypy_plugin.analyzer.choices import Choices
    from mypy_plugin.prints import Places

#: To be changed whenever `Tables` or what is in it changes its meaning.
_FORMAT = "1"


class Coloring(msgspec.Struct, frozen=True):
    """The color of a function, and the engine that it has it from."""

    color: Color
    engine: str


#: Absolute path → line of a function → its color.
Colorings = dict[str, dict[int, Coloring]]


class Known(msgspec.Struct, frozen=True):
    """What is found in the project, with what mypy has said of it so far.

    Attributes:
        asked: the absolute paths of the files that mypy is asked about.
        unanswered: those of which it has not said all it can.
    """

    findings: tuple[Finding, ...] = ()
    asked: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()


class Tables(msgspec.Struct, frozen=True):
    """What is asked of the program behind a report; kept, since it takes long to link the program again."""

    colorings: Colorings
    registered: Registered


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Tables)


class Analyzed:
    """The project of the working directory, or another one."""

    def __init__(self, config: Config, *, is_elsewhere: bool = False) -> None:
        """`is_elsewhere`: the configuration is not what the working directory has."""
        self._config = config
        self._is_elsewhere = is_elsewhere
        self._session = self._new_session()
        self._resolution = Resolution(config)
        self._report = Report()
        self._tables: Tables | None = None
        self._colorings: Colorings | None = None
        self._choices: Choices | None = None

    def _new_session(self) -> Session:
        return Session(self._config.default_paths(), config=self._config if self._is_elsewhere else None)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The absolute paths of the project's files, with hashes of what they hold."""
        return self._session.files

    def recall(self) -> Known | None:
        """What is found, if it is known from an earlier run; else None, and nothing but `files` is known."""
        report = self._session.recall()
        return self.known() if report is not None and self._begin(report) else None

    def places(self) -> Places | None:
        """What the findings depend on; None unless they were known from an earlier run, and still are."""
        if self._session.known is not None or self._is_elsewhere:
            return None
        from mypy_plugin.analyzer.dependence import places

        return places(self._session, self._config)

    def check(self) -> Known:
        """What is found now. Raises ColorCheckerError."""
        if not self._begin(self._session.check()):
            self._resolution.resume()
        return self.known()

    def known(self) -> Known:
        """What was found."""
        resolution = self._resolution
        return Known(resolution.findings, resolution.asked, resolution.unanswered)

    def _begin(self, report: Report) -> bool:
        self._report = report
        self._tables = self._colorings = self._choices = None
        return self._resolution.recall(report, self.files, lambda: self._session.analysis, self._anew)

    def _anew(self) -> Analysis:
        self._session = self._new_session()
        self._session.check()
        return self._session.analysis

    # -- what mypy knows ------------------------------------------------------------------------

    def questions(self, path: str) -> tuple[Spot, ...]:
        """The places in a file of which mypy is to say what they are."""
        return self._resolution.questions(path)

    def learn(self, path: str, asked: tuple[Spot, ...], types: Types) -> Known | None:
        """Take what mypy says of the places that it was asked about; what is found now, if that is news."""
        if not self._resolution.is_news(path, asked, types):
            return None
        self.tables()  # as they are before, whenever they are asked for
        if not self._resolution.learn(path, asked, types):
            return None
        self._colorings = None
        return self.known()

    def keep(self) -> bool:
        """Keep what was learned for the next run, unless it is too early; whether nothing is left to."""
        return self._resolution.keep()

    # -- what else the plugin asks --------------------------------------------------------------

    def colors(self, path: str) -> dict[int, Coloring]:
        """The colors of the functions in a file, by the lines where they are defined."""
        if self._colorings is None:
            if self._resolution.has_learned:
                self._colorings = _colorings(self._session.analysis.program)
            else:
                self._colorings = self.tables().colorings
        return self._colorings.get(path, {})

    def registered(self) -> Registered:
        """What the project registers with its engines."""
        return self.tables().registered

    def converters(self, path: str, engine: str, default: str) -> tuple[str, ...]:
        """The names of the converters that functions in a file may meet."""
        return self._look_for_choices().converters(path, self._profile(engine), default)

    def _look_for_choices(self) -> Choices:
        if self._choices is None:
            from mypy_plugin.analyzer.choices import Choices

            self._choices = Choices(self._session.analysis.project)
        return self._choices

    def _profile(self, engine: str) -> Profile:
        from color_checker.engines import load_profiles

        files = tuple(map(self._config.resolve, self._config.engine_files))
        return load_profiles(files, only=(engine,))[engine]

    def prepare(self) -> None:
        """Find out at leisure what is asked seldom, and then takes long."""
        choices = self._look_for_choices()
        for profile in self._session.analysis.program.profiles.values():
            choices.prepare(profile)

    def tables(self) -> Tables:
        """What was read off the program when it was linked, before anything was learned."""
        if self._tables is None:
            key = self._tables_key()
            with Store.open(self._config.resolve(self._config.cache_dir), FACTS_VERSION) as store:
                self._tables = _decoded(store.get([key]).get(key))
                if self._tables is None:
                    self._tables = _read(self._session.analysis.program)
                    store.put([(key, _encoder.encode(self._tables))])
        return self._tables

    def _tables_key(self) -> bytes:
        files = sorted(self.files.items())
        return content_hash(_encoder.encode(("tables", _FORMAT, FACTS_VERSION, untimed(self._report), files)))


def _read(program: Program) -> Tables:
    from mypy_plugin.analyzer.registering import registered_in  # no stored result needs it

    return Tables(_colorings(program), registered_in(program))


def _decoded(stored: bytes | None) -> Tables | None:
    try:
        return _decoder.decode(stored) if stored is not None else None
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _colorings(program: Program) -> Colorings:
    table: Colorings = {}
    for node, code in program.code.items():
        if node.facts.kind in ("function", "lambda"):
            lines = table.setdefault(node.module.source.path, {})
            lines[node.facts.line] = Coloring(code.color, code.engine)
    return table


def work_ahead() -> Analyzed:
    """The project of the working directory, checked: what a child process has."""
    analyzed = Analyzed(load_config(Path.cwd()))
    analyzed.check()
    analyzed.tables()
    return analyzed
