"""A hand-made report that uses every field, with the sources it is about."""

from __future__ import annotations

import io
from collections.abc import Sequence

from color_checker.findings import Color, Effect, Finding, Frame, InputError, Report, Summary

SOURCES = {
    "app/trial.py": [
        "@workflow.defn\n",
        "class ProTrial:\n",
        "    async def run(self):\n",
        "        started = datetime.now()  # start\n",
        "        ended = datetime.now()\n",
        "\tprice = await quote(self.customer, started)\n",
    ],
    "app/wide.py": [
        '    log("日本語", now())\n',
        "x = [" + ", ".join(f"item_{n}" for n in range(60)) + "]\n",
    ],
}

CLOCK = (
    "Reads the wall clock in a workflow. On replay it returns another time than the recorded one, "
    "so the workflow may take another path. Use `workflow.now()`."
)


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def lines(path: str) -> Sequence[str]:
    """The sources above; other files have vanished."""
    if path not in SOURCES:
        raise FileNotFoundError(path)
    return SOURCES[path]


def finding(**changes: object) -> Finding:
    """A finding about `datetime.now()` on line 4 of app/trial.py, with `changes`."""
    fields: dict[str, object] = {
        "code": "CC201",
        "name": "clock",
        "severity": "error",
        "path": "app/trial.py",
        "line": 4,
        "column": 19,
        "end_line": 4,
        "end_column": 33,
        "message": CLOCK,
        "function": "app.trial.ProTrial.run",
        "color": Color.WORKFLOW,
        "engine": "temporal",
        "effect": Effect.CLOCK,
        "witness": (
            Frame("app.trial.ProTrial.run", "app/trial.py", 4, 19),
            Frame("datetime.datetime.now", "app/trial.py", 4, 19),
        ),
    }
    return Finding(**(fields | changes))  # type: ignore[arg-type]


CHAIN = (
    Frame("app.trial.ProTrial.run", "app/trial.py", 6, 16),
    Frame("app.quotes.quote", "app/quotes.py", 5, 12),
    Frame("app.rates.today", "app/rates.py", 9, 3),
    Frame("datetime.datetime.now", "app/rates.py", 9, 3),
)

REPORT = Report(
    findings=(
        finding(),
        finding(line=5, column=17, end_line=5, end_column=31),
        finding(
            line=6,
            column=10,
            end_line=6,
            end_column=45,
            witness=CHAIN,
            workflows=("app.trial.ProTrial.run", "app.other.Other.run"),
        ),
        finding(
            code="CC901",
            name="unused-suppression",
            severity="warning",
            path="app/vanished.py",
            line=3,
            column=1,
            end_line=3,
            end_column=1,
            message="This suppression suppresses nothing.",
            function="app.vanished.f",
            color=Color.PLAIN,
            engine="",
            effect=None,
            witness=(),
            fix=True,
        ),
    ),
    errors=(
        InputError("app/broken.py", 3, 7, "invalid syntax"),
        InputError("app/secret.py", 0, 0, "permission denied"),
    ),
    summary=Summary(
        files=12,
        lines=1840,
        functions=80,
        workflows=5,
        steps=1,
        calls=120,
        gaps=2,
        suppressed=3,
        seconds=0.41,
    ),
    gaps=(
        finding(
            code="CC902",
            name="gap",
            message="Calls something unknown.",
            effect=None,
            witness=(),
        ),
    ),
)
