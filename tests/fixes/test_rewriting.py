"""Calls with an effect become what the engine offers for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.trying import fixed, offered, write

TEMPORAL = """\
{imports}

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, tz: tzinfo) -> object:
        value = {expression}
        return value
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _value(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("        value = ")).partition(" = ")[2]


def _temporal(folder: Path, imports: str, expression: str, *, unsafe: bool = False) -> str:
    return _value(fixed(folder, TEMPORAL.format(imports=imports, expression=expression), unsafe=unsafe))


@pytest.mark.parametrize(
    ("imports", "expression", "expected"),
    [
        ("from datetime import datetime", "datetime.utcnow()", "workflow.now().replace(tzinfo=None)"),
        ("import datetime as dt", "dt.datetime.now(dt.timezone.utc)", "workflow.now()"),
        ("import datetime as dt", "dt.datetime.now(tz=dt.timezone.utc)", "workflow.now()"),
        ("from datetime import UTC, datetime", "datetime.now(UTC)", "workflow.now()"),
        ("from datetime import datetime, tzinfo", "datetime.now(tz)", "workflow.now().astimezone(tz)"),
        ("import time", "time.time() + 1", "workflow.time() + 1"),
        ("from time import time_ns as now", "now()", "workflow.time_ns()"),
        ("import time", "time.sleep(5)", "await workflow.sleep(5)"),
        ("import random", "random.choice([1, 2])", "workflow.random().choice([1, 2])"),
        ("from random import randint", "randint(a=1, b=6)", "workflow.random().randint(a=1, b=6)"),
        ("import random", "random.Random().random()", "workflow.new_random().random()"),
        ("import uuid", "uuid.uuid4().hex", "workflow.uuid4().hex"),
        ("", 'print("a", 1)', 'workflow.logger.info("%s %s", "a", 1)'),
        ("", "print()", 'workflow.logger.info("")'),
        ("import logging", 'logging.warning("%s", 1)', 'workflow.logger.warning("%s", 1)'),
    ],
)  # fmt: skip
def test_what_temporal_has_for_a_call_is_written_in_its_place(
    tmp_path: Path, imports: str, expression: str, expected: str
) -> None:
    assert _temporal(tmp_path, imports, expression) == expected


@pytest.mark.parametrize(
    ("imports", "expression", "unsafe"),
    [
        ("from datetime import datetime", "datetime.now()", "workflow.now().replace(tzinfo=None)"),
        ("from datetime import date", "date.today()", "workflow.now().date()"),
        ("import time", "time.monotonic()", "workflow.time()"),
        ("import uuid", "uuid.uuid1()", "workflow.uuid4()"),
        ("import os", "os.urandom(8)", "workflow.random().randbytes(8)"),
    ],
)
def test_what_changes_the_meaning_of_a_value_is_only_done_if_asked_for(
    tmp_path: Path, imports: str, expression: str, unsafe: str
) -> None:
    assert _temporal(tmp_path, imports, expression) == expression
    assert _temporal(tmp_path, imports, expression, unsafe=True) == unsafe


@pytest.mark.parametrize(
    ("imports", "expression"),
    [
        ("from datetime import datetime", "datetime.now(None)"),
        ("import sys", 'print("a", file=sys.stderr)'),
        ("", 'print(*["a"])'),
        ("import time", "(time.sleep(1) for _ in [1])"),
        ("import time", "lambda: time.sleep(1)"),
    ],
)
def test_a_call_for_which_there_is_nothing_alike_is_left_alone(
    tmp_path: Path, imports: str, expression: str
) -> None:
    write(tmp_path, {"app.py": TEMPORAL.format(imports=imports, expression=expression)})
    assert not [fix for _, fix in offered(tmp_path) if fix.title.startswith("Use")]


def test_await_gets_parentheses_where_it_needs_them(tmp_path: Path) -> None:
    text = """
        import time
        import restate

        service = restate.Service("s")

        @service.handler()
        async def run(ctx: restate.Context, name: str) -> str:
            value = time.time().hex()
            return value
    """
    assert "value = (await ctx.time()).hex()" in fixed(tmp_path, text)


def test_the_import_of_what_is_no_longer_used_goes_and_others_stay(tmp_path: Path) -> None:
    text = fixed(
        tmp_path,
        """
        import time, uuid
        from datetime import (
            datetime,
            timezone,  # for others
        )
        import os  # noqa

        from temporalio import workflow

        @workflow.defn
        class Trial:
            @workflow.run
            async def run(self) -> str:
                when = datetime.now(timezone.utc)
                at = time.time()  # seconds
                return f"{when}{at}{os.sep}"
        """,
    )
    assert "import uuid\n" in text
    assert "import time" not in text
    assert "timezone,  # for others" in text
    assert "import os  # noqa\n" in text
    assert "        at = workflow.time()  # seconds\n" in text


def test_a_name_that_the_function_hides_is_imported_under_its_module(tmp_path: Path) -> None:
    text = fixed(
        tmp_path,
        """
        import time
        from temporalio.workflow import defn, run

        @defn
        class Trial:
            @run
            async def run(self, workflow: str) -> float:
                return time.time()
        """,
    )
    assert "import temporalio.workflow\n" in text
    assert "return temporalio.workflow.time()" in text


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_query_may_read_the_clock_and_draw_nothing(tmp_path: Path, unsafe: bool) -> None:
    text = """
        import time
        import uuid

        from temporalio import workflow

        @workflow.defn
        class Trial:
            @workflow.run
            async def run(self) -> None: ...

            @workflow.query
            def state(self) -> str:
                return f"{time.time()} {uuid.uuid4()} {open('a')}"
    """
    assert """return f"{workflow.time()} {uuid.uuid4()} {open('a')}\"""" in fixed(
        tmp_path, text, unsafe=unsafe
    )


def test_a_docstring_that_tells_of_an_import_does_not_keep_it(tmp_path: Path) -> None:
    text = fixed(
        tmp_path,
        '''
        from datetime import UTC, datetime

        from temporalio import workflow

        @workflow.defn
        class Trial:
            @workflow.run
            async def run(self) -> datetime:
                """The time in UTC."""
                return datetime.now(UTC)
        ''',
    )
    assert "from datetime import datetime\n" in text


AZURE = """
    import time
    import azure.durable_functions as df

    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def run(context: df.DurableOrchestrationContext):
        time.sleep(3)
        found = print("a")
        yield context.call_activity("hello", f"{found}")

    @app.activity_trigger(input_name="unused")
    def hello(unused): ...
"""


def test_a_generator_yields_the_timer_and_a_value_that_is_used_stays(tmp_path: Path) -> None:
    text = fixed(tmp_path, AZURE)
    assert "        yield context.create_timer(" in text.replace("    yield", "        yield")
    assert 'found = print("a")' in text
