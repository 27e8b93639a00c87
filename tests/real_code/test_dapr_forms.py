"""Forms of Dapr workflows that were reported wrongly once, beside mistakes that must be found."""

from __future__ import annotations

from pathlib import Path

from tests.real_code.checked import surprises

_AGENT = """\
import functools
import time
import uuid

import dapr.ext.workflow as wf


class Agent:
    def __init__(self) -> None:
        self.cache: dict[str, float] = {}

    @staticmethod
    def _named(func, name):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            return func(*args, **kwargs)

        wrapper.__name__ = name
        return wrapper

    def register(self, runtime: wf.WorkflowRuntime) -> None:
        runtime.register_workflow(self._named(self.flow, "flow"))
        for activity in (self.save, self.load):
            runtime.register_activity(self._named(activity, activity.__name__))

    def flow(self, ctx: wf.DaprWorkflowContext, order: str):
        key = str(uuid.uuid4())  # expect: identity
        yield ctx.call_activity(self.save, input=key)

    def save(self, ctx: wf.WorkflowActivityContext, order: str) -> float:
        self.cache[order] = time.time()
        return self.cache[order]

    def load(self, ctx: wf.WorkflowActivityContext, order: str) -> str:
        return open(order).read()
"""


def test_workflows_and_activities_may_share_a_wrapper(tmp_path: Path) -> None:
    assert surprises(tmp_path, agent=_AGENT) == set()


def test_an_activity_may_not_change_what_the_workflow_reads(tmp_path: Path) -> None:
    changed = _AGENT.replace("self.save, input=key)", "self.save, input=key + str(self.cache))").replace(
        "= time.time()", "= time.time()  # expect: captured-write"
    )
    assert surprises(tmp_path, agent=changed) == set()


def test_what_a_client_may_be_mistaken_for_talks_to_nobody(tmp_path: Path) -> None:
    text = """\
import dapr.ext.workflow as wf

runtime = wf.WorkflowRuntime()


def shown(result) -> str:
    if hasattr(result, "model_dump"):
        return str(result.model_dump())
    return str(result)


@runtime.workflow
def order(ctx: wf.DaprWorkflowContext, item: str) -> str:
    return shown(wf.DaprWorkflowClient())
"""
    assert surprises(tmp_path, app=text) == set()
