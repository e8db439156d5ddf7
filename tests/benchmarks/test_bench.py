"""What Waybill takes, each figure beside a floor measured in the same run: the least that could do the job.

The figures are printed, not judged: they differ from machine to machine, the ratios less so.

Over 300 lines: each figure has its floor beside it.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest
from rich.console import Console
from rich.table import Table

from bot.domain.changes import observe
from bot.domain.parcel import Parcel
from bot.providers.trackingmore import wire
from bot.providers.trackingmore.reader import decode
from bot.sandbox import trackingmore as sandbox
from bot.sandbox.slack.delivery import signature
from bot.services.observer import Observer
from bot.stores.memory import memory_store
from bot.stores.tables import to_document, to_text
from bot.stores.tinydb import open_store
from tests.benchmarks.many import NOON, PARCELS, echo, fill, parcel, with_many_parcels
from tests.e2e.ground import Ground
from tests.e2e.stage import ADA, BEN, ORDERS, until
from tests.fakes import FakeClock
from tests.serving import serving

CHI = "U0CHI"
SECRET = "sandbox-secret-0001"
AT_ONCE, REQUESTS = 20, 1000
Figures = Sequence[float]
"""Seconds that something took, again and again."""


class Report:
    """The table of all figures."""

    def __init__(self) -> None:
        self.table = Table(
            title="What it takes (ms)", caption=f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
        )
        for name in ("", "p50", "p99", "the floor", "p50", "p99", "times the floor"):
            self.table.add_column(name, justify="right" if name in {"p50", "p99", "times the floor"} else "left")

    def tells(self, what: str, took: Figures, floor: str, least: Figures) -> None:
        """Add what was measured, and what it is measured against."""
        mine, bare = spread(took), spread(least)
        shown = [f"{1000 * figure:,.2f}" for figure in (*mine, *bare)]
        self.table.add_row(what, *shown[:2], floor, *shown[2:], f"{mine[0] / bare[0]:,.1f}")


def spread(figures: Figures) -> tuple[float, float]:
    """Return the median, and what 99 of 100 stay below."""
    cuts = quantiles(figures, n=100, method="inclusive")
    return cuts[49], cuts[98]


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """Return the table; it is printed when the last figure stands in it."""
    report = Report()
    yield report
    Console(width=160).print("\n", report.table)


async def timed(act: Callable[[], Awaitable[object]]) -> float:
    """Return how many seconds an act takes."""
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def under_load(url: str) -> Figures:
    """Send signed commands over 20 connections, each as soon as the one before is answered."""
    numbers = itertools.count()
    took: list[float] = []

    async def send(session: aiohttp.ClientSession, body: bytes) -> None:
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(SECRET, stamp, body),
        }
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            assert answer.status == 200

    async def person(session: aiohttp.ClientSession, user: str) -> None:
        while (number := next(numbers)) < REQUESTS:
            command = {"command": "/track", "text": "help", "team_id": "T0SANDBOX", "channel_id": ORDERS}
            body = urlencode(command | {"user_id": user, "trigger_id": f"bench.{number}"}).encode()
            took.append(await timed(partial(send, session, body)))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        await asyncio.gather(*(person(session, (ADA, BEN, CHI)[line % 3]) for line in range(AT_ONCE)))
    return took


async def test_an_acknowledgement_under_load(tmp_path: Path, report: Report) -> None:
    async with with_many_parcels(tmp_path, sweep_every=300) as ground, echo() as bare:
        least = await under_load(bare)
        took = await under_load(f"http://127.0.0.1:{ground.bot_port}/slack/events")

    report.tells(f"a signed request acknowledged, {AT_ONCE} at once", took, "a bare Starlette route that echoes", least)
    assert len(took) == len(least) == REQUESTS


async def test_a_change_committed(tmp_path: Path, report: Report) -> None:
    store = await open_store(tmp_path / "data")
    await fill(store)
    changed = [replace(parcel(serial), revision=7) for serial in range(1, 101)]

    took = [await timed(partial(store.save, one, onto=[parcel(one.serial)])) for one in changed]
    whole = (tmp_path / "data" / "waybill.json").read_bytes()
    alone = to_text(to_document(changed[0]))
    least = [await timed(partial(asyncio.to_thread, write, tmp_path / "whole", whole)) for _ in changed]
    least_alone = [await timed(partial(asyncio.to_thread, write, tmp_path / "alone", alone)) for _ in changed]
    await store.close()

    what = f"a change committed, {PARCELS:,} parcels"
    report.tells(what, took, f"the same file written and fsynced ({len(whole) / 1e6:.1f} MB)", least)
    report.tells(what, took, f"the change alone written and fsynced ({len(alone):,} bytes)", least_alone)
    assert (await kept(tmp_path / "data"))[:100] == [7] * 100


def write(path: Path, content: bytes) -> None:
    """Write a file and have it survive a power cut."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


async def kept(folder: Path) -> list[int]:
    """Return the revisions in the store, by serial."""
    store = await open_store(folder)
    parcels = sorted(await store.parcels(), key=lambda one: one.serial)
    await store.close()
    return [one.revision for one in parcels]


async def test_a_page_of_the_list_taken_in(report: Report) -> None:
    body = await page_of_2000()
    store, clock = memory_store(), FakeClock()
    observer = Observer(store, clock, lambda: None)
    first = read(body)
    await store.save(
        *(
            observe(Parcel(workspace="T1", key=one.key, serial=serial, added_at=NOON), one, NOON)[0]
            for serial, one in enumerate(first.reports)
        )
    )
    moved = body.replace(b'"Arrived at stop 0"', b'"Left stop 0"')

    least = [await timed(partial(asyncio.to_thread, msgspec.json.decode, body)) for _ in range(20)]
    reading = [await timed(partial(asyncio.to_thread, read, body)) for _ in range(20)]
    still = [await timed(partial(take_in, observer, body)) for _ in range(20)]
    moving = [await timed(partial(take_in, observer, page)) for page in (moved, body) * 5]

    floor = "msgspec.json.decode of the page"
    report.tells(f"a page of 2,000 read ({len(body) / 1e6:.1f} MB)", reading, floor, least)
    report.tells("a page of 2,000 taken in, nothing moved", still, floor, least)
    report.tells("a page of 2,000 taken in, everything moved", moving, floor, least)
    assert len(first.reports) == 2000


def read(body: bytes) -> wire.Page:
    """Read a page as the client does."""
    envelope = decode(body, "GET /trackings/get")
    assert isinstance(envelope, dict)
    return wire.read_page(envelope["data"], "GET /trackings/get data", NOON)


async def take_in(observer: Observer, body: bytes) -> None:
    """Read a page and take in its reports."""
    page = await asyncio.to_thread(read, body)
    await observer.take_page(page.reports)


async def page_of_2000() -> bytes:
    """Return a page of the list as the simulated service writes it: six scans a parcel."""
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


async def test_a_change_seen_and_told(tmp_path: Path, report: Report) -> None:
    took = []
    async with with_many_parcels(tmp_path, sweep_every=1) as ground, echo() as bare:
        number = ground.prints()
        await ground.types("/track subscribe everything")
        await ground.types(f"/track add {number}")
        await until(partial(is_told, ground, number))
        for _ in range(20):
            ground.wire.passed.clear()
            ground.scan(number)
            await until(partial(is_told, ground, number))
            asked = next(one.came for one in ground.wire.passed if one.path.startswith("/slack/api/chat."))
            seen = max(one.left for one in ground.wire.passed if one.path.endswith("/get") and one.left < asked)
            took.append(asked - seen)
        async with aiohttp.ClientSession() as session:
            least = [await timed(partial(round_trip, session, bare)) for _ in range(200)]

    report.tells(f"a change seen, then Slack asked, {PARCELS:,} parcels", took, "a round trip to the bare route", least)
    assert len(took) == 20


async def is_told(ground: Ground, number: str) -> bool:
    """Return whether the parcel's newest scan was told: the message is the last call that it takes."""
    return number in ground.cards(ORDERS) and ground.told(ORDERS, number) == ground.scans[number]


async def round_trip(session: aiohttp.ClientSession, url: str) -> None:
    """Ask and be answered."""
    async with session.post(url, data=b"hello") as answer:
        await answer.read()
