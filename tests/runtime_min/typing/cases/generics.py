"""Code that takes any workflow or step keeps its types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ParamSpec, TypeVar, reveal_type

from models import Receipt, User

from runtime_min import Handle, Retry, Step, Workflow, child, start, step, workflow

P = ParamSpec("P")
R = TypeVar("R")


@step
async def charge(user: User) -> Receipt:
    return Receipt(len(user.name))


@workflow
async def buy(user: User, /, amount: int = 1) -> Receipt:
    return Receipt(amount + len(user.name))


@workflow
async def look(user: User) -> Receipt | None:
    return None if user else Receipt(1)


async def run(flow: Workflow[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    handle: Handle[R] = await start(flow, *args, **kwargs)
    return await handle.result()


async def run_inside(flow: Workflow[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await child(flow, *args, **kwargs)


def patient(call: Step[P, R]) -> Step[P, R]:
    return call.options(retry=Retry(attempts=10))


async def run_all(flow: Workflow[[User], R], users: Sequence[User]) -> list[R]:
    return [await run(flow, user) for user in users]


async def use_them(user: User) -> None:
    reveal_type(await run(buy, user))  # is: Receipt
    reveal_type(await run(buy, user, amount=2))  # is: Receipt
    reveal_type(await run_inside(look, user))  # is: Receipt | None
    reveal_type(patient(charge))  # is: Step[[user: User], Receipt]
    reveal_type(await patient(charge)(user))  # is: Receipt
    await run(buy, "ada")  # error: User
    await run_inside(look)  # error: user
    await patient(charge)("ada")  # error: User
    await run(charge, user)  # error: Step


# ty and pyrefly take a parameter that can be given by name for another one than that of `[[User], ...]`.
def annotate() -> None:
    flow: Workflow[[User], Receipt | None] = look  # error[ty, pyrefly]: Workflow
    call: Step[[User], Receipt] = charge  # error[ty, pyrefly]: Step
    any_flow: Workflow[..., Receipt | None] = look
    any_call: Step[..., Receipt] = charge
    wrong_flow: Workflow[[str], Receipt] = buy  # error: Workflow
    wrong_call: Step[[User], str] = charge  # error: Step
    wrong_result: Workflow[..., str] = look  # error: Workflow
    print(flow, call, any_flow, any_call, wrong_flow, wrong_call, wrong_result)
