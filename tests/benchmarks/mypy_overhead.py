"""What the mypy plugin costs: cold and warm runs of mypy, and the daemon's check of one changed file.

    python -m tests.benchmarks.mypy_overhead                 # on our own packages
    python -m tests.benchmarks.mypy_overhead --repeat 5 ../some/project

Runs with and without the plugin take turns, each tree is copied first. The minimum is the figure to compare:
what is above it is the noise of the machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
OURS = ("color_checker", "mypy_plugin", "runtime_min")

Samples = dict[bool, list[float]]


def main() -> None:
    """Measure each tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, help="directories to check; default: our own packages")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=["cold", "warm", "daemon"], action="append")
    options = parser.parse_args()
    for tree in options.trees or [None]:
        with tempfile.TemporaryDirectory() as directory:
            measure(tree, Path(directory), options.repeat, options.only or ["cold", "warm", "daemon"])


def measure(tree: Path | None, directory: Path, repeat: int, kinds: list[str]) -> None:
    """Print the figures of one tree."""
    project = copied(tree, directory / "project")
    files = sorted(project.rglob("*.py"))
    lines = sum(path.read_bytes().count(b"\n") for path in files)
    print(f"{tree or 'our own packages'}: {len(files):,} files, {lines:,} lines")
    if "cold" in kinds:
        show("cold", alternate(repeat, lambda plugin: cold(project, plugin)), ratio=True)
    if "warm" in kinds:
        for plugin in (False, True):
            cold(project, plugin)
        show("warm", alternate(repeat * 2, lambda plugin: warm(project, plugin)), ratio=True)
    if "daemon" in kinds:
        changed = max(files, key=lambda path: path.stat().st_size)
        samples = {plugin: daemon(project, plugin, changed, repeat * 3) for plugin in (False, True)}
        show(f"dmypy, {changed.name} changed", samples, ratio=False)


def copied(tree: Path | None, target: Path) -> Path:
    """A copy of the tree, so that its own configuration, caches and version control do not count."""
    ignore = shutil.ignore_patterns(".*", "__pycache__", "pyproject.toml", "mypy.ini", "setup.cfg")
    if tree is None:
        for name in OURS:
            shutil.copytree(REPOSITORY / name, target / name, ignore=ignore)
    else:
        shutil.copytree(tree, target, ignore=ignore)
    for plugin in (False, True):
        plugins = 'plugins = ["mypy_plugin"]\n' if plugin else ""
        options = "ignore_missing_imports = true\nexplicit_package_bases = true\n"
        text = f"[tool.mypy]\n{plugins}{options}\n[tool.color-checker]\n"
        (target / f"{plugin}.toml").write_text(text, encoding="utf-8")
    shutil.copy(target / "True.toml", target / "pyproject.toml")
    return target


def arguments(project: Path, plugin: bool) -> list[str]:
    """What to tell mypy."""
    return ["--config-file", f"{plugin}.toml", "--cache-dir", cache_of(project, plugin).name]


def cache_of(project: Path, plugin: bool) -> Path:
    """mypy's cache of the runs with the plugin, or of those without."""
    return project / f".mypy_cache_{plugin}"


def cold(project: Path, plugin: bool) -> float:
    """Seconds of a run without any cache, mypy's or ours."""
    shutil.rmtree(cache_of(project, plugin), ignore_errors=True)
    for path in project.glob(".color*"):
        shutil.rmtree(path, ignore_errors=True)
    return timed(lambda: mypy(project, *arguments(project, plugin), "."))


def warm(project: Path, plugin: bool) -> float:
    """Seconds of a run in which nothing has changed."""
    return timed(lambda: mypy(project, *arguments(project, plugin), "."))


def daemon(project: Path, plugin: bool, changed: Path, repeat: int) -> list[float]:
    """Seconds from a change in one file to the daemon's answer."""
    source = changed.read_text(encoding="utf-8")
    samples = []
    with running(project, plugin) as check:
        check()
        for number in range(repeat):
            # Of another length each time: the daemon takes files of one second and size for the same.
            text = f"{source}\n\ndef added{'_' * number}() -> int:\n    return 1\n"
            changed.write_text(text, encoding="utf-8")
            samples.append(timed(check))
    changed.write_text(source, encoding="utf-8")
    return samples[1:] or samples


@contextmanager
def running(project: Path, plugin: bool) -> Iterator[Callable[[], None]]:
    """A daemon, as what makes it check."""

    def dmypy(*args: str) -> None:
        run(project, "-m", "mypy.dmypy", "--status-file", f".dmypy_{plugin}.json", *args)

    dmypy("start", "--", *arguments(project, plugin))
    try:
        yield lambda: dmypy("check", ".")
    finally:
        dmypy("stop")


def mypy(project: Path, *args: str) -> None:
    """Run mypy; whatever it finds is fine."""
    run(project, "-m", "mypy", *args)


def run(project: Path, *args: str) -> None:
    """Run Python in the project; fail if mypy could not do its work."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, *args], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1) or "INTERNAL ERROR" in done.stderr:
        raise SystemExit(f"{args}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def alternate(repeat: int, once: Callable[[bool], float]) -> Samples:
    """Samples with and without the plugin, taken in turns."""
    samples: Samples = {False: [], True: []}
    for number in range(repeat):
        for plugin in (False, True) if number % 2 else (True, False):
            samples[plugin].append(once(plugin))
    return samples


def timed(action: Callable[[], None]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def show(name: str, samples: Samples, *, ratio: bool) -> None:
    """Print minimum and median without and with the plugin, and what lies between them."""
    without, with_plugin = samples[False], samples[True]
    parts = []
    for label, figure in (("min", min), ("median", statistics.median)):
        before, after = figure(without), figure(with_plugin)
        change = f"x{after / before:.2f}" if ratio else f"{(after - before) * 1000:+.0f} ms"
        parts.append(f"{label} {before:.2f} s -> {after:.2f} s ({change})")
    print(f"  {name:32} {'   '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()
