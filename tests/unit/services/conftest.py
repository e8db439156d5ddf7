"""A core for each test, empty or with a parcel on its way."""

import pytest

from bot.domain.status import Status
from tests.unit.domain.journeys import KEY, PICKED_UP
from tests.unit.services.core import Core


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
async def moving(core: Core) -> Core:
    """Return a core with a parcel on its way in #orders."""
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)
    await core.follows()
    return core
