"""A finding stands at the workflow's call, wherever its cause is."""

import time

from temporalio import workflow

import clocks


@workflow.defn
class Trial:
    @workflow.run
    async def run(self, days: int) -> float:
        print(f"{days} days")  # [console]
        long_enough = (
            time.time()  # [clock]
            + days * 86400
        )
        return long_enough + clocks.now(  # [clock]
        )
