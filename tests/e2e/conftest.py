"""A stage for each test that wants one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.stage import Stage


@pytest_asyncio.fixture(params=["socket", "http"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Return the sandbox and the bot in processes of their own, by each way in."""
    one = Stage(tmp_path, by=request.param)
    await one.start()
    yield one
    await one.stop()
