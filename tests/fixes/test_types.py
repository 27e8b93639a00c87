"""Fixed code passes mypy --strict where the original did."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from tests.fixes.trying import fix, write

api = pytest.importorskip("mypy.api")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPYPATH", str(root))


def _complaints(folder: Path, cache: Path) -> list[str]:
    """What mypy says of the files, but not of a call that lacks its `await`: fixing that is the point."""
    output, errors, _ = api.run(["--strict", "--cache-dir", str(cache), str(folder)])
    assert not errors, errors
    lines = [line for line in output.splitlines() if ": error:" in line]
    return [line for line in lines if "[unused-coroutine]" not in line]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("engine", ["dbos", "runtime_min", "temporal"])
def test_the_broken_examples_stay_well_typed(root: Path, tmp_path: Path, cache: Path, engine: str) -> None:
    pytest.importorskip({"temporal": "temporalio"}.get(engine, engine))
    shutil.copytree(root / "examples/pro_trial" / engine / "broken", tmp_path / "app")
    (tmp_path / "app" / "py.typed").touch()
    assert _complaints(tmp_path / "app" / "pro_trial", cache) == []
    fix(tmp_path / "app", unsafe=True)
    assert _complaints(tmp_path / "app" / "pro_trial", cache) == []


MODELS = """
    from __future__ import annotations

    from dataclasses import dataclass
    from datetime import datetime
    from uuid import UUID


    @dataclass(frozen=True)
    class Order:
        key: UUID
        items: tuple[str, ...]
        made: datetime


    class Shop:
        def __init__(self, folder: str) -> None:
            self.folder = folder

        def orders(self, day: datetime) -> list[Order]:
            return [Order(UUID(int=0), (open(self.folder).read(),), day)]


    def latest(folder: str) -> Order | None:
        return max(Shop(folder).orders(datetime(2026, 1, 1)), key=lambda order: order.made, default=None)
"""

BODY = """
    shop = Shop(folder)
    found = shop.orders(when)
    first = latest(folder)
    with open(folder) as file:
        text = file.read()
        size = len(text)
    counts: dict[str, int] = {}
    for order in found:
        counts[str(order.key)] = len(open(order.items[0]).read())
    names = [open(item).read() for item in order.items]
    return f"{text} {size} {first} {counts} {names} {os.environ['HOME']}"
"""

HEADS = {
    "runtime_min": """
        import os
        from datetime import datetime

        from runtime_min import workflow

        from models import Order, Shop, latest


        @workflow
        async def run(folder: str, when: datetime, order: Order) -> str:
        """,
    "temporal": """
        import os
        from datetime import datetime

        from temporalio import workflow

        from models import Order, Shop, latest


        @workflow.defn
        class Run:
            @workflow.run
            async def run(self, folder: str, when: datetime, order: Order) -> str:
        """,
    "dbos": """
        import os
        from datetime import datetime

        from dbos import DBOS

        from models import Order, Shop, latest


        @DBOS.workflow()
        def run(folder: str, when: datetime, order: Order) -> str:
        """,
    "restate": """
        import os
        from datetime import datetime

        import restate

        from models import Order, Shop, latest

        service = restate.Service("s")


        @service.handler()
        async def run(ctx: restate.Context, folder: str) -> str:
            when = datetime(2026, 1, 1)
            order = Order(UUID(int=1), (), when)
        """,
}


@pytest.mark.parametrize("engine", HEADS)
def test_new_steps_have_the_types_of_what_they_take_and_give(
    tmp_path: Path, cache: Path, engine: str
) -> None:
    pytest.importorskip({"temporal": "temporalio"}.get(engine, engine))
    head = textwrap.dedent(HEADS[engine]).strip()
    if engine == "restate":
        head = head.replace("from datetime", "from uuid import UUID\nfrom datetime", 1)
    indentation = "        " if engine == "temporal" else "    "
    app = head + "\n" + textwrap.indent(textwrap.dedent(BODY).strip("\n"), indentation) + "\n"
    write(tmp_path, {"app/models.py": MODELS, "app/app.py": app})
    assert _complaints(tmp_path / "app", cache) == []
    outcome = fix(tmp_path / "app", unsafe=True)
    assert outcome.fixed
    assert _complaints(tmp_path / "app", cache) == []
