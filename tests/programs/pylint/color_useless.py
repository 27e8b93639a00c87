"""What pylint says of comments that suppress nothing counts for our messages, too."""

import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        started = 1.0  # pylint: disable=clock # [useless-suppression]
        started += time.time()  # pylint: disable=clock, random # [useless-suppression]
        return started


def outside() -> float:
    return time.time()  # color: ignore[clock] # [unused-suppression]
