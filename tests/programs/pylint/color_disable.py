"""Pylint's comments switch messages off in a line, a block, a function, and by name or id."""

import time

from temporalio import workflow


@workflow.defn
class Line:
    @workflow.run
    async def run(self) -> float:
        started = time.time()  # pylint: disable=clock
        ended = time.time()  # pylint: disable=E7201
        # pylint: disable-next=clock
        later = time.time()
        return started + ended + later + time.time()  # [clock]


@workflow.defn
class Block:
    @workflow.run
    async def run(self, seats: int) -> float:
        if seats:
            # pylint: disable=clock
            seats += int(time.time())
            print(seats)  # [console]
        # pylint: disable=clock
        seats += int(time.time())
        # pylint: enable=clock
        return seats + time.time()  # [clock]


@workflow.defn
class Function:
    @workflow.run
    async def run(self) -> float:
        # pylint: disable=color
        print("started")
        return time.time()

    @workflow.signal
    async def stop(self) -> None:
        self.stopped = time.time()  # [clock]


@workflow.defn
class OfOurs:
    @workflow.run
    async def run(self) -> float:
        return time.time()  # color: ignore[clock]
