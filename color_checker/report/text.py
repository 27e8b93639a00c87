"""The format for people: place, source line with a caret, witness as a tree, what was checked.

Places are printed as `path:line:column` and nothing else touches them, because that is what
terminals and editors turn into a link; a hyperlink escape would lose the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

import msgspec

from color_checker.findings import Finding, Frame, InputError, Report
from color_checker.report.excerpt import excerpt, source_line
from color_checker.report.options import Lines, Options
from color_checker.report.safe import visible
from color_checker.report.summary import sentences

if TYPE_CHECKING:
    from color_checker.report.styled import StyledLines

SEVERITY_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
COLOR_STYLES = {"workflow": "blue", "step": "green", "pure": "cyan", "plain": ""}
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^a-z])")
DEEPEST_INDENT = 12
SHOWN_WORKFLOWS = 6

Span = tuple[str, str]


class Glyphs(msgspec.Struct, frozen=True):
    """The line-drawing characters that the output's encoding has."""

    bar: str
    branch: str


UNICODE = Glyphs(bar="│", branch="└ ")
ASCII = Glyphs(bar="|", branch="-> ")


def render_errors(report: Report, stream: TextIO, options: Options) -> None:
    """Write the files that could not be checked, one a line; nothing if there are none."""
    painter = Painter(stream, options)
    for error in report.errors:
        painter.input_error(error)
    if report.errors:
        painter.blank()


def render_findings(report: Report, stream: TextIO, lines: Lines, options: Options) -> None:
    """Write all findings and the summary."""
    painter = Painter(stream, options)
    for group in groups(report.findings):
        for finding in group:
            painter.place_and_source(finding, lines)
        painter.explanation(group[0])
        painter.blank()
    verdict, *rest = sentences(report, options)
    style = "bold" if report.findings else "bold yellow" if unproven(report) else "bold green"
    painter.prose([(verdict, style)])
    for sentence in rest:
        painter.prose([(sentence, "")])


def unproven(report: Report) -> bool:
    """Whether the absence of findings says little: nothing to check, or not all was checked."""
    return bool(report.errors) or not report.summary.workflows


def groups(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Neighbors that differ only in their place, so that they can share one explanation."""
    group: list[Finding] = []
    for finding in findings:
        if group and explained_alike(group[-1]) != explained_alike(finding):
            yield group
            group = []
        group.append(finding)
    if group:
        yield group


def explained_alike(finding: Finding) -> tuple[object, ...]:
    """What the lines below the source line are made of."""
    chain = [(frame.function, frame.path, frame.line) for frame in finding.witness[1:-1]]
    ends = [frame.function for frame in (*finding.witness[:1], *finding.witness[-1:])]
    return (finding.path, finding.code, finding.message, finding.function, chain, ends, finding.workflows)


class Painter:
    """Writes styled lines to one stream; wraps prose, never breaks a path or a name."""

    def __init__(self, stream: TextIO, options: Options) -> None:
        self.options = options
        self.glyphs = UNICODE if options.can_show("│└") else ASCII
        self.stream = stream

    @cached_property
    def styled(self) -> StyledLines:
        """The stream, for lines with styles."""
        from color_checker.report.styled import StyledLines

        return StyledLines(self.stream, self.options.width)

    def input_error(self, error: InputError) -> None:
        """`path:line:column  error  reason`."""
        place = error.path
        if error.line > 0:
            place = f"{error.path}:{error.line}:{max(1, error.column)}"
        self.prose([(place, "bold"), ("  error", "bold red"), ("  " + error.reason, "")])

    def place_and_source(self, finding: Finding, lines: Lines) -> None:
        """The first line of a finding and the source line it is about."""
        severity = "" if finding.severity == "error" else f" ({finding.severity})"
        self.prose(
            [
                (f"{finding.path}:{finding.line}:{finding.column}", "bold"),
                (f"  {finding.code} {finding.name}{severity}", SEVERITY_STYLES[finding.severity]),
                ("  " + sentences_of(finding.message)[0], ""),
            ]
        )
        self.source(finding, lines)

    def source(self, finding: Finding, lines: Lines) -> None:
        """The source line with a caret under it, if the file still has it."""
        number = f"{finding.line:>6} "
        shown = excerpt(
            source_line(lines, finding.path, finding.line),
            finding.column,
            finding.end_column if finding.end_line <= finding.line else None,
            width=self.options.width - len(number) - 2,
            encoding=self.options.encoding,
            cell_len=cell_len,
        )
        if shown is None:
            return
        bar = self.glyphs.bar + " "
        self.line([(number + bar, "dim"), (shown.source, "")])
        self.line([(" " * len(number) + bar, "dim"), (shown.underline, SEVERITY_STYLES[finding.severity])])

    def explanation(self, finding: Finding) -> None:
        """Why it matters, what to write instead, and the proof."""
        for sentence in sentences_of(finding.message)[1:]:
            self.prose([(sentence, "")], indent=4)
        self.witness(finding)
        if len(finding.workflows) > 1:
            names = " " + listed(finding.workflows)
            self.prose([("Reached by", "dim"), (names, COLOR_STYLES["workflow"])], indent=4)

    def witness(self, finding: Finding) -> None:
        """The call chain as a tree, every link with the place of its call."""
        previous = ""
        if not any(frame.function for frame in finding.witness):
            return  # of a comment, which stands in no function
        for depth, frame in enumerate(finding.witness):
            place = f"{frame.path}:{frame.line}"
            role = f" ({role_of(finding)})" if not depth and role_of(finding) else ""
            style = COLOR_STYLES[finding.color] if not depth else "bold" if is_last(finding, frame) else ""
            self.line(
                [
                    ("    " + self.branch(depth), "dim"),
                    (frame.function, style),
                    (role, "dim"),
                    ("" if place == previous else "  " + place, "dim"),
                ]
            )
            previous = place

    def branch(self, depth: int) -> str:
        """The indent of link `depth`; it stops growing where it would leave the page."""
        if not depth:
            return ""
        return "  " * (min(depth, DEEPEST_INDENT) - 1) + self.glyphs.branch

    def prose(self, spans: Sequence[Span], indent: int = 0) -> None:
        """Write words wrapped at the page's width, further lines indented by four."""
        line: list[Span] = [(" " * indent, "")] if indent else []
        used, margin = indent, max(indent, 4)
        for word, style in words(spans):
            needed = cell_len(word)
            if line and used + needed > self.options.width and used > margin:
                self.line(line)
                word = word.lstrip(" ")
                line, used, needed = [(" " * margin, "")], margin, cell_len(word)
            line.append((word, style))
            used += needed
        self.line(line)

    def line(self, spans: Sequence[Span]) -> None:
        """Write one line as it is."""
        shown = [(visible(text, self.options.encoding), style) for text, style in spans if text]
        if self.options.color:
            self.styled.write(shown)
        else:
            self.stream.write("".join(text for text, _ in shown).rstrip() + "\n")

    def blank(self) -> None:
        """Write an empty line."""
        self.line([])


def cell_len(text: str) -> int:
    """How many columns a terminal needs for the text."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len as measured

    return measured(text)


def words(spans: Sequence[Span]) -> Iterator[Span]:
    """The words of styled text, each with the spaces before it; a rule's code and name are one."""
    for text, style in spans:
        for match in re.finditer(r" *(?:CC[0-9]{3} )?[^ ]+", re.sub(r"[\t\r\n]+", " ", text)):
            yield match.group(), style


def sentences_of(message: str) -> list[str]:
    """What is wrong, why it matters, what to write instead: the sentences of a message.

    The first stands in the finding's first line, so there is always one.
    """
    return SENTENCE_END.split(message.strip(), maxsplit=1)


def role_of(finding: Finding) -> str:
    """`temporal workflow`: what the root of the witness is."""
    return f"{finding.engine} {finding.color}".strip() if finding.color != "plain" else ""


def is_last(finding: Finding, frame: Frame) -> bool:
    """Whether `frame` is the effect that the witness ends in."""
    return frame is finding.witness[-1]


def listed(names: Sequence[str]) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:SHOWN_WORKFLOWS])
    more = len(names) - SHOWN_WORKFLOWS
    return f"{shown} and {more} more" if more > 0 else shown
