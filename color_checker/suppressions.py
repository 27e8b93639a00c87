"""Reads the comments by which source code talks to color-checker.

    x = now()  # color: ignore[clock, network]      these rules, for findings that start on this line
    # color: ignore[clock]                          alone on a line: for the next line with code
    # color: ignore                                 all rules
    def handler():  # color: pure                   the color of a function: on its `def`, on a line of its
                                                    decorators, or alone above it
    # color: workflow                               before all code and not right above a `def`: the module

Anything may follow after another `#` or a dash, as a reason. What does not look like one of these is
left alone (`# color: red`), unless it is close to one (`# color: ingore[clock]`): that is a problem.
"""

from __future__ import annotations

import contextlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

import msgspec

COLORS = ("workflow", "step", "pure")


class Ignore(msgspec.Struct, frozen=True, array_like=True):
    """A suppression. Lines and columns count from 1; `end_column` is just past its last character.

    Attributes:
        line: where the comment stands.
        names: of rules; empty for all.
        target: the line whose findings it suppresses.
    """

    line: int
    names: tuple[str, ...]
    column: int
    end_column: int
    target: int


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """A comment that was meant for color-checker and is wrong."""

    line: int
    column: int
    reason: str


class Pragmas(msgspec.Struct, frozen=True, array_like=True):
    """All that the comments of one file say.

    Attributes:
        colors: line and color. The line is the first of a decorator or of a `def`: a function has the
            color if its `def` or one of its decorators starts there.
        module_color: "workflow" or None.
    """

    ignores: tuple[Ignore, ...] = ()
    colors: tuple[tuple[int, str], ...] = ()
    module_color: str | None = None
    problems: tuple[Problem, ...] = ()


def scan(source: str) -> Pragmas:
    """The pragmas in a file's text. Never raises: after a syntax error, what stood before it counts."""
    if "color:" not in source or not _LIKELY.search(source):
        return _NOTHING
    return _Scan().run(source)


_NOTHING = Pragmas()
_LIKELY = re.compile(r"#[ \t]*color:")
#: In a comment: `# color: WORD`, `[…]`, and the character that comes after.
_PRAGMA = re.compile(r"#[ \t]*color:[ \t]*([A-Za-z_]+)[ \t]*(\[[^\]#]*\]?)?[ \t]*(?=(.?))")
_RULE_NAME = re.compile(r"[a-z][a-z0-9-]*")
_RULE_CODE = re.compile(r"CC[0-9]{3}")
_NO_CODE = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})


class _Found(msgspec.Struct):
    """A pragma in a comment, and where it stands.

    Attributes:
        after: the character that follows it in the comment, or "".
        alone: no code stands before it on its line.
        on_top: no code but a docstring stands before it in the file.
        statement: first line of the statement that it stands in or, alone between two, above; 0 at the end.
        next_line: the line of the next code; 0 at the end.
    """

    word: str
    bracket: str
    after: str
    line: int
    column: int
    end_column: int
    alone: bool
    on_top: bool
    statement: int
    next_line: int = 0


class _Scan:
    """One pass over the tokens of a file."""

    def __init__(self) -> None:
        self.found: list[_Found] = []
        self.waiting: list[_Found] = []
        self.starts: dict[int, list[str]] = {}  # first line of a statement → its first two tokens
        self.statement = 0  # the first line of the one being read; 0 between two
        self.only_strings = True  # in the statement being read
        self.code_seen = False
        self.last_line = 0  # with code

    def run(self, source: str) -> Pragmas:
        for token in _tokens(source):
            if token.type == tokenize.COMMENT:
                self._read_comment(token)
            elif token.type == tokenize.NEWLINE:
                self.code_seen = self.code_seen or not self.only_strings
                self.statement, self.only_strings = 0, True
            elif token.type not in _NO_CODE:
                self._read_code(token)
        return _interpret(self.found, self.starts, source)

    def _read_comment(self, token: tokenize.TokenInfo) -> None:
        line, start = token.start
        for match in _PRAGMA.finditer(token.string):
            column = start + match.start() + 1
            found = _Found(
                word=match[1],
                bracket=match[2] or "",
                after=match[3],
                line=line,
                column=column,
                end_column=column + len(match[0].rstrip()),
                alone=line != self.last_line,
                on_top=not self.code_seen and not self.statement,
                statement=self.statement,
            )
            self.found.append(found)
            if found.alone:
                self.waiting.append(found)
            elif not found.statement:  # the comment of a line comes before the line's end
                found.statement = line

    def _read_code(self, token: tokenize.TokenInfo) -> None:
        line = token.start[0]
        if not self.statement:
            self.statement = line
        if token.type != tokenize.STRING:
            self.only_strings = False
        start = self.starts.setdefault(self.statement, [])
        if len(start) < 2:
            start.append(token.string)
        for found in self.waiting:
            found.next_line = line
            found.statement = found.statement or line
        self.waiting.clear()
        self.last_line = token.end[0]


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    # From Python 3.12 on, the tokenizer warns of odd escapes, and some malformed f-strings and NULs make it
    # raise SystemError.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(tokenize.TokenError, SyntaxError, ValueError, RecursionError, SystemError):
            yield from tokenize.generate_tokens(io.StringIO(source, newline=None).readline)


def _interpret(found: list[_Found], starts: dict[int, list[str]], source: str) -> Pragmas:
    ignores: list[Ignore] = []
    colors: list[tuple[int, str]] = []
    problems: list[Problem] = []
    module_color = None
    for pragma in found:
        reason = ""
        if pragma.word == "ignore":
            names, reason = _names(pragma)
            if names is not None:
                target = pragma.next_line if pragma.alone else pragma.line
                ignores.append(Ignore(pragma.line, names, pragma.column, pragma.end_column, target))
        elif pragma.word in COLORS and _is_whole(pragma):
            start = starts.get(pragma.statement, [])
            if pragma.alone and pragma.on_top and not (_defines(start) and _is_right_above(pragma, source)):
                module_color, reason = _module_color(pragma.word, module_color)
            elif _defines(start):
                colors.append((pragma.statement, pragma.word))
            else:
                reason = "stands at no function: write it on a `def`, or alone on the line above it"
        else:
            reason = _near_miss(pragma)
        if reason:
            problems.append(Problem(pragma.line, pragma.column, reason))
    return Pragmas(tuple(ignores), tuple(colors), module_color, tuple(problems))


def _names(pragma: _Found) -> tuple[tuple[str, ...] | None, str]:
    """The rules that an ignore names (None: it is of no use), and what is wrong with it."""
    if not pragma.bracket:
        if not _is_whole(pragma):
            return None, "says what to ignore without brackets: write `# color: ignore[RULE]`"
        if pragma.alone and not pragma.next_line:
            return None, "is followed by no code"
        return (), ""
    if not pragma.bracket.endswith("]"):
        return None, "has a bracket that is not closed: write `# color: ignore[RULE]`"
    words = [word.strip() for word in pragma.bracket[1:-1].split(",")]
    names = tuple(dict.fromkeys(word for word in words if _RULE_NAME.fullmatch(word)))
    if not any(words):
        return None, "names no rule: write `# color: ignore[RULE]`"
    if pragma.alone and not pragma.next_line:
        return None, "is followed by no code"
    wrong = [word for word in words if not _RULE_NAME.fullmatch(word)]
    return names or None, _wrong_name(wrong[0]) if wrong else ""


def _wrong_name(word: str) -> str:
    if _RULE_CODE.fullmatch(word):
        return f"names the code {word}: write the rule's name, which `color-checker explain {word}` says"
    return f'names "{word}", which no rule is called'


def _module_color(word: str, known: str | None) -> tuple[str | None, str]:
    if word == "workflow":
        return "workflow", ""
    return known, f"gives a whole module the color {word}, but only `# color: workflow` can stand at its top"


def _is_whole(pragma: _Found) -> bool:
    """Whether the comment ends here or gives a reason: `# color: pure white` is about something else."""
    return pragma.after in ("", "#", "-", "\N{EN DASH}", "\N{EM DASH}")


def _defines(start: list[str]) -> bool:
    return start[:1] in (["def"], ["@"]) or start == ["async", "def"]


def _is_right_above(pragma: _Found, source: str) -> bool:
    """Whether only comments stand between a pragma and the statement after it."""
    lines = io.StringIO(source, newline=None).read().split("\n")
    return all(line.strip() for line in lines[pragma.line : pragma.statement - 1])


def _near_miss(pragma: _Found) -> str:
    """What was probably meant by a comment that is no pragma; "" if it is about something else."""
    word = pragma.word.lower()
    if word in ("ignore", *COLORS) and word != pragma.word and _is_whole(pragma):
        return f"says `{pragma.word}`; did you mean `{word}`?"
    if pragma.bracket or _is_whole(pragma):
        import difflib  # slow to import, seldom needed

        close = difflib.get_close_matches(word, ["ignore", "workflow"], n=1, cutoff=0.8)
        if close and word != close[0]:
            return f"says `{pragma.word}`; did you mean `{close[0]}`?"
    return ""
