"""The command `runtime-min`: runs workflows and looks at them, on one database file."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import inspect
import io
import math
import os
import signal as os_signals
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
import msgspec

from runtime_min import journal
from runtime_min.backend import Filter, Run, State
from runtime_min.client import DATABASE_VARIABLE, DEFAULT_DATABASE, Description, Runtime
from runtime_min.codec import Codec, JsonCodec
from runtime_min.colors import Workflow, check_sending, find_query, workflows
from runtime_min.errors import (
    NonDeterminismError,
    NotReadable,
    RuntimeMinError,
    WorkflowCancelled,
    WorkflowFailed,
    WorkflowNotFound,
)
from runtime_min.journal import Received

if TYPE_CHECKING:
    from runtime_min.history import History

P = ParamSpec("P")
R = TypeVar("R")

_STATES: list[State] = ["running", "completed", "failed", "cancelled", "continued"]
_PAGE = 200
_MOST = 2**31 - 1


class Settings(msgspec.Struct, frozen=True):
    """The options that all commands share."""

    database: str
    apps: tuple[str, ...]
    codec: str | None

    def load(self) -> Codec:
        """Import the modules that define the workflows, and return the codec.

        Raises:
            click.ClickException: one cannot be imported; the message says which and why.
        """
        _import_from_here()
        for name in self.apps:
            try:
                importlib.import_module(name)
            except (Exception, SystemExit) as error:
                raise Failure(f"--app {name}: {type(error).__name__}: {error}{_place_of(error)}") from error
        return self.load_codec()

    def need_database(self) -> None:
        """Raises: click.ClickException: there is no such file."""
        if not Path(self.database).exists():
            raise Failure(
                f"{self.database}: no such file; name the database with --db or {DATABASE_VARIABLE}"
            )

    def runtime(self, *, make: bool = False, code: bool = True, **options: Any) -> Runtime:
        """A runtime on the database, which must exist unless it is to be made; `code`: with the workflows."""
        codec = self.load() if code else self.load_codec()
        if not make:
            self.need_database()
        return Runtime(self.database, codec=codec, **options)

    def load_codec(self) -> Codec:
        """The codec, without the workflows. Raises click.ClickException."""
        if self.codec is None:
            return JsonCodec()
        _import_from_here()
        module, _, name = self.codec.partition(":")
        try:
            found: Codec = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise Failure(f"--codec {self.codec}: {error}; it is MODULE:NAME of a codec") from error
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {error}{_place_of(error)}"
            raise Failure(f"--codec {self.codec}: {problem}") from error
        if inspect.isclass(found):
            raise Failure(f"--codec {self.codec}: that is a class; name an object of it, such as `codec`")
        if not all(hasattr(found, name) for name in ("encode", "decode", "seal", "unseal")):
            raise Failure(f"--codec {self.codec}: that is no codec")
        return found


def _import_from_here() -> None:
    """Let modules of the working directory be imported."""
    if "" not in sys.path:
        sys.path.insert(0, "")


class Failure(click.ClickException):
    """A one-line error for the terminal."""

    exit_code = 2


def _place_of(error: BaseException) -> str:
    """Where in the user's code an import failed."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
    ]
    # The first one is the call in this module.
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 2 else ""


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
        except UnicodeEncodeError as error:
            # Bytes that are no text come from the command line like this.
            raise Failure(f"{error.object!r} is no UTF-8 text") from error

    return wrapped


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  runtime-min --app shop.flows worker
  runtime-min --app shop.flows start buy '{"id": "o7", "cents": 500}' --id o7
  runtime-min list --state running
  runtime-min show o7
  runtime-min signal o7 approved true
  runtime-min --app shop.flows query o7 status
  runtime-min history o7 --output o7.json
  runtime-min --app shop.flows replay --all --state running
  runtime-min --app shop.flows debug o7
""",
)
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
    for stream in (sys.stdout, sys.stderr):
        # In a pipe on Windows, or without a locale, not all characters can be written.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    context.obj = Settings(database, apps, codec)


@main.command()
@click.option(
    "--concurrency", type=click.IntRange(1), default=64, show_default=True, help="How many steps run at once."
)
@click.option(
    "--lease",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds after which others take over from a silent worker.",
)
@click.option(
    "--guard",
    type=click.Choice(["error", "warn", "off"]),
    default="error",
    show_default=True,
    help="What happens where workflow code calls something nondeterministic.",
)
@click.option("--until-idle", is_flag=True, help="Stop when no workflow is running any more.")
@click.pass_obj
@errors_in_one_line
def worker(settings: Settings, concurrency: int, lease: float, guard: Any, until_idle: bool) -> None:
    """Run workflows until interrupted. Several workers on one file share the work."""
    if not settings.apps:
        raise click.UsageError(
            "a worker needs the modules with its workflows: runtime-min --app MODULE worker"
        )
    if not math.isfinite(lease):
        raise click.UsageError(f"--lease {lease}: it is a number of seconds")
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
            if until_idle and not _has_work(runtime):
                break
            if runtime.failure is not None:
                raise runtime.failure
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.2)


def _has_work(runtime: Runtime) -> bool:
    """Whether any run is running; those that are imported never go on."""
    if not runtime.backend.counts().get("running"):
        return False
    before: int | None = None
    while page := runtime.backend.runs(Filter(state="running", before=before, limit=_PAGE)):
        if any(run.token >= 0 for run in page):
            return True
        before = page[-1].number
    return False


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
    args, kwargs = _arguments(flow, runtime.codec, stored)

    async def run() -> None:
        async with runtime:
            handle = await runtime.start(flow.options(id=id), *args, **kwargs)
            click.echo(handle.id)
            if wait:
                click.echo(_encoded(runtime, await handle.result(), flow.parameters.result))

    asyncio.run(run())


def _arguments(
    flow: Workflow[..., Any], codec: Codec, stored: bytes
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a workflow as its types, from a JSON list of them."""
    parameters = list(inspect.signature(flow.fn).parameters.values())[0 if flow.owner is None else 1 :]
    signature = inspect.Signature(parameters)
    try:
        signature.bind(*msgspec.json.decode(stored))
        args, kwargs = flow.parameters.decode(codec, stored)
    except (TypeError, RuntimeMinError) as error:
        problem = error.problem if isinstance(error, NotReadable) else str(error)
        shape = ", ".join(str(parameter) for parameter in parameters)
        raise Failure(f"the arguments do not fit {flow.name}({shape}): {problem}") from error
    return tuple(args), dict(kwargs)


@main.command(name="list")
@click.option("--state", type=click.Choice(_STATES), help="Only runs in this state.")
@click.option("--workflow", metavar="NAME", help="Only runs of this workflow.")
@click.option("--prefix", default="", help="Only ids that begin like this.")
@click.option(
    "--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="How many at most."
)
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
@click.option(
    "--generation",
    type=click.IntRange(0, _MOST),
    help="An earlier generation of a workflow that continued as new.",
)
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
    with _opened(settings, code=True) as runtime:
        plain = b"null" if value is None else _json(value)
        check_sending(runtime.codec, name, plain, declared=bool(settings.apps))
        runtime.send(id, Received("signal", runtime.clock.now(), name, runtime.codec.seal(plain)))


@main.command()
@click.argument("id")
@click.argument("name")
@click.argument("arguments", nargs=-1)
@click.pass_obj
@errors_in_one_line
def query(settings: Settings, id: str, name: str, arguments: tuple[str, ...]) -> None:
    """Ask the query NAME of a run, with ARGUMENTS as JSON. The run is replayed here, so --app is needed."""
    with _opened(settings, code=True) as runtime:
        run = runtime.run_of(id)
        if run.workflow not in workflows():
            raise Failure(_missing_code(settings, run.workflow))
        args = tuple(msgspec.json.decode(_json(argument)) for argument in arguments)
        try:
            answer = _answer(runtime, id, name, args)
        except (RuntimeMinError, click.ClickException):
            raise
        except Exception as error:
            raise Failure(f"query {name}: {type(error).__name__}: {error}") from error
        click.echo(answer)


def _answer(runtime: Runtime, id: str, name: str, args: tuple[Any, ...]) -> str:
    """The answer as JSON, by the type that the query declares."""
    execution = runtime.replayed(id)
    try:
        query = find_query(execution, name)
        answer = query.answer(execution, args, {})
        return _encoded(runtime, answer, query.parameters.result)
    finally:
        execution.dispose()


@main.command()
@click.argument("id")
@click.pass_obj
@errors_in_one_line
def cancel(settings: Settings, id: str) -> None:
    """Ask a run to stop; it may clean up first."""
    with _opened(settings) as runtime:
        runtime.send(id, Received("cancel", runtime.clock.now()))


@main.command(
    epilog="""\b
Examples:
  runtime-min history trial-7 --output trial-7.json
  runtime-min history --import trial-7.json
"""
)
@click.argument("id", required=False)
@click.option(
    "--generation",
    type=click.IntRange(0, _MOST),
    help="An earlier generation of a workflow that continued as new.",
)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), help="Write to this file; `-` is the terminal."
)
@click.option("--unsealed", is_flag=True, help="Write values as the codec opens them, readable without it.")
@click.option(
    "--import",
    "imported",
    multiple=True,
    metavar="FILE",
    help="Store what such a file holds, to be looked at and debugged; it is never run. May be repeated.",
)
@click.pass_obj
@errors_in_one_line
def history(
    settings: Settings,
    id: str | None,
    generation: int | None,
    output: str | None,
    unsealed: bool,
    imported: tuple[str, ...],
) -> None:
    """Export the recorded history of the run ID as JSON, or import such files."""
    from runtime_min.history import History

    if (id is None) == (not imported):
        raise click.UsageError("name either the ID of a run to export, or files with --import")
    if id is None:
        if generation is not None or output is not None or unsealed:
            raise click.UsageError("--generation, --output and --unsealed are for exports")
        found = [History.load_file(file) for file in imported]
        with _opened(settings, make=True) as runtime:
            for one in found:
                one.store(runtime.backend)
                click.echo(one.id)
        return
    with _opened(settings) as runtime:
        one = History.of(runtime.backend, _run(runtime, id, generation))
        text = (one.unsealed(runtime.codec) if unsealed else one).export()
    _write(output, text)


def _write(output: str | None, text: str) -> None:
    if output in (None, "-"):
        click.echo(text.encode(), nl=False)  # UTF-8 as in a file, whatever the terminal's encoding is
        return
    try:
        Path(str(output)).write_text(text, "utf-8")
    except OSError as error:
        raise Failure(f"{output}: cannot be written: {error.strerror or error}") from error


@main.command(
    epilog="""\b
Examples, such as for CI before a deploy:
  runtime-min --app shop.flows replay tests/histories/*.json
  runtime-min --app shop.flows replay --all --state running
"""
)
@click.argument("runs", nargs=-1, metavar="[ID | FILE]...")
@click.option(
    "--all", "every", is_flag=True, help="All runs of the database, or those of --workflow and --state."
)
@click.option("--workflow", metavar="NAME", help="With --all: only runs of this workflow.")
@click.option("--state", type=click.Choice(_STATES), help="With --all: only runs in this state.")
@click.option("--quiet", "-q", is_flag=True, help="Print only those that differ, and how many.")
@click.pass_obj
@errors_in_one_line
def replay(
    settings: Settings, runs: tuple[str, ...], every: bool, workflow: str | None, state: Any, quiet: bool
) -> None:
    """Replay recorded runs against today's code, and say for each whether it would go on.

    No step runs, and nothing is stored. Exit code 1 if any differs: then that code would block the run.
    A run that has ended and whose workflow is not defined any more is passed over by --all.
    """
    if every == bool(runs):
        raise click.UsageError("name runs or files to replay, or --all of them")
    if not every and (workflow or state):
        raise click.UsageError("--workflow and --state choose among --all runs")
    _need_any_app(settings)
    codec = settings.load()
    found = _stored(settings, workflow, state) if every else iter(_named(settings, runs, None))
    verdicts = [_replayed(one, codec, quiet, every) for one in found]
    differing, passed = verdicts.count("differs"), verdicts.count("passed over")
    if not verdicts and workflow and workflow not in workflows():
        _workflow(workflow)
    if not verdicts:
        click.echo("no run was found", err=True)
    elif len(verdicts) > 1 or quiet:
        more = f", {passed} without code passed over" if passed else ""
        click.echo(f"{len(verdicts)} replayed: {verdicts.count('ok')} ok, {differing} differing{more}")
    sys.exit(1 if differing else 0)


def _replayed(history: History, codec: Codec, quiet: bool, passing: bool) -> str:
    from runtime_min.testing import replay
    from runtime_min.timeline import visible

    generation = f" generation {history.generation}" if history.generation else ""
    label = visible(f"{history.id}{generation}  {history.workflow}, {len(history.events)} events")
    if history.workflow not in workflows() and passing and history.state != "running":
        if not quiet:
            click.echo(f"passed over  {label}: no such workflow is defined, and the run has ended")
        return "passed over"
    try:
        replay(history, codec=codec)
    except Exception as error:  # noqa: BLE001 - the code under test may raise whatever it wants
        click.echo(f"differs  {label}")
        click.echo(textwrap.indent(f"{type(error).__name__}: {error}", "    "))
        if hint := _codec_hint(history, codec):
            click.echo(f"    {hint}")
        return "differs"
    if not quiet:
        click.echo(f"ok  {label}")
    return "ok"


def _codec_hint(history: History, codec: Codec) -> str:
    """What to do if the codec is not the one by which the values were stored; "" if it is."""
    try:
        codec.decode(codec.unseal(history.started.arguments))
    except Exception:  # noqa: BLE001 - a codec that is given another one's bytes may raise whatever it wants
        return "The codec does not open the recorded values: name the one that stored them with --codec."
    return ""


@main.command(
    epilog="""\b
Examples:
  runtime-min --app shop.flows debug trial-7
  runtime-min --app shop.flows debug trial-7.json --event 12
  runtime-min --app shop.flows debug trial-7 --break flows.py:31
  runtime-min --app shop.flows debug trial-7 --listen 5678
"""
)
@click.argument("run", metavar="(ID | FILE)")
@click.option(
    "--generation",
    type=click.IntRange(0, _MOST),
    help="An earlier generation of a workflow that continued as new.",
)
@click.option(
    "--event", type=int, metavar="N", help="Stop there first, and not at a difference or at the end."
)
@click.option(
    "--pdb-on-event",
    type=int,
    metavar="N",
    help="Enter pdb where the workflow handles event N or asks for it.",
)
@click.option(
    "--break", "-b", "breakpoints", multiple=True, metavar="FILE:LINE", help="A breakpoint; may be repeated."
)
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Wait there for an IDE to attach (needs debugpy); its breakpoints hold during the replay.",
)
@click.option(
    "--expose",
    is_flag=True,
    help="Let --listen take a HOST that other machines reach. Who attaches can run any code here.",
)
@click.pass_obj
@errors_in_one_line
def debug(
    settings: Settings,
    run: str,
    generation: int | None,
    event: int | None,
    pdb_on_event: int | None,
    breakpoints: tuple[str, ...],
    listen: str | None,
    expose: bool,
) -> None:
    """Replay a recorded run under pdb, event by event, without running any step.

    Events are counted from 0, as in the exported history. At the prompt, `help` lists the commands.
    Exit code 1 if the code differs from what is recorded.
    """
    from runtime_min.debug import debug

    address = None if listen is None else _address(listen, expose)
    if address is not None and (pdb_on_event is not None or breakpoints):
        raise click.UsageError(
            "with --listen, the IDE has the breakpoints; leave out --break and --pdb-on-event"
        )
    _need_any_app(settings)
    codec = settings.load()
    (history,) = _named(settings, (run,), generation)
    flow = workflows().get(history.workflow)
    if flow is None:
        raise Failure(_missing_code(settings, history.workflow))
    if hint := _codec_hint(history, codec):
        click.echo(f"{history.id}: {hint}", err=True)
    agrees = debug(
        history,
        flow,
        codec,
        event=event,
        pdb_on_event=pdb_on_event,
        breakpoints=breakpoints,
        listen=address,
    )
    sys.exit(0 if agrees else 1)


def _address(text: str, expose: bool) -> tuple[str, int]:
    from runtime_min.dashboard.gate import is_loopback

    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise click.UsageError(f"--listen {text}: it is PORT or HOST:PORT")
    if not expose and not is_loopback(host):
        raise click.UsageError(
            f"--listen {text}: whoever reaches that address can run any code here;"
            " listen on 127.0.0.1 (through a tunnel, say), or add --expose"
        )
    return host, int(port)


@main.command()
@click.option(
    "--port", default=8735, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
)
@click.option("--open/--no-open", "open_browser", default=False, help="Open it in a browser.")
@click.pass_obj
@errors_in_one_line
def dashboard(settings: Settings, port: int, open_browser: bool) -> None:
    """Serve a web page with all runs, on this machine only, until interrupted."""
    from runtime_min.dashboard import serve

    codec = settings.load()
    settings.need_database()
    try:
        serve(settings.database, apps=settings.apps, codec=codec, port=port, open_browser=open_browser)
    except OSError as error:
        raise Failure(f"port {port}: {error.strerror or error}") from error


def _named(settings: Settings, names: Sequence[str], generation: int | None) -> list[History]:
    """The histories of files and ids; what is no file is an id."""
    from runtime_min.history import History

    files = {name: History.load_file(name) for name in names if Path(name).is_file()}
    if len(files) == len(names):
        if generation is not None:
            raise click.UsageError("--generation is for runs in the database; a file holds one")
        return list(files.values())
    if not Path(settings.database).exists():
        missing = next(name for name in names if name not in files)
        raise Failure(
            f"{missing}: no such file; and as an id, it is not known: no database {settings.database}"
        )
    with _opened(settings) as runtime:
        return [
            files.get(name) or History.of(runtime.backend, _named_run(runtime, name, generation))
            for name in names
        ]


def _named_run(runtime: Runtime, name: str, generation: int | None) -> Run:
    """The run of that id, where a file could have been named, too."""
    try:
        runtime.run_of(name)
    except WorkflowNotFound:
        if Path(name).suffix or "/" in name or os.sep in name:
            problem = "is a directory" if Path(name).is_dir() else "no such file"
            raise Failure(f"{name}: {problem}; and no workflow has that id") from None
        raise
    return _run(runtime, name, generation)


def _stored(settings: Settings, workflow: str | None, state: State | None) -> Iterator[History]:
    """The histories of a database, newest first, one at a time."""
    from runtime_min.history import History

    with _opened(settings) as runtime:
        before: int | None = None
        while True:
            page = runtime.backend.runs(Filter(state=state, workflow=workflow, before=before, limit=_PAGE))
            for run in page:
                yield History.of(runtime.backend, run)
            if len(page) < _PAGE:
                return
            before = page[-1].number


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


def _need_any_app(settings: Settings) -> None:
    if not settings.apps:
        raise click.UsageError(
            "the code of the workflows is needed: runtime-min --app MODULE ... (or RUNTIME_MIN_APP)"
        )


def _missing_code(settings: Settings, workflow: str) -> str:
    where = f"{', '.join(settings.apps)} defines {', '.join(sorted(workflows())) or 'none'}"
    return (
        f"the code of workflow `{workflow}` is needed: name its module with --app"
        f" ({where if settings.apps else 'none is given'})"
    )


@contextlib.contextmanager
def _opened(settings: Settings, *, make: bool = False, code: bool = False) -> Iterator[Runtime]:
    """A runtime that runs nothing; `code`: the workflows are imported first."""
    runtime = settings.runtime(make=make, code=code, work=False, guard="off")
    runtime.open()
    try:
        yield runtime
    finally:
        asyncio.run(runtime.close())


def _json(text: str) -> bytes:
    """An argument as JSON; what is no JSON is text, so that names need no quotes."""
    try:
        msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        return msgspec.json.encode(text)
    except RecursionError:
        raise Failure(f"{text[:40]}...: it is nested too deeply") from None
    return text.encode()


def _encoded(runtime: Runtime, value: object, type: object) -> str:
    return runtime.codec.encode(value, type).decode(errors="replace")


def _print_json(runs: list[Description]) -> None:
    for run in runs:
        click.echo(msgspec.json.encode(run).decode())
