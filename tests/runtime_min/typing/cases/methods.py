"""Methods: `self` is no parameter of a workflow, nor of a step or query that is taken from an instance."""

from __future__ import annotations

from typing import reveal_type

from models import Receipt, User

from runtime_min import Handle, child, query, start, step, workflow


class Trial:
    """A workflow as a class, with all that it may have."""

    @workflow
    async def run(self, user: User) -> Receipt:
        reveal_type(self.pay)  # is: Step[[amount: int], str]
        reveal_type(await self.pay(3))  # is: str
        reveal_type(await self.measure("a"))  # is: float
        reveal_type(await self.rate(user))  # is: int
        reveal_type(self.remaining(1))  # is: float
        reveal_type(await self.pay.options(timeout=5)(3))  # is: str
        await self.pay("3")  # error: int
        await self.pay()  # error: amount
        await self.rate("ada")  # error: User
        self.remaining("1")  # error: int
        return Receipt(1)

    @step
    async def pay(self, amount: int) -> str:
        return str(amount)

    @step(timeout=3)
    def measure(self, text: str) -> float:
        return float(len(text))

    @staticmethod
    @step
    async def rate(user: User) -> int:
        return len(user.name)

    @query
    def remaining(self, unit: int) -> float:
        return 1.0 / unit

    @query(name="state")
    def current_state(self) -> str:
        return "waiting"


class Longer(Trial):
    """Inherits the steps, and has a workflow of its own."""

    @workflow
    async def run_longer(self, user: User) -> Receipt:
        reveal_type(await self.pay(3))  # is: str
        again = await Trial.run.fn(self, user)
        reveal_type(again)  # is: Receipt
        return again


reveal_type(Trial.run)  # is: Workflow[[user: User], Receipt]
reveal_type(Longer.run_longer)  # is: Workflow[[user: User], Receipt]
reveal_type(Trial().run)  # is: Workflow[[user: User], Receipt]
reveal_type(Trial.run.options(id="trial-1"))  # is: Workflow[[user: User], Receipt]
reveal_type(Trial().pay)  # is: Step[[amount: int], str]
reveal_type(Longer().pay)  # is: Step[[amount: int], str]
reveal_type(Trial().measure)  # is: Step[[text: str], float]
reveal_type(Trial.rate)  # is: Step[[user: User], int]
reveal_type(Trial().rate)  # is: Step[[user: User], int]
reveal_type(Trial.remaining)  # is: Query[[unit: int], float]
reveal_type(Trial.current_state)  # is: Query[[], str]
reveal_type(Trial().remaining)  # is: (unit: int) -> float


async def from_outside(user: User) -> None:
    handle = await start(Trial.run, user)
    reveal_type(handle)  # is: Handle[Receipt]
    reveal_type(await child(Trial.run, user))  # is: Receipt
    reveal_type(await child(Longer.run_longer.options(id="longer-1"), user))  # is: Receipt
    reveal_type(await handle.query(Trial.remaining, 2))  # is: float
    reveal_type(await handle.query(Trial.remaining, unit=2))  # is: float
    reveal_type(await handle.query(Trial.current_state))  # is: str
    reveal_type(await handle.query("remaining", 2))  # is: Any
    print(await handle.query(Trial.current_state))
    await start(Trial.run, "ada")  # error: User
    await start(Trial.run)  # error: user
    await start(Trial.run, Trial(), user)  # error:
    await start(Trial.pay, 3)  # error: Step
    await handle.query(Trial.remaining, "2")  # error:
    await handle.query(Trial.current_state, 1)  # error:
    await handle.query(Trial.pay, 1)  # error:


def handles_know_their_result(handle: Handle[Receipt]) -> Handle[int]:
    return handle  # error: Receipt
