"""Signals, queries and handles."""

from __future__ import annotations

from typing import reveal_type

from models import Receipt, User

from runtime_min import (
    Description,
    Handle,
    Query,
    Signal,
    query,
    signal,
    start,
    wait_signal,
    workflow,
)

approved = signal("approved", bool)
names = signal("names", list[str])
users = signal("users", User)
answer: Signal[int | None] = signal("answer", int | None)

reveal_type(approved)  # is: Signal[bool]
reveal_type(names)  # is: Signal[list[str]]
reveal_type(users)  # is: Signal[User]
reveal_type(answer.name)  # is: str


@workflow
async def wait_for_all() -> list[str]:
    reveal_type(await wait_signal(approved))  # is: bool
    reveal_type(await wait_signal(users))  # is: User
    reveal_type(await wait_signal(answer))  # is: int | None
    await wait_signal("approved")  # error: Signal
    progress = 0

    @query
    def done(scale: int) -> float:
        return progress / scale

    reveal_type(done)  # is: Query[[scale: int], float]
    reveal_type(done(10))  # is: float
    return await wait_signal(names)


async def send() -> None:
    handle = await start(wait_for_all)
    await handle.signal(approved, True)
    await handle.signal(users, User("ada"))
    await handle.signal(answer, None)
    await handle.signal(approved, "yes")  # error: ignal
    await handle.signal(names, [1])  # error: ignal
    await handle.signal(users, Receipt(1))  # error: ignal
    await handle.signal("approved", True)  # error: Signal
    await handle.signal(approved)  # error: value
    handle.signal(approved, True)  # error:


async def look(handle: Handle[Receipt], typed: Query[[int], float]) -> None:
    reveal_type(handle.id)  # is: str
    reveal_type(await handle.result())  # is: Receipt
    reveal_type(await handle.cancel())  # is: None
    reveal_type(await handle.describe())  # is: Description
    reveal_type(await handle.query(typed, 1))  # is: float
    reveal_type(await handle.query("progress"))  # is: Any
    await handle.query(typed, "1")  # error:
    await handle.query(1)  # error:


def describe(found: Description) -> None:
    reveal_type(found.id)  # is: str
    reveal_type(found.generation)  # is: int
    reveal_type(found.closed)  # is: float | None
    assert found.state == "completed"
    assert found.state == "done"  # error[mypy]:
