"""The pytest plugin of runtime_min: the fixture `workflow_runtime`.

    def test_trial(workflow_runtime: Environment) -> None:
        workflow_runtime.replace(send_mail, lambda to, text: None)
        assert workflow_runtime.run(pro_trial, "ada@example.org") == "ended"  # 30 days in milliseconds

    # With pytest-asyncio, or anyio on asyncio.
    async def test_cancelled_trial(workflow_runtime: Environment) -> None:
        handle = await workflow_runtime.start(pro_trial, "ada@example.org")
        await workflow_runtime.advance(timedelta(days=3))
        await handle.signal(cancelled, True)
        assert await handle.result() == "cancelled"

    @pytest.mark.workflow_runtime(start=datetime(2024, 2, 28, tzinfo=UTC), real_steps=False)
    def test_leap_year(workflow_runtime: Environment) -> None: ...

It is a package of its own because pytest imports it in each environment in which color-checker is installed:
importing anything of `runtime_min` also imports the whole of it, which would be a tax on everybody's tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runtime_min.testing import Environment

__all__ = ["pytest_configure", "workflow_runtime"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for those who run with `--strict-markers`."""
    config.addinivalue_line(
        "markers",
        "workflow_runtime(**options): options for the fixture `workflow_runtime`, "
        "as of `runtime_min.testing.environment`",
    )


@pytest.fixture
def workflow_runtime(request: pytest.FixtureRequest) -> Iterator[Environment]:
    """A runtime in memory with a clock that skips time; see `runtime_min.testing.Environment`."""
    from runtime_min.testing import Environment

    marker = request.node.get_closest_marker("workflow_runtime")
    environment = Environment(**(marker.kwargs if marker is not None else {}))
    with environment.current():
        yield environment
    environment.close_now()
