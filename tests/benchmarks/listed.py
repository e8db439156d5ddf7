"""A list of parcels served by a process of its own, and a store that knows them as the list says them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
import httpx

from bot.domain.changes import observe
from bot.domain.parcel import Parcel, ParcelKey, Place, Report, Subscription
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.bodies import Search
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport
from bot.sandbox import trackingmore as sandbox
from bot.stores.store import RecordStore
from tests.benchmarks.pages import NOON, number_of
from tests.e2e.stage import port_of, reserved_port, until
from tests.fakes import FakeClock
from tests.serving import serving

ELSEWHERE = Place("T0SANDBOX", "C0ELSEWHERE")


@asynccontextmanager
async def listed(folder: Path, parcels: int, *more: str) -> AsyncIterator[str]:
    """Serve a list of so many parcels; yield the address of the service. `more` are further words for it."""
    body = folder / "page.json"
    body.write_bytes(await page_of_2000())
    held = reserved_port()
    url = f"http://127.0.0.1:{port_of(held)}"
    command = (sys.executable, "-m", "tests.benchmarks.pages", str(body), str(port_of(held)), str(parcels), *more)
    process = await asyncio.create_subprocess_exec(*command)
    try:
        await until(partial(answers, url))
        yield url
    finally:
        process.terminate()
        await process.wait()
        held.close()


async def answers(url: str) -> bool:
    """Return whether the service is there."""
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    return False


async def page_of_2000() -> bytes:
    """Return a page as the simulated service writes it: six scans a parcel."""
    service = sandbox.TrackingMore(clock=sandbox.CarrierClock(start=NOON, speed=0))
    for number in range(2000):
        scans = [
            sandbox.Checkpoint(at=NOON.timestamp() - 3600 * hour, text=f"Arrived at stop {hour}") for hour in range(6)
        ]
        service.put(f"1ZX{number:015d}", "ups", checkpoints=scans)
    headers = {"Trackingmore-Api-Key": "sandbox-key-0001"}
    async with (
        serving(service.app) as url,
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{url}/v2/trackings/get", params={"limit": "2000"}) as answer,
    ):
        return await answer.read()


def provider_at(url: str, clock: FakeClock) -> TrackingMore:
    """Return the provider for the service there, which does not mind haste."""
    transport = Transport(key=Key("sandbox-key-0001"), base_url=f"{url}/v2", allow_loopback=True)
    return TrackingMore(Session(transport, clock, pacer=Pacer(spacing=0 * NOON.resolution)), account="bench")


async def reports_of(provider: TrackingMore) -> Sequence[Report]:
    """Return what the first page of the list says."""
    return tuple((await provider.client.list_page(Search(limit=2000))).reports)


async def fill(store: RecordStore, reports: Sequence[Report], parcels: int) -> None:
    """Have a channel follow so many parcels, each taken in as the list says it."""
    known = [
        observe(Parcel(workspace=ELSEWHERE.workspace, key=report.key, serial=1, added_at=NOON), report, NOON)[0]
        for report in reports
    ]
    for begin in range(0, parcels, 5000):
        some = [
            replace(known[at % len(known)], key=ParcelKey("ups", number_of(at)), serial=at + 1)
            for at in range(begin, begin + 5000)
        ]
        follows = [
            Subscription(place=ELSEWHERE, key=one.key, added_by="U0ADA", added_at=NOON, card="1.0") for one in some
        ]
        await store.save(*some, *follows)
