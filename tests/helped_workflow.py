"""A workflow and its helper in another file, the smallest project in which a finding crosses files."""

from __future__ import annotations

FLOW = """\
from temporalio import workflow

import helper


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        return helper.now()
"""
CLEAN = "def now() -> float:\n    return 1.0\n"
CLOCK = "import time\n\n\ndef now() -> float:\n    return time.time()\n"
