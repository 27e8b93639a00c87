"""The command `runtime-min`: runs workflows and looks at them, on one database file."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import signal as os_signals
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from runtime_min import journal
from runtime_min.backend import Filter, Run, State
from runtime_min.client import DATABASE_VARIABLE, DEFAULT_DATABASE, Description, Runtime
from runtime_min.codec import Codec
from runtime_min.colors import Workflow, signals, workflows
from runtime_min.errors import (
    NonDeterminismError,
    RuntimeMinError,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.journal import Received

P = ParamSpec("P")
R = TypeVar("R")

_STATES: list[State] = ["running", "completed", "failed", "cancelled", "continued"]


class Settings(msgspec.Struct, frozen=True):
    """The options that all commands share."""

    database: str
    apps: tuple[str, ...]
    codec: str | None

    def load(self) -> None:
        """Import the modules that define the workflows.

        Raises:
            click.ClickException: one cannot be imported; the message says which and why.
        """
        sys.path.insert(0, "")
        for name in self.apps:
            try:
                importlib.import_module(name)
            except Exception as error:
                raise Failure(f"--app {name}: {type(error).__name__}: {error}") from error

    def runtime(self, *, make: bool = False, **options: Any) -> Runtime:
        """A runtime on the database, which must exist unless it is to be made."""
        self.load()
        if not make and not Path(self.database).exists():
            raise Failure(
                f"{self.database}: no such file; name the database with --db or {DATABASE_VARIABLE}"
            )
        return Runtime(self.database, codec=self._codec(), **options)

    def _codec(self) -> Codec | None:
        if self.codec is None:
            return None
        module, _, name = self.codec.partition(":")
        try:
            found: Codec = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise Failure(f"--codec {self.codec}: {error}; it is MODULE:NAME of a codec") from error
        return found


class Failure(click.ClickException):
    """A one-line error for the terminal."""

    exit_code = 2


def errors_in_one_line(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors that users can cause into a line and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (WorkflowFailed, WorkflowCancelled, NonDeterminismError) as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(1)
        except RuntimeMinError as error:
            raise Failure(str(error)) from error

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--db",
    "database",
    envvar=DATABASE_VARIABLE,
    default=DEFAULT_DATABASE,
    show_default=True,
    show_envvar=True,
    help="The database file.",
)
@click.option(
    "--app",
    "apps",
    multiple=True,
    envvar="RUNTIME_MIN_APP",
    show_envvar=True,
    help="A module that defines workflows; may be repeated. It is imported from the working directory.",
)
@click.option(
    "--codec",
    envvar="RUNTIME_MIN_CODEC",
    show_envvar=True,
    help="MODULE:NAME of the codec, if it is not the default.",
)
@click.version_option(package_name="color-checker", prog_name="runtime-min")
@click.pass_context
def main(context: click.Context, database: str, apps: tuple[str, ...], codec: str | None) -> None:
    """Durable workflows on one SQLite file: run them, look at them, talk to them.

    Exit codes: 0 done, 1 a workflow failed or a replay differs, 2 wrong usage or an unusable database.
    """
    context.obj = Settings(database, apps, codec)


@main.command()
@click.option("--concurrency", default=64, show_default=True, help="How many steps run at once.")
@click.option(
    "--lease",
    default=10.0,
    show_default=True,
    help="Seconds after which others take over from a silent worker.",
)
@click.option("--guard", type=click.Choice(["error", "warn", "off"]), default="error", show_default=True)
@click.option("--until-idle", is_flag=True, help="Stop when no workflow is running any more.")
@click.pass_obj
@errors_in_one_line
def worker(settings: Settings, concurrency: int, lease: float, guard: Any, until_idle: bool) -> None:
    """Run workflows until interrupted. Several workers on one file share the work."""
    if not settings.apps:
        raise click.UsageError(
            "a worker needs the modules with its workflows: runtime-min --app MODULE worker"
        )
    runtime = settings.runtime(make=True, concurrency=concurrency, lease=lease, guard=guard)
    if not workflows():
        raise Failure(f"{', '.join(settings.apps)}: no workflow is defined there")
    click.echo(f"{settings.database}: running {', '.join(sorted(workflows()))}", err=True)
    asyncio.run(_work(runtime, until_idle))


async def _work(runtime: Runtime, until_idle: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (os_signals.SIGINT, os_signals.SIGTERM):
        # Windows has no signal handlers on the loop; there, Ctrl+C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with runtime:
        while not stop.is_set():
            if until_idle and not runtime.backend.counts().get("running"):
                break
            if runtime.failure is not None:
                raise runtime.failure
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.2)


@main.command()
@click.argument("workflow")
@click.argument("arguments", nargs=-1)
@click.option("--id", help="The id of the run; an existing run of that id is not started again.")
@click.option("--wait", is_flag=True, help="Run it here, wait for the end and print the result.")
@click.pass_obj
@errors_in_one_line
def start(settings: Settings, workflow: str, arguments: tuple[str, ...], id: str | None, wait: bool) -> None:
    """Start WORKFLOW with ARGUMENTS, each as JSON; what is no JSON is taken as text. Prints the id."""
    runtime = settings.runtime(make=True, work=wait)
    flow = _workflow(workflow)
    stored = b"[" + b",".join(map(_json, arguments)) + b"]"
    args, kwargs = flow.parameters.decode(runtime.codec, stored)

    async def run() -> None:
        async with runtime:
            handle = await runtime.start(flow.options(id=id), *args, **kwargs)
            click.echo(handle.id)
            if wait:
                click.echo(_encoded(runtime, await handle.result()))

    asyncio.run(run())


@main.command(name="list")
@click.option("--state", type=click.Choice(_STATES))
@click.option("--workflow")
@click.option("--prefix", default="", help="Only ids that begin like this.")
@click.option("--limit", default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
@errors_in_one_line
def list_(
    settings: Settings, state: Any, workflow: str | None, prefix: str, limit: int, as_json: bool
) -> None:
    """List runs, newest first."""
    from runtime_min.terminal import print_list

    with _opened(settings) as runtime:
        runs = runtime.list(Filter(state=state, workflow=workflow, id_prefix=prefix, limit=limit))
        if as_json:
            _print_json(runs)
        else:
            print_list(runs, runtime.backend.counts(), runtime.clock.now())


@main.command()
@click.argument("id")
@click.option("--generation", type=int, help="An earlier generation of a workflow that continued as new.")
@click.option("--values/--no-values", default=True, help="Show arguments and results.")
@click.pass_obj
@errors_in_one_line
def show(settings: Settings, id: str, generation: int | None, values: bool) -> None:
    """Show what a run did and does, as a timeline."""
    from runtime_min.terminal import print_run
    from runtime_min.timeline import timeline

    with _opened(settings) as runtime:
        run = _run(runtime, id, generation)
        history = journal.decode_all(runtime.backend.history(run.number))
        print_run(run, timeline(history, runtime.codec), runtime.clock.now(), values=values)


@main.command()
@click.argument("id")
@click.argument("name")
@click.argument("value", required=False)
@click.pass_obj
@errors_in_one_line
def signal(settings: Settings, id: str, name: str, value: str | None) -> None:
    """Send the signal NAME with VALUE, as JSON, to a run. With --app, its type is checked."""
    with _opened(settings) as runtime:
        plain = b"null" if value is None else _json(value)
        declared = signals().get(name)
        if declared is not None:
            runtime.codec.decode(plain, declared.type)
        elif settings.apps:
            known = ", ".join(sorted(signals())) or "none"
            raise Failure(f"{', '.join(settings.apps)}: no signal is named `{name}`; there are: {known}")
        runtime.send(id, Received("signal", runtime.clock.now(), name, runtime.codec.seal(plain)))


@main.command()
@click.argument("id")
@click.argument("name")
@click.argument("arguments", nargs=-1)
@click.pass_obj
@errors_in_one_line
def query(settings: Settings, id: str, name: str, arguments: tuple[str, ...]) -> None:
    """Ask the query NAME of a run, with ARGUMENTS as JSON. The run is replayed here, so --app is needed."""
    with _opened(settings) as runtime:
        _need_app(settings, runtime.run_of(id))
        args = tuple(msgspec.json.decode(_json(argument)) for argument in arguments)
        click.echo(_encoded(runtime, asyncio.run(_awaited(runtime.handle(id).query(name, *args)))))


@main.command()
@click.argument("id")
@click.pass_obj
@errors_in_one_line
def cancel(settings: Settings, id: str) -> None:
    """Ask a run to stop; it may clean up first."""
    with _opened(settings) as runtime:
        runtime.send(id, Received("cancel", runtime.clock.now()))


def _workflow(name: str) -> Workflow[..., Any]:
    found = workflows().get(name)
    if found is None:
        known = ", ".join(sorted(workflows())) or "none; name its module with --app"
        raise Failure(f"no workflow is named `{name}`; there are: {known}")
    return found


def _run(runtime: Runtime, id: str, generation: int | None) -> Run:
    if generation is None:
        return runtime.run_of(id)
    run = runtime.backend.find(id, generation)
    if run is None:
        raise WorkflowNotFound(f"workflow `{id}` has no generation {generation}")
    return run


def _need_app(settings: Settings, run: Run) -> None:
    if run.workflow not in workflows():
        where = ", ".join(settings.apps) or "no --app given"
        raise Failure(f"the code of workflow `{run.workflow}` is needed, and it is not there ({where})")


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Runtime]:
    runtime = settings.runtime(work=False)
    runtime.open()
    try:
        yield runtime
    finally:
        asyncio.run(runtime.close())


async def _awaited(coroutine: Coroutine[Any, Any, R]) -> R:
    return await coroutine


def _json(text: str) -> bytes:
    """An argument as JSON; what is no JSON is text, so that names need no quotes."""
    try:
        msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        return msgspec.json.encode(text)
    return text.encode()


def _encoded(runtime: Runtime, value: object) -> str:
    return runtime.codec.encode(value).decode(errors="replace")


def _print_json(runs: list[Description]) -> None:
    for run in runs:
        click.echo(msgspec.json.encode(run).decode())
