"""Packages that offer their modules under short names."""

from __future__ import annotations

from pathlib import Path

import pytest

import color_checker

_FLOW = """\
from collections import OrderedDict

from kit import adk
from temporalio import workflow

RECENT: OrderedDict[str, int] = OrderedDict()


@workflow.defn
class Order:
    def __init__(self) -> None:
        self.recent: OrderedDict[str, int] = OrderedDict()

    @workflow.run
    async def run(self, seats: int) -> int:
        self.recent["seats"] = seats
        self.recent.move_to_end("seats")
        return adk.providers.models.ask(seats)
"""


def test_a_package_that_imports_from_itself_gets_its_own_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "kit/__init__.py": "",
        "kit/adk/__init__.py": "from kit.adk import providers\nfrom . import providers as again\n",
        "kit/adk/providers/__init__.py": "from kit.adk.providers.models import Models\n\nmodels = Models()\n",
        "kit/adk/providers/models.py": (
            "import time\n\n\nclass Models:\n"
            "    def ask(self, seats: int) -> int:\n        return int(time.time())\n"
        ),
        "flows.py": _FLOW,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert [(finding.path, finding.line, finding.name) for finding in report.findings] == [
        ("flows.py", 18, "clock")
    ]
    assert report.summary.gaps == 0


def test_setting_up_a_client_s_base_class_is_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flows.py").write_text(
        """\
import httpx
from temporalio import workflow


class Client(httpx.AsyncClient):
    def __init__(self) -> None:
        super().__init__(timeout=5)


@workflow.defn
class Order:
    def __init__(self) -> None:
        self.client = Client()

    @workflow.run
    async def run(self, address: str) -> int:
        return (await self.client.get(address)).status_code
""",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    report = color_checker.check([tmp_path], cache=False)
    assert [(finding.line, finding.name) for finding in report.findings] == [(17, "network")]
