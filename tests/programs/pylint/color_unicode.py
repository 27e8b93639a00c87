"""Columns count characters; blocks are found all the same."""

import time

from temporalio import workflow


@workflow.defn
class Prüfung:
    @workflow.run
    async def run(self) -> float:
        ähnlich = "日本語"; gleich = time.time()  # [clock]
        if ähnlich:
            x = "日本語"; gleich += time.time()  # pylint: disable=clock
        return gleich + len(ähnlich) + x
