"""How time grows with the size of one file, whatever it is full of: `python -m tests.benchmarks.scaling`.

Generated code, and hostile code, has a thousand of what people write three of. Each shape is a workflow
module with N of something; the table shows the processor time of a check for N, 2 N and 4 N, and how many
times as long 4 N takes as 2 N, with what Python needs to start taken off: about 2 is linear, 4 is quadratic.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent

_HEAD = """\
import random
import time
from datetime import timedelta

from temporalio import activity, workflow

"""
_TIMEOUT = "start_to_close_timeout=timedelta(seconds=5)"


def _workflow(*lines: str, name: str = "Flow") -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return (
        f"@workflow.defn\nclass {name}:\n    @workflow.run\n    async def run(self, x: int) -> None:\n{body}"
    )


def _each(count: int, line: Callable[[int], str]) -> str:
    return "".join(map(line, range(count)))


def _lines(count: int, *lines: Callable[[int], str]) -> list[str]:
    return [line(number) for number in range(count) for line in lines]


def statements(n: int) -> str:
    """Findings one after the other."""
    return _workflow(*["time.time()"] * n)


def branches(n: int) -> str:
    """Each under a condition of its own."""
    return _workflow(*_lines(n, lambda i: f"if x == {i}:", lambda i: "    time.time()"))


def guards(n: int) -> str:
    """Conditions that ask the engine."""
    return _workflow(
        *_lines(n, lambda i: "if not workflow.unsafe.is_replaying():", lambda i: f"    print({i})")
    )


def handlers(n: int) -> str:
    """Exceptions that are swallowed."""
    lines = ("try:", "    await workflow.sleep(1)", "except BaseException:", "    pass")
    return _workflow(*lines * n)


def sets(n: int) -> str:
    """Loops over sets."""
    return _workflow(*_lines(n, lambda i: f"for v{i} in {{x, {i}, 'a'}}:", lambda i: f"    print(v{i})"))


def attributes(n: int) -> str:
    """What the workflow keeps."""
    return _workflow(
        *_lines(n, lambda i: f"self.a{i} = time.time()"), *_lines(n, lambda i: f"print(self.a{i})")
    )


def comments(n: int) -> str:
    """Suppressions."""
    return _workflow(*["time.time()  # color: ignore[clock]"] * n)


def helpers(n: int) -> str:
    """Functions that the workflow calls."""
    functions = _each(n, lambda i: f"def f{i}():\n    return time.time()\n\n")
    return functions + _workflow(*_lines(n, lambda i: f"f{i}()"))


def chain(n: int) -> str:
    """Functions that call each other, to a depth of N."""
    functions = _each(n, lambda i: f"def f{i}():\n    return {f'f{i - 1}' if i else 'time.time'}()\n\n")
    return functions + _workflow(f"f{n - 1}()")


def decorated(n: int) -> str:
    """Functions behind one decorator."""
    decorator = "def d(f):\n    def w(*a):\n        return f(*a)\n    return w\n\n"
    functions = _each(n, lambda i: f"@d\ndef f{i}():\n    time.time()\n\n")
    return decorator + functions + _workflow(*_lines(n, lambda i: f"f{i}()"))


def registered(n: int) -> str:
    """Functions in one dictionary."""
    functions = _each(n, lambda i: f"def f{i}():\n    return random.random()\n\n\nR['{i}'] = f{i}\n")
    return f"R = {{}}\n{functions}" + _workflow("R[str(x)]()")


def subclasses(n: int) -> str:
    """Classes that inherit one method."""
    classes = _each(n, lambda i: f"class C{i}(B):\n    pass\n\n")
    base = "class B:\n    def m(self):\n        return time.time()\n\n"
    return base + classes + _workflow(*_lines(n, lambda i: f"C{i}().m()"))


def closures(n: int) -> str:
    """Functions inside of the workflow."""
    return _workflow(
        *_lines(n, lambda i: f"def f{i}():", lambda i: "    return random.random()", lambda i: f"f{i}()")
    )


def workflows(n: int) -> str:
    """Workflows that share a function."""
    function = "def f():\n    return time.time()\n\n"
    return function + _each(n, lambda i: _workflow("f()", name=f"Flow{i}") + "\n")


def steps(n: int) -> str:
    """Activities, each executed once."""
    activities = _each(n, lambda i: f"@activity.defn\nasync def s{i}(x: int) -> int:\n    return x\n\n")
    return activities + _workflow(
        *_lines(n, lambda i: f"await workflow.execute_activity(s{i}, x, {_TIMEOUT})")
    )


def state(n: int) -> str:
    """Names of the module that are changed, and read by the workflow."""
    names = _each(n, lambda i: f"G{i} = []\n")
    change = "def touch():\n" + _each(n, lambda i: f"    G{i}.append(1)\n")
    return names + change + _workflow("touch()", *_lines(n, lambda i: f"print(G{i})"))


def imports(n: int) -> str:
    """Modules that are not there."""
    return _each(n, lambda i: f"import m{i}\n") + _workflow(*_lines(n, lambda i: f"m{i}.f()"))


SHAPES = (
    statements, branches, guards, handlers, sets, attributes, comments, helpers, chain, decorated, registered,
    subclasses, closures, workflows, steps, state, imports,
)  # fmt: skip


def seconds(folder: Path) -> float:
    """The processor time of a check of the folder, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "color_checker", "check", "--no-cache", "--format", "json"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    error = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(error.decode())
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print a line for each shape."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help="all by default")
    parser.add_argument("--size", type=int, default=500, metavar="N")
    options = parser.parse_args()
    wanted = [shape for shape in SHAPES if not options.shapes or shape.__name__ in options.shapes]
    sizes = [options.size, 2 * options.size, 4 * options.size]
    print(f"{'shape':<12}" + "".join(f"{size:>9,}" for size in sizes) + "  seconds; growth of the last step")
    with tempfile.TemporaryDirectory(prefix="scaling") as temporary:
        folder = Path(temporary)
        (folder / "app.py").write_text(_HEAD + _workflow("pass"))
        empty = min(seconds(folder) for _ in range(3))
        for shape in wanted:
            times = []
            for size in sizes:
                (folder / "app.py").write_text(_HEAD + shape(size))
                times.append(min(seconds(folder) for _ in range(2)))
            growth = (times[2] - empty) / max(times[1] - empty, 0.001)
            print(
                f"{shape.__name__:<12}" + "".join(f"{one:9.2f}" for one in times) + f"{growth:8.1f} x",
                flush=True,
            )


if __name__ == "__main__":
    main()
