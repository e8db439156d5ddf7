"""A simulated TrackingMore whose clocks move only when a test moves them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.sandbox.trackingmore import CarrierClock, TrackingMore

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "sandbox-key-0001"
Json = Any  # JSON of any shape
MUGS = {"tracking_number": "1ZX000010300000016", "carrier_code": "ups"}


@dataclass
class Service:
    """The service, and somebody who calls it: a real second apart, unless in a hurry."""

    tm: TrackingMore
    clock: CarrierClock
    http: httpx.AsyncClient
    real_seconds: list[float]

    async def call(self, operation: str, *, hurry: bool = False, **how: Json) -> httpx.Response:
        method, path = operation.split(" ")
        self.real_seconds[0] += 0 if hurry else 1
        return await self.http.request(method, f"/v2{path}", **how)

    async def code(self, operation: str, body: Json = None, **how: Json) -> int:
        """Return the code that a call answers."""
        found = (await self.call(operation, **_with(body, how))).json()["meta"]["code"]
        assert isinstance(found, int)
        return found

    async def data(self, operation: str, body: Json = None, **how: Json) -> Json:
        """Return what a call answers, which must be well."""
        answer = (await self.call(operation, **_with(body, how))).json()
        assert answer["meta"]["code"] in {200, 201}, answer
        return answer["data"]

    async def parcel(self, number: str = MUGS["tracking_number"], carrier: str = "ups") -> Json:
        return await self.data(f"GET /trackings/{carrier}/{number}")

    def passes(self, **time: float) -> None:
        self.clock.step(timedelta(**time))


def _with(body: Json, how: dict[str, Json]) -> dict[str, Json]:
    return how if body is None else how | {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}


@asynccontextmanager
async def a_service(**how: Json) -> AsyncIterator[Service]:
    real_seconds = [0.0]
    clock = CarrierClock(start=START, speed=0)
    tm = TrackingMore(clock=clock, key=KEY, monotonic=lambda: real_seconds[0], **how)
    headers = {"Trackingmore-Api-Key": KEY}
    transport = httpx.ASGITransport(app=tm.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as http:
        yield Service(tm, clock, http, real_seconds)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Without oddities: what is asked here is what the service does, not how it writes."""
    async with a_service(quirks=False) as calm:
        yield calm


@pytest.fixture
async def odd_service() -> AsyncIterator[Service]:
    async with a_service() as odd:
        yield odd
