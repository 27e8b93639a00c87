"""Functions as workflows and steps: the decorators in all their forms, calls, `start` and `child`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import reveal_type

from models import Receipt, User

from runtime_min import Retry, child, start, step, workflow


@step
async def charge(user: User, amount: int = 1) -> Receipt:
    return Receipt(amount)


@step
def look_up(name: str) -> User:
    return User(name)


@step(name="mail", retry=Retry(attempts=None, never=(ValueError,)), timeout=timedelta(minutes=1))
async def send_mail(*lines: str, loud: bool = False) -> None:
    assert lines or loud


@step()
def count(words: list[str]) -> dict[str, int]:
    return {word: len(word) for word in words}


@workflow
async def buy(user: User) -> Receipt:
    pending: Coroutine[object, None, Receipt] = charge(user)
    reveal_type(await pending)  # is: Receipt
    reveal_type(await look_up("ada"))  # is: User
    reveal_type(await send_mail("a", "b", loud=True))  # is: None
    reveal_type(await count(["a"]))  # is: dict[str, int]
    both = await asyncio.gather(charge(user), look_up("ada"))
    reveal_type(both)  # is: tuple[Receipt, User]
    several = await asyncio.gather(*(charge(user, amount) for amount in range(3)))
    reveal_type(several)  # is: list[Receipt]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(charge(user))
    reveal_type(task.result())  # is: Receipt
    reveal_type(await asyncio.wait_for(charge(user), 3))  # is: Receipt
    return await charge(user, amount=3)


@workflow(name="refund", version="2")
async def pay_back(*, user: User, reason: str = "") -> None:
    assert user or reason


@workflow()
async def daily() -> int:
    return 1


reveal_type(charge)  # is: Step[[user: User, amount: int = ...], Receipt]
reveal_type(look_up)  # is: Step[[name: str], User]
reveal_type(send_mail)  # is: Step[[*lines: str, loud: bool = ...], None]
reveal_type(count)  # is: Step[[words: list[str]], dict[str, int]]
reveal_type(buy)  # is: Workflow[[user: User], Receipt]
reveal_type(pay_back)  # is: Workflow[[*, user: User, reason: str = ...], None]
reveal_type(daily)  # is: Workflow[[], int]
reveal_type(buy.name)  # is: str

# Options leave the types alone.
reveal_type(buy.options(id="buy-1"))  # is: Workflow[[user: User], Receipt]
reveal_type(charge.options(retry=Retry(), timeout=5))  # is: Step[[user: User, amount: int = ...], Receipt]
buy.options(id=1)  # error: str
buy.options(timeout=1)  # error: timeout
charge.options(timeout="5")  # error:
charge.options(id="charge-1")  # error: id


async def steps_take_what_their_functions_take(user: User) -> None:
    await charge("ada")  # error: User
    await charge()  # error: user
    await charge(user, 1, 2)  # error:
    await charge(user, total=1)  # error: total
    await charge.options(timeout=5)("ada")  # error: User
    await send_mail("a", 1)  # error: str
    charge(user)  # error[mypy, pyright, pyrefly]:


async def so_does_start(user: User) -> None:
    handle = await start(buy, user)
    reveal_type(handle)  # is: Handle[Receipt]
    reveal_type(await handle.result())  # is: Receipt
    reveal_type(await start(pay_back, user=user))  # is: Handle[None]
    reveal_type(await start(daily.options(id="today")))  # is: Handle[int]
    await start(buy, "ada")  # error: User
    await start(buy)  # error: user
    await start(buy, user, 1)  # error:
    await start(buy, user=user, amount=1)  # error: amount
    await start(pay_back, user)  # error:
    await start(buy.options(id="buy-1"), "ada")  # error: User
    await start(charge, user)  # error: Step
    await start(len, user)  # error: Workflow
    start(buy, user)  # error[mypy, pyright, pyrefly]:


async def and_child(user: User) -> None:
    reveal_type(await child(buy, user))  # is: Receipt
    reveal_type(await child(pay_back, user=user, reason="late"))  # is: None
    reveal_type(await child(daily.options(id="today")))  # is: int
    await child(buy, "ada")  # error: User
    await child(buy)  # error: user
    await child(daily, 1)  # error:
    await child(charge, user)  # error: Step


def a_workflow_cannot_be_called(user: User) -> None:
    reveal_type(buy(user))  # is: Never


@workflow  # error: Coroutine
def not_async(user: User) -> int:
    return len(user.name)


@workflow(retry=Retry())  # error:
async def with_an_option_of_steps() -> None: ...


@step(version="2")  # error:
async def with_an_option_of_workflows() -> None: ...


@step(timeout="5s")  # error:
async def with_a_text_as_timeout() -> None: ...
