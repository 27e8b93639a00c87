"""A comment at the top counts for the module."""
# pylint: disable=clock

import time

from temporalio import workflow


@workflow.defn
class Trial:
    @workflow.run
    async def run(self) -> float:
        print("started")  # [console]
        return time.time()
