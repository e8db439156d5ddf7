"""The whole bot, for each test that wants one."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.contract.whole import Street, Whole
from tests.serving import serving


@pytest_asyncio.fixture(scope="session")
async def street() -> AsyncIterator[Street]:
    """Serve Slack for all tests that want one: each puts its own behind the same address."""
    street = Street()
    async with serving(Starlette(routes=[Mount("/slack", street)])) as url:
        street.url = f"{url}/slack"
        yield street


@pytest_asyncio.fixture
async def whole(street: Street) -> AsyncIterator[Whole]:
    """Return the whole bot between two simulated services, in two channels that know it."""
    async with aiohttp.ClientSession(trust_env=False) as http, Whole(street, http).running() as whole:
        yield whole
