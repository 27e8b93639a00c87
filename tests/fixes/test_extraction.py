"""A piece of a workflow with an effect becomes a step of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.trying import fix, fixed, offered, write


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


HELPER = """
    import os
    import requests

    def load(path, **more):
        return len(requests.get(path).text)

    class Box:
        def size(self, part):
            return os.path.getsize(str(part))

    async def fetch(path, **more):
        return load(path)
"""


def _workflow(body: str, imports: str = "") -> str:
    lines = "".join(f"                    {line}\n" for line in body.strip("\n").splitlines())
    return f"""
            {imports}
            from temporalio import workflow
            from helper import Box, fetch, load


            # The order's life.
            @workflow.defn
            class Trial:
                def __init__(self) -> None:
                    self.name = "x"

                @workflow.run
                async def run(self, path: str) -> object:
{lines}"""


def _fixed(folder: Path, body: str, imports: str = "import json") -> str:
    write(folder, {"helper.py": HELPER})
    text = fixed(folder, _workflow(body, imports), unsafe=True)
    assert offered(folder) == []
    return text


def test_an_expression_becomes_an_activity_with_its_variables_as_parameters(tmp_path: Path) -> None:
    text = _fixed(tmp_path, "return json.dumps(load(path))  # all")
    step = "@activity.defn\nasync def load_activity(path: str) -> int:\n    return load(path)\n"
    assert f"{step}\n\n# The order's life.\n" in text
    call = "await workflow.execute_activity(load_activity, path, start_to_close_timeout=timedelta(minutes=1))"
    assert f"        return json.dumps({call})  # all\n" in text
    assert "from datetime import timedelta\n" in text
    assert "from temporalio import activity, workflow\n" in text


def test_statements_become_an_activity_that_gives_what_is_used_after_them(tmp_path: Path) -> None:
    text = _fixed(
        tmp_path,
        """
with open(path) as file:
    text = file.read()  # all of it
    data = json.loads(text)
return data
""",
    )
    assert (
        "async def open_activity(path: str) -> Any:\n"
        "    with open(path) as file:\n"
        "        text = file.read()  # all of it\n"
        "        data = json.loads(text)\n"
        "    return data\n"
    ) in text
    assert "        data = await workflow.execute_activity(open_activity, path, start_to" in text
    assert text.rstrip().endswith("return data")


def test_an_object_that_cannot_be_stored_goes_with_it(tmp_path: Path) -> None:
    text = _fixed(
        tmp_path,
        """
total = 1
box = Box()
for part in [1, 2]:
    total += box.size(part)
return total
""",
    )
    assert "async def size_activity(total: Any) -> Any:\n    box = Box()\n    for part in [1, 2]:\n" in text
    assert "        total = await workflow.execute_activity(size_activity, total, start_" in text


def test_what_is_awaited_is_awaited_in_the_step(tmp_path: Path) -> None:
    text = _fixed(tmp_path, "return [await fetch(path)]")
    assert "async def fetch_activity(path: str) -> int:\n    return await fetch(path)\n" in text


def test_a_nested_function_goes_along_with_its_calls(tmp_path: Path) -> None:
    text = _fixed(tmp_path, "def inner():\n    return load(path)\n\nreturn inner() + inner()")
    assert "    def inner():\n        return load(path)\n" in text


def test_an_attribute_of_the_workflow_is_handed_over_by_value(tmp_path: Path) -> None:
    text = _fixed(tmp_path, 'return f"{load(self.name)!r}"')
    assert "async def load_activity(name: str) -> str:\n" in text
    assert 'return f"{load(name)!r}"\n' in text
    assert "execute_activity(load_activity, self.name, start" in text


def test_lines_within_a_string_keep_their_indentation(tmp_path: Path) -> None:
    text = _fixed(
        tmp_path,
        '''
with open(path) as file:
    # a
    data = file.read() + """
          b
    """
return data
''',
    )
    assert '        # a\n        data = file.read() + """\n' in text
    assert "\n" + " " * 30 + "b\n" in text.replace("                  b\n", " " * 30 + "b\n")


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n    if load(path):\n        break\n    await workflow.sleep(load(path) and 1)",
        "return (load(path) for _ in [1])",
        "self.name = open(path)",
        "global box\nbox = Box().size(path)\nreturn await workflow.sleep(1, box)",
    ],
)
def test_what_is_offered_leaves_a_file_that_can_be_read_and_is_never_safe(tmp_path: Path, body: str) -> None:
    write(tmp_path, {"helper.py": HELPER, "app.py": _workflow(body)})
    assert all(not fix.safe for _, fix in offered(tmp_path) if fix.title.startswith("Move"))
    fix(tmp_path, unsafe=True)
    compile((tmp_path / "app.py").read_text(), "app.py", "exec")


def test_the_worker_lists_the_new_activity(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": """
                from temporalio.worker import Worker
                import app

                worker = Worker(client, task_queue="q", workflows=[app.Trial], activities=[])
                other = Worker(client, task_queue="q", workflows=[Other], activities=[one])
            """
        },
    )
    _fixed(tmp_path, "return load(path)")
    assert (tmp_path / "main.py").read_text().splitlines()[3:] == [
        'worker = Worker(client, task_queue="q", workflows=[app.Trial], activities=[app.load_activity])',
        'other = Worker(client, task_queue="q", workflows=[Other], activities=[one])',
    ]


def _worker(imports: str, workflow: str) -> str:
    return f"""
        from temporalio.worker import Worker
        from {imports} import {workflow}
        worker = Worker(None, task_queue="q", workflows=[{workflow}], activities=[])
    """


def test_a_new_activity_is_listed_only_where_its_own_workflow_is(tmp_path: Path) -> None:
    trial = _workflow("return load(path)")
    write(tmp_path, {
        "helper.py": HELPER,
        "one/__init__.py": "",
        "one/workflows.py": trial,
        "one/worker.py": _worker("workflows", "Trial"),
        "one/other.py": _worker("workflows", "Other"),
        "two/__init__.py": "",
        "two/workflows.py": trial.replace("load(path)", "path"),
        "two/worker.py": _worker("two.workflows", "Trial"),
        "two/again.py": _worker("one.workflows", "Trial"),
        "two/script.py": _worker("workflows", "Trial"),
    })  # fmt: skip
    fix(tmp_path, unsafe=True)
    listed = {
        str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.py") if "[load_activity]" in p.read_text()
    }
    assert listed == {"one/worker.py", "two/again.py"}


def test_an_activity_that_a_helper_of_workflows_calls_is_listed_where_these_are(tmp_path: Path) -> None:
    write(tmp_path, {
        "load.py": HELPER,
        "helper.py": """
            from load import load
            from temporalio import workflow

            class Box: ...

            async def fetch(path: str) -> int:
                await workflow.sleep(1)
                return load(path, more=1)
        """,
        "app.py": _workflow("return await fetch(path)").replace("fetch, load", "fetch"),
        "main.py": _worker("app", "Trial"),
        "other.py": _worker("app", "Other"),
    })  # fmt: skip
    fix(tmp_path, unsafe=True)
    assert "async def load_activity" in (tmp_path / "helper.py").read_text()
    assert "[load_activity]" in (tmp_path / "main.py").read_text()
    assert "[load_activity]" not in (tmp_path / "other.py").read_text()


def test_where_no_worker_names_the_workflow_those_nearest_to_it_list_the_activity(tmp_path: Path) -> None:
    worker = _worker("names", "WORKFLOWS").replace("[WORKFLOWS]", "WORKFLOWS")
    files = {"app/flow.py": _workflow("return load(path)"), "app/run.py": worker, "tests/run.py": worker}
    write(tmp_path, {"helper.py": HELPER, **files})
    fix(tmp_path, unsafe=True)
    assert "[load_activity]" in (tmp_path / "app/run.py").read_text()
    assert "[load_activity]" not in (tmp_path / "tests/run.py").read_text()


OTHER_ENGINES = {
    "dbos": (
        """
        from dbos import DBOS
        from helper import load

        @DBOS.workflow()
        def run(path: str) -> int:
            return load(path, more=1) + 1
        """,
        [
            "@DBOS.step()\ndef load_step(path: str) -> int:\n    return load(path, more=1)\n",
            "    return load_step(path) + 1\n",
        ],
    ),
    "restate": (
        """
        import restate
        from helper import load

        service = restate.Service("s")

        @service.handler()
        async def run(ctx: restate.Context, path: str) -> int:
            return load(path) + 1
        """,
        ['    return await ctx.run_typed("load", lambda: load(path)) + 1\n'],
    ),
    "aws": (
        """
        from aws_durable_execution_sdk_python import DurableContext, durable_execution
        from helper import load

        @durable_execution
        def run(event: dict, context: DurableContext) -> int:
            return load(event["path"]) + 1
        """,
        ['    return context.step(lambda _: load(event["path"]), name="load") + 1\n'],
    ),
    "azure": (
        """
        import azure.durable_functions as df
        from helper import load

        app = df.DFApp()

        @app.orchestration_trigger(context_name="context")
        def run(context: df.DurableOrchestrationContext):
            path = context.get_input()
            size = load(path)
            return [size]
        """,
        [
            '@app.activity_trigger(input_name="path")\ndef load_activity(path) -> int:\n',
            "    return load(path)\n",
            '    size = yield context.call_activity("load_activity", path)\n',
        ],
    ),
    "durabletask": (
        """
        from durabletask import task, worker
        from helper import load

        def run(ctx: task.OrchestrationContext, path: str):
            other = 1
            size = load(path) + load(other)
            yield ctx.create_timer(1)
            return size

        with worker.TaskHubGrpcWorker() as w:
            w.add_orchestrator(run)
        """,
        [
            "def load_activity(_context, path: str) -> int:\n    return load(path)\n",
            "    size = (yield ctx.call_activity(load_activity, input=path)) + "
            "(yield ctx.call_activity(load_activity_2, input=other))\n",
        ],
    ),
    "dapr": (
        """
        import dapr.ext.workflow as wf
        from helper import load

        runtime = wf.WorkflowRuntime()

        @runtime.workflow(name="run")
        def run(ctx: wf.DaprWorkflowContext, path: str):
            yield ctx.create_timer(1)
            for size in range(load(path)):
                pass
        """,
        [
            '@runtime.activity(name="load_activity")\ndef load_activity(_context, path: str) -> int:\n',
            "    for size in range((yield ctx.call_activity(load_activity, input=path))):\n",
        ],
    ),
    "runtime_min": (
        """
        from runtime_min import workflow
        from helper import load

        @workflow
        async def run(path: str) -> int:
            return load(path) + 1
        """,
        [
            "from runtime_min import step, workflow\n",
            "@step\ndef load_step(path: str) -> int:\n    return load(path)\n",
            "    return await load_step(path) + 1\n",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", OTHER_ENGINES)
def test_every_engine_gets_its_own_kind_of_step(tmp_path: Path, engine: str) -> None:
    text, parts = OTHER_ENGINES[engine]
    write(tmp_path, {"helper.py": HELPER})
    result = fixed(tmp_path, text, unsafe=True)
    for part in parts:
        assert part in result
    assert all(not item.title.startswith("Move") for _, item in offered(tmp_path))


def test_an_expression_of_several_lines_stays_one(tmp_path: Path) -> None:
    text = _fixed(
        tmp_path, "data = (\n    load(path)\n    + len(json.dumps(load(\n        path)))\n)\nreturn data"
    )
    compile((tmp_path / "app.py").read_text(), "app.py", "exec")
    assert "async def load_activity(path: str) -> int:\n" in text


def test_what_uses_the_context_is_no_step(tmp_path: Path) -> None:
    text = """
        import logging
        import restate

        service = restate.VirtualObject("s")

        @service.handler()
        async def run(ctx: restate.ObjectContext, path: str) -> None:
            logging.info("%s", ctx.key())
            logging.info("%s", path)
    """
    write(tmp_path, {"app.py": text})
    assert [line for line, _ in offered(tmp_path)] == [9]


def test_what_one_call_does_in_several_places_is_fixed_one_by_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.py": """
                from temporalio import workflow

                async def tell(name: str) -> None:
                    print("a", name)
                    print("b", name)

                @workflow.defn
                class Trial:
                    @workflow.run
                    async def run(self, name: str) -> None:
                        await tell(name)
            """
        },
    )
    outcome = fix(tmp_path, unsafe=True)
    assert (len(outcome.fixed), outcome.left) == (2, ())


def test_a_helper_that_becomes_part_of_a_step_keeps_its_own_logger(tmp_path: Path) -> None:
    helper = """
        import logging

        import requests

        log = logging.getLogger(__name__)


        def vat(country: str) -> float:
            log.info("asking for %s", country)
            return float(requests.get(country).text)
    """
    flow = """
        from temporalio import workflow

        import helpers


        @workflow.defn
        class Sell:
            @workflow.run
            async def run(self, country: str) -> float:
                return 1 + helpers.vat(country)
    """
    write(tmp_path, {"helpers.py": helper, "app.py": flow})
    outcome = fix(tmp_path, unsafe=True)
    assert not outcome.left
    assert "workflow.logger" not in (tmp_path / "helpers.py").read_text()
    assert "logging.getLogger" in (tmp_path / "helpers.py").read_text()


def test_a_list_of_dataclasses_comes_back_as_one(tmp_path: Path) -> None:
    models = """
        import json
        from dataclasses import dataclass


        @dataclass
        class Order:
            id: str


        def load(path: str) -> list[Order]:
            with open(path) as file:
                return [Order(**row) for row in json.load(file)]


        def load_again(path: str) -> list[Order]:
            return load(path)
    """
    flow = """
        from temporalio import workflow

        from models import Order, load, load_again


        @workflow.defn
        class Sell:
            @workflow.run
            async def run(self, path: str) -> list[str]:
                orders = load(path + ".json")
                return [order.id for order in orders] + [order.id for order in load_again(path + ".old")]


        again = load("x")  # not only workflows load orders
    """
    write(tmp_path, {"models.py": models, "app.py": flow})
    fix(tmp_path, unsafe=True)
    text = (tmp_path / "app.py").read_text()
    assert "async def load_activity(path: str) -> list[Order]:" in text


RAISING = """
    import threading
    from dbos import DBOS

    class Closed(Exception):
        def __init__(self, lock=None):
            super().__init__(lock or threading.Lock())

    @DBOS.workflow()
    def run(path: str) -> int:
        try:
            raise {raised}
        except Closed:
            pass
        return 1
"""


REBUILT = """
    import os
    from dbos import DBOS

    class Closed(Exception):
        def __init__(self):
            super().__init__(os.environ["HOME"])
        {more}

    @DBOS.workflow()
    def run(path: str) -> int:
        try:
            raise Closed
        except Closed:
            pass
        return 1
"""


def test_no_exception_leaves_a_step_whose_constructor_is_not_what_pickle_calls(tmp_path: Path) -> None:
    text = fixed(tmp_path, REBUILT.format(more=""), unsafe=True)
    step = text[text.index("@DBOS.step()") : text.index("@DBOS.workflow()")]
    assert "    try:\n        raise Closed\n    except Closed:\n        pass\n" in step
    assert offered(tmp_path) == []


def test_an_exception_that_says_how_it_is_made_again_may_leave_a_step(tmp_path: Path) -> None:
    text = fixed(tmp_path, REBUILT.format(more="def __reduce__(self): return Closed, ()"), unsafe=True)
    step = text[text.index("@DBOS.step()") : text.index("@DBOS.workflow()")]
    assert step.rstrip().endswith(":\n    raise Closed")


@pytest.mark.parametrize("raised", ["Closed", "Closed()", "Closed(threading.Lock())"])
def test_no_exception_with_an_object_in_it_leaves_a_step_of_an_engine_that_stores_it(
    tmp_path: Path, raised: str
) -> None:
    text = fixed(tmp_path, RAISING.format(raised=raised), unsafe=True)
    step = text[text.index("@DBOS.step()") : text.index("@DBOS.workflow()")]
    assert "    try:\n        raise " in step
    assert "    except Closed:\n        pass\n" in step
    assert offered(tmp_path) == []
