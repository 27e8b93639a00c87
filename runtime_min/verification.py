"""`verify`: replays a workflow's run in processes in which everything else is different.

What is different there:

- `PYTHONHASHSEED`, so that sets of strings, and dicts made of them, have another order;
- the wall clock and the monotonic one: `time.time()` and its relatives, `date.today()`, `datetime.now()`
  are off by months. Code in C that asks the system itself (SQLite's `now`, say) is not fooled, but time has
  passed anyway;
- `random` (and NumPy's global generator, if it is imported) is seeded otherwise before each replay;
- the time zone (not on Windows), the locale (if the machine has another one), the working directory;
- the order of `os.environ`, and one variable more;
- the garbage collector never runs, or almost always, and objects lie at other addresses.

Each process replays twice, since a counter or cache in a module is as good as new the first time.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from runtime_min import colors
from runtime_min.backend import Filter
from runtime_min.codec import Codec
from runtime_min.colors import Signal, Step, Workflow
from runtime_min.errors import (
    NonDeterminismError,
    RuntimeMinError,
    WorkflowBlocked,
    WorkflowCancelled,
    WorkflowFailed,
)
from runtime_min.guard import Mode
from runtime_min.history import History
from runtime_min.memory import MemoryBackend

if TYPE_CHECKING:
    from runtime_min.testing import Environment

R = TypeVar("R")


class Changes(msgspec.Struct, frozen=True):
    """What is different in a process; the defaults change nothing.

    Attributes:
        hash_seed: `PYTHONHASHSEED`.
        shift: seconds by which its clocks are off.
        seed: of `random`.
        zone: the time zone, "" for the same.
        locale: whether to look for another one.
        directory: whether it works in another directory.
        environment: whether `os.environ` has another order.
        collect: "" as always, "never" or "often".
    """

    hash_seed: int = 1
    shift: float = 0.0
    seed: int = 0
    zone: str = ""
    locale: bool = False
    directory: bool = False
    environment: bool = False
    collect: str = ""


class Module(msgspec.Struct, frozen=True):
    """A module to import, by its name or, if that is not possible, from its file."""

    name: str
    file: str


class Task(msgspec.Struct, frozen=True):
    """What a process is told: to replay these histories. `codec` is a name in the last module, or ""."""

    path: list[str]
    modules: list[Module]
    histories: list[str]
    codec: str
    changes: Changes


class Difference(msgspec.Struct, frozen=True):
    """Where a replay first did something else.

    Attributes:
        history, activation: the index of the history, and of the event in it that reached the workflow.
        after: that event, for people.
        recorded, ran: what it led to then and now, one line each.
        again: only when replayed a second time in one process.
    """

    history: int
    activation: int
    after: str
    recorded: list[str]
    ran: list[str]
    again: bool


class Report(msgspec.Struct, frozen=True):
    """What a process answers. `trouble` is why it could not replay at all."""

    difference: Difference | None = None
    trouble: str = ""


_ZONES = ("XXX-13:37", "YYY+11:21", "ZZZ-05:45")
_NAMES = {
    "hash_seed": "PYTHONHASHSEED (the order of sets, and what hash() gives)",
    "shift": "the clock",
    "seed": "the seed of `random`",
    "zone": "the time zone (TZ)",
    "locale": "the locale",
    "directory": "the working directory",
    "environment": "the order of os.environ",
    "collect": "when garbage is collected",
}


def verify(
    workflow: Workflow[..., Any],
    /,
    *args: Any,
    steps: Mapping[Step[..., Any], Callable[..., Any]] | None = None,
    runs: int = 2,
    signals: Sequence[tuple[Signal[Any], object]] = (),
    codec: Codec | None = None,
    guard: Mode = "off",
    timeout: float = 120.0,
) -> None:
    """Run a workflow, then compare what it asks for and returns when replayed in other processes.

    For what no rule sees: the order of a set, `hash`, `id`, a counter in a module, a library that looks at
    the clock. The workflow runs once here, in memory, with time skipped; its children and later generations
    are compared, too.

        def test_the_trial_is_deterministic() -> None:
            verify(pro_trial, "ada@example.org", steps={send_mail: lambda to, text: None})

    Args:
        args: the workflow's arguments.
        steps: functions to call instead of steps, such as `{charge: fake_charge}`; the others really run,
            once.
        runs: how many processes replay it. Each has another hash seed, so a set of two strings is found by
            one of two.
        signals: sent right after the start, in this order.
        codec: how values are stored; a global variable of a module, since other processes have to find it.
        guard: as for `Runtime`. "off", since a call that never shows in what the workflow asks for does no
            harm.
        timeout: seconds that the processes may take.

    Raises:
        NonDeterminismError: with the difference, and with what seems to cause it.
        WorkflowFailed, WorkflowCancelled: it is deterministic, but so the run ended.
        RuntimeMinError: the workflow cannot be imported in another process, or waits for something nobody
            sends.
    """
    backend = MemoryBackend()

    def live() -> RuntimeMinError | None:
        from runtime_min.testing import Environment

        environment = Environment(backend, codec=codec, guard=guard)
        for step, function in (steps or {}).items():
            environment.replace(step, function)
        return _live(environment, workflow, args, signals)

    ending = _in_thread(live)
    histories = [History.of(backend, run) for run in reversed(backend.runs(Filter(limit=1_000_000)))]
    if isinstance(ending, WorkflowBlocked):
        raise NonDeterminismError(str(ending))
    flows = [colors.workflows()[history.workflow] for history in histories]
    codec_module, codec_name = _codec_place(codec)
    task = Task(
        path=[os.path.abspath(one) for one in sys.path],
        modules=[*_modules(flows), *_module(codec_module)],
        histories=[history.export() for history in histories],
        codec=codec_name,
        changes=Changes(),
    )
    everything = [_all_changes(number) for number in range(max(runs, 1))]
    for changes, report in zip(everything, _replay(task, everything, timeout), strict=True):
        if report.difference is not None:
            causes = _causes(task, changes, timeout)
            raise NonDeterminismError(_text(histories[report.difference.history], report.difference, causes))
    if ending is not None:
        raise ending


def _live(
    environment: Environment,
    workflow: Workflow[..., Any],
    args: tuple[Any, ...],
    signals: Sequence[tuple[Signal[Any], object]],
) -> RuntimeMinError | None:
    """Run it here; returns how it ended, if not well."""

    async def run() -> None:
        handle = await environment.start(workflow, *args)
        for signal, value in signals:
            await handle.signal(signal, value)
        await handle.result()

    try:
        environment.complete(run())
    except (WorkflowFailed, WorkflowCancelled, WorkflowBlocked) as error:
        return error
    finally:
        environment.close_now()
    return None


def _in_thread(function: Callable[[], R]) -> R:
    """Call it where no event loop runs: here, or else on a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    done: list[R] = []
    failed: list[BaseException] = []

    def call() -> None:
        try:
            done.append(function())
        except BaseException as error:  # noqa: BLE001 - it is raised by who waits
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _codec_place(codec: Codec | None) -> tuple[str, str]:
    """Module and name of a codec, under which another process finds it; empty if there is none."""
    if codec is None:
        return "", ""
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is codec:
                return module.__name__, name
    raise RuntimeMinError(
        "verify: the codec has to be a global variable of a module, for other processes to find it"
    )


def _modules(flows: Sequence[Workflow[..., Any]]) -> list[Module]:
    """Where another process finds the workflows.

    Raises:
        RuntimeMinError: it would not.
    """
    found: dict[str, Module] = {}
    for flow in flows:
        name = flow.fn.__module__
        if "<locals>" in flow.fn.__qualname__:
            raise RuntimeMinError(
                f"verify: `{flow.place}` is defined in a function, so another process cannot import it;"
                " define it at the top of a module"
            )
        for module in _module(name, flow.place, flow.fn.__code__.co_filename):
            found[module.name] = module
    return list(found.values())


def _module(name: str, what: str = "the codec", file: str = "") -> list[Module]:
    """How to import a module; nothing for no name."""
    if not name:
        return []
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) or file
    if name == "__main__":
        # What `python -m` runs has a name of its own, too.
        spec = getattr(module, "__spec__", None)
        name = spec.name if spec is not None else name
    if name == "__main__" and not Path(file).is_file():
        raise RuntimeMinError(
            f"verify: `{what}` was typed in, so another process cannot import it; define it in a module"
        )
    return [Module(name, os.path.abspath(file))]


def _all_changes(number: int) -> Changes:
    """Everything different, and from number to number."""
    mine = os.environ.get("PYTHONHASHSEED", "")
    hash_seed = 101 + 7 * number
    return Changes(
        hash_seed=hash_seed + 1 if mine == str(hash_seed) else hash_seed,
        shift=(-1) ** number * (400 + 31 * number) * 86400.0 + 26_000.0 + number,
        seed=number + 1,
        zone=_ZONES[number % len(_ZONES)],
        locale=True,
        directory=True,
        environment=True,
        collect="never" if number % 2 else "often",
    )


def _replay(task: Task, changes: Sequence[Changes], timeout: float) -> list[Report]:
    """The answers of one process for each of the changes, which work side by side."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder, contextlib.ExitStack() as begun:
        processes = []
        for index, one in enumerate(changes):
            processes.append(process := _Process(Path(folder), index, task, one))
            begun.callback(process.end)
        return [process.report(timeout) for process in processes]


class _Process:
    """A process that replays."""

    def __init__(self, folder: Path, index: int, task: Task, changes: Changes) -> None:
        self._answer = folder / f"answer-{index}"
        self._log = folder / f"log-{index}"
        told = folder / f"task-{index}"
        told.write_bytes(msgspec.json.encode(msgspec.structs.replace(task, changes=changes)))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runtime_min.replaying", str(told), str(self._answer)],
                env=_environment(task, changes),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def report(self, timeout: float) -> Report:
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise RuntimeMinError(f"verify: a replay did not end within {timeout:g} s") from None
        if not self._answer.exists():
            tail = self._log.read_text(errors="replace").strip()[-2000:]
            code = self._process.returncode
            raise RuntimeMinError(f"verify: the process that replays ended with {code}:\n{tail}")
        report = msgspec.json.decode(self._answer.read_bytes(), type=Report)
        if report.trouble:
            raise RuntimeMinError(f"verify: another process cannot replay the workflow: {report.trouble}")
        return report

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _environment(task: Task, changes: Changes) -> dict[str, str]:
    found = dict(os.environ)
    found["PYTHONPATH"] = os.pathsep.join(task.path)
    found["PYTHONHASHSEED"] = str(changes.hash_seed)
    if changes.zone:
        found["TZ"] = changes.zone
    if changes.environment:
        found = {"A_VARIABLE_MORE": "of verify", **dict(reversed(found.items()))}
    return found


def _causes(task: Task, changes: Changes, timeout: float) -> str:
    """What makes the difference: each change is tried alone, and so is none."""
    none = Changes()
    single = [msgspec.structs.replace(none, **{name: getattr(changes, name)}) for name in _NAMES]
    try:
        answers = [report.difference for report in _replay(task, [none, none, *single], timeout)]
    except RuntimeMinError as error:
        # The difference is what matters; so many processes at once may take too long.
        return f"not found out ({error})"
    first, second, *others = answers
    if first != second:
        return "what no two processes share: the time, addresses (`id`, most objects' `hash`), the process id"
    guilty = [text for text, answer in zip(_NAMES.values(), others, strict=True) if answer != first]
    if guilty:
        return "; ".join(guilty)
    if first is None:
        return "several changes together"
    if first.again:
        return "what a replay leaves behind in its process: a counter, a cache, a global or class attribute"
    return "something that the process in which it ran first has: an earlier call, a hash seed, a global"


def _text(history: History, difference: Difference, causes: str) -> str:
    again = ", the second time in one process" if difference.again else ""
    same = 0
    for recorded, ran in zip(difference.recorded, difference.ran, strict=False):
        if recorded != ran:
            break
        same += 1
    lines = [
        f"workflow `{history.workflow}` ({history.id}) is not deterministic: "
        f"replayed in another process{again}, it does something else",
        f"  recorded: {_line(difference.recorded, same)}",
        f"  ran:      {_line(difference.ran, same)}",
        f"  cause:    {causes}",
        f"after {difference.after}:",
        *(f"    {line}" for line in difference.recorded[:same][-3:]),
        *(f"  - {line}" for line in difference.recorded[same : same + 8]),
        *(f"  + {line}" for line in difference.ran[same : same + 8]),
    ]
    return "\n".join(lines)


def _line(lines: Sequence[str], index: int) -> str:
    return lines[index] if index < len(lines) else "nothing more at this point"


def load(module: Module) -> ModuleType:
    """Import a module in the process that replays; `__main__`, and what is not found, from the file."""
    if module.name != "__main__":
        try:
            return importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name is None or not (module.name + ".").startswith(error.name + "."):
                raise
    # Under another name, so that what a script does only as the main one is not done.
    name = "__verified__" if module.name == "__main__" else module.name
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, module.file)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module is named `{module.name}`, and `{module.file}` cannot be imported")
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made
