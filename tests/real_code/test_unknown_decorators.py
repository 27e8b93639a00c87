"""Definitions that come to the analysis in a roundabout way."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises


def test_a_decorator_of_an_unknown_object_hands_on_what_it_decorates(tmp_path: Path) -> None:
    app = """
from dbos import DBOS


def routes(fixture):
    dbos, app = fixture

    @app.get("/pay/{order}")
    @DBOS.workflow()
    def pay(order: str) -> str:
        return charge(order) + stamp()

    @app.get("/charge/{order}")
    @DBOS.step()
    def charge(order: str) -> str:
        return open(order).read()


    @app.helper
    def stamp() -> str:
        return open("stamp").read()
"""
    expected = app.replace(
        "return charge(order) + stamp()", "return charge(order) + stamp()  # expect: filesystem"
    )
    assert surprises(tmp_path, app=expected) == set()


def test_an_abstract_method_is_looked_for_in_classes_that_functions_make(tmp_path: Path) -> None:
    interceptor = """
import abc
import time

from temporalio import worker


class Root:
    def workflow_interceptor_class(self, input):
        root = self

        class Modified(Inbound):
            def root(self):
                return root

        return Modified

    def header(self, input) -> float:
        return time.time()


class Inbound(worker.WorkflowInboundInterceptor, abc.ABC):
    @abc.abstractmethod
    def root(self):
        raise NotImplementedError

    async def execute_workflow(self, input):
        self.root().header(input)  # expect: clock
        return await self.next.execute_workflow(input)
"""
    assert surprises(tmp_path, interceptor=interceptor) == set()
