"""CC205: workflow code touches files or directories."""

from __future__ import annotations

from color_checker.findings import Effect
from color_checker.rules.base import Example
from color_checker.rules.effect import EffectRule


class Filesystem(EffectRule):
    """Workflow code touches files or directories.

    ## What it does

    Finds reads, writes and look-ups on the file system that workflow or pure code can reach: `open`,
    `Path.read_text`, `Path.exists`, `os.listdir`, `shutil`, `tempfile`. Arithmetic on paths
    (`PurePath`, `Path("a") / "b"`, `os.path.join`) touches nothing and is fine.

    ## Why is this bad

    The file that the workflow read on the first worker is not on the worker that replays it, or has
    changed: the replay fails, or takes another path. A write is repeated at every replay, over whatever
    stands there by then.

    ## Use instead

    Read and write in a step: its result is recorded, and it runs once. Templates that belong to the code
    can be read when the module is imported.
    """

    code = "CC205"
    name = "filesystem"
    effect = Effect.FILESYSTEM
    does = "touches the file system"
    harm = "A replay finds other files, or writes them once more."
    instead = "do it in a step and use its recorded result"

    bad = (
        Example(
            title="a Temporal workflow reads a template",
            files={
                "workflows.py": """\
from temporalio import workflow


@workflow.defn
class Mail:
    @workflow.run
    async def run(self, user: str) -> str:
        with open("welcome.txt") as template:  # expect: filesystem
            return template.read().format(user=user)
"""
            },
        ),
        Example(
            title="a loader in another file reads through pathlib",
            files={
                "templates.py": """\
from pathlib import Path

FOLDER = Path("templates")


class Templates:
    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def load(self, name: str) -> str:
        return (self.folder / name).read_text()
""",
                "flows.py": """\
from runtime_min import workflow

from templates import Templates


@workflow
async def mail(user: str) -> str:
    templates = Templates()
    return templates.load("welcome.txt").format(user=user)  # expect: filesystem
""",
            },
        ),
        Example(
            title="a method gives another path, after it looked at the disk",
            files={
                "flows.py": """\
from pathlib import Path

from runtime_min import workflow


@workflow
async def real_name(name: str) -> str:
    return str(Path(name).resolve())  # expect: filesystem


@workflow
async def publish(name: str) -> str:
    draft = Path(name)
    final = draft.rename("final.txt")  # expect: filesystem
    return final.read_text()  # expect: filesystem
"""
            },
        ),
        Example(
            title="a context manager writes when it is left",
            files={
                "journal.py": """\
from contextlib import contextmanager
from collections.abc import Iterator


@contextmanager
def journal(name: str) -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    with open(name, "a") as file:
        file.writelines(lines)
""",
                "app.py": """\
from dbos import DBOS

from journal import journal


@DBOS.workflow()
def order(item: str) -> str:
    with journal("orders.log") as lines:  # expect: filesystem
        lines.append(item)
    return item
""",
            },
        ),
        Example(
            title="a Restate handler asks whether a file is there",
            files={
                "handlers.py": """\
import os
from pathlib import Path

from restate import Context, Service

exports = Service("exports")


@exports.handler()
async def export(ctx: Context, name: str) -> str:
    target = Path("exports", name)
    if target.exists():  # expect: filesystem
        return "there"
    os.makedirs("exports", exist_ok=True)  # expect: filesystem
    return str(target)
"""
            },
        ),
    )
    good = (
        Example(
            title="a step reads the file",
            files={
                "workflows.py": """\
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
def template(name: str) -> str:
    with open(name) as file:
        return file.read()


@workflow.defn
class Mail:
    @workflow.run
    async def run(self, user: str) -> str:
        text = await workflow.execute_activity(
            template, "welcome.txt", start_to_close_timeout=timedelta(seconds=5)
        )
        return text.format(user=user)
"""
            },
        ),
        Example(
            title="arithmetic on paths touches no file",
            files={
                "flows.py": """\
from pathlib import Path, PurePosixPath

from runtime_min import workflow


@workflow
async def target(name: str) -> str:
    folder = Path("exports") / name
    return str(folder.with_suffix(".csv")) + str(PurePosixPath("/").joinpath(name))
"""
            },
        ),
        Example(
            title="a template read when the module is imported",
            files={
                "templates.py": """\
from pathlib import Path

WELCOME = Path(__file__).with_name("welcome.txt").read_text()
""",
                "workflows.py": """\
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from templates import WELCOME


@workflow.defn
class Mail:
    @workflow.run
    async def run(self, user: str) -> str:
        return WELCOME.format(user=user)
""",
            },
        ),
        Example(
            title="files in memory, and a method that is called open",
            files={
                "app.py": """\
import io

from dbos import DBOS


class Account:
    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        self.is_open = True


@DBOS.workflow()
def signup(user: str) -> str:
    account = Account()
    account.open()
    text = io.StringIO()
    text.write(user)
    return text.getvalue()
"""
            },
        ),
    )
