"""Where the analyzer does not know what is called, astroid may; what nobody knows is a gap."""

import time

from temporalio import workflow

import clocks


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, name: str) -> float:
        started = getattr(time, "mono" + "tonic")()  # [clock]
        later = clocks.monotonic()  # [clock]
        return started + later + getattr(time, name)()  # [gap]
