"""CC901: a suppression that suppresses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from color_checker.findings import Color, Effect, Finding, Frame
from color_checker.program import Place, Program
from color_checker.rules.base import Example, Rule

#: Rules about what a call does. If it is not resolved, the mypy plugin may still find what a comment is for.
_BEHIND_CALLS = frozenset(effect.value for effect in Effect)

#: Rules that need types, and are applied by the mypy plugin.
_ELSEWHERE = frozenset({"not-serializable", "step-arguments"})


class UnusedSuppression(Rule):
    """A suppression comment suppresses nothing.

    ## What it does

    `# color: ignore[clock]` suppresses the findings of one rule (several: separated by commas) on its line;
    `# color: ignore` suppresses all. Alone on a line it counts for the next line with code. The line is that
    of the finding, or that of the effect that proves it: a comment in a helper, at the call that reads the
    clock, is enough for all workflows that reach it. This rule finds comments, and single names in them,
    without which nothing more would be reported, names of rules that do not exist, and comments that were
    meant for color-checker but say nothing that it knows. Names of rules that are switched off stay, and so
    do those of effects on the lines of calls that are not resolved (`gap`): types may show what the comment
    is for.

    ## Why is this bad

    The comment says that something here breaks replay, and nothing does. It will hide the next finding on its
    line, which nobody has judged.

    ## Use instead

    Take the comment away, or the name in it that is not needed any more.
    """

    code = "CC901"
    name = "unused-suppression"
    severity = "warning"

    bad = (
        Example(
            title="nothing is wrong on the line",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> str:
        return workflow.now().isoformat()  # color: ignore[clock]  # expect: unused-suppression
"""
            },
        ),
        Example(
            title="one name of two, another rule than the one that fires, a rule that does not exist",
            files={
                "app.py": """\
import time
from uuid import uuid4

from dbos import DBOS


@DBOS.workflow()
def trial() -> str:
    started = time.time()  # color: ignore[clock, random]  # expect: unused-suppression
    key = uuid4()  # color: ignore[random]  # expect: identity, unused-suppression
    ended = time.time()  # color: ignore[clokc]  # expect: clock, unused-suppression
    return f"{started} {key} {ended}"
"""
            },
        ),
        Example(
            title="in a helper of another file that no workflow reaches",
            files={
                "rates.py": """\
import datetime


def today() -> datetime.date:
    return datetime.date.today()  # color: ignore[clock]  # expect: unused-suppression
""",
                "flows.py": """\
from runtime_min import step, workflow

from rates import today


@step
async def stamp() -> str:
    return today().isoformat()


@workflow
async def audit() -> str:
    return await stamp()
""",
            },
        ),
        Example(
            title="a bare comment",
            files={
                "tools.py": """\
def double(number: int) -> int:
    return number * 2  # color: ignore  # expect: unused-suppression
"""
            },
        ),
    )
    good = (
        Example(
            title="a finding that somebody has judged",
            files={
                "workflows.py": """\
from datetime import datetime

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> str:
        workflow.logger.info("replayed at %s", datetime.now())  # color: ignore[clock]
        return "done"
"""
            },
        ),
        Example(
            title="at the effect, in a helper of another file",
            files={
                "rates.py": """\
import datetime


def today() -> datetime.date:
    return datetime.date.today()  # color: ignore[clock]
""",
                "flows.py": """\
from runtime_min import workflow

from rates import today


@workflow
async def audit() -> str:
    return today().isoformat()


@workflow
async def report() -> str:
    return f"report of {today()}"
""",
            },
        ),
        Example(
            title="two rules on one line, a bare comment, one above the line, and words in a string",
            files={
                "app.py": """\
import time
from uuid import uuid4

from dbos import DBOS

HOW = "# color: ignore[clock]"


@DBOS.workflow()
def trial() -> str:
    key = f"{uuid4()} {time.time()}"  # color: ignore[identity, clock]
    print(key)  # color: ignore
    # color: ignore[clock]
    key += str(time.time())
    return key
"""
            },
        ),
    )

    @staticmethod
    def message(name: str) -> str:
        """What is wrong with the suppression of rule `name` ("" for a bare one)."""
        comment = f"ignore[{name}]" if name else "ignore"
        return (
            f"`# color: {comment}` suppresses nothing here. It would hide the next finding on this line, "
            "which nobody has judged. Take it away."
        )

    @staticmethod
    def message_for_unknown(name: str, similar: str | None = None) -> str:
        """What is wrong with the suppression of a rule `name` that does not exist."""
        hint = f"Did you mean `{similar}`?" if similar else "See `color-checker explain` for the names."
        return f"There is no rule `{name}`. The comment suppresses nothing. {hint}"

    @staticmethod
    def message_for_problem(reason: str) -> str:
        """What is wrong with a comment that nobody understands; `reason` is a clause without subject."""
        end = "" if reason.endswith("?") else "."
        return f"This comment {reason}{end} It has no effect as it stands. Correct it or take it away."

    def check(self, program: Program) -> Iterator[Finding]:
        """Runs after all other rules: what they have suppressed is noted by then."""
        known = _rule_names()
        off = {name for name in known if not program.config.is_on(name)}
        unresolved = _unresolved_lines(program)
        for path, ignore, left in program.suppressions.unused():
            place = Place(path, ignore.line, ignore.column, ignore.line, ignore.end_column)
            names = [name for name in left or ignore.names if name not in _ELSEWHERE]
            for name in names:
                if name not in known:
                    similar = get_close_matches(name, known, n=1)
                    yield self._finding(place, self.message_for_unknown(name, *similar))
            if (path, ignore.target) in unresolved:
                names = [name for name in names if name not in _BEHIND_CALLS]
                if not names:
                    continue
            unused = [name for name in names if name in known and name not in off and name != self.name]
            if unused or not (ignore.names or off):
                yield self._finding(place, self.message(", ".join(unused)))
        for path, problems in program.suppressions.problems.items():
            for problem in problems:
                place = Place(path, problem.line, problem.column, problem.line, problem.column + 1)
                yield self._finding(place, self.message_for_problem(problem.reason))

    def _finding(self, place: Place, message: str) -> Finding:
        """Comments belong to no function, and stand in files that were never linked, too."""
        return Finding(
            code=self.code, name=self.name, severity=self.severity, path=place.path, line=place.line,
            column=place.column, end_line=place.end_line, end_column=place.end_column, message=message,
            function="", color=Color.PLAIN, engine="", effect=None,
            witness=(Frame("", place.path, place.line, place.column),),
        )  # fmt: skip


def _unresolved_lines(program: Program) -> set[tuple[str, int]]:
    """The lines from which replayed code gets to a call that is not resolved, and those of such calls."""
    lines: set[tuple[str, int]] = set()
    for node in program.replayed_nodes:
        for gap in program.gaps(node):
            _, chain = program.way_to(node)
            places = [program.place_of(step.caller, step.position) for step in chain]
            lines.update((place.path, place.line) for place in (*places, program.place(node, gap.at)))
    return lines


def _rule_names() -> list[str]:
    # Not at the top: the package lists this module among its rules.
    from color_checker.rules import all_rules

    return [rule.name for rule in all_rules()]
