"""Rounds that are cut off, late or many, and starts: what was seen is told once, and never again."""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.domain.status import Status
from bot.engines.local import LocalEngine
from bot.stores.tinydb import open_store
from tests.contract.answers import CREATE, DELIVERED, LIST, record
from tests.contract.seen import everything
from tests.contract.stores.files import CountedFiles
from tests.contract.whole import ADA, BEN, ORDERS, Street, Whole

UPS, OTHER = "1ZX000010300000016", "1ZX000020300000023"


async def test_what_was_seen_before_a_crash_is_told_after_it(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.holds(record(UPS, "delivered", DELIVERED))
    whole.passes(hours=1)
    await whole.services.sweep.run_once()
    before = list(whole.posts())

    await whole.restart()
    await whole.polls()

    assert before == []
    assert len(whole.posts()) == 1
    assert "✅ Delivered" in whole.posts()[0]


async def test_a_start_tells_what_changed_meanwhile_and_nothing_else(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    await whole.follows(OTHER, "transit")
    await whole.polls(record(UPS, "delivered", DELIVERED), record(OTHER, "transit"))
    whole.forget()

    await whole.restart()
    await whole.polls(record(UPS, "delivered", DELIVERED), record(OTHER, "delivered", DELIVERED))
    await whole.restart()
    await whole.polls()

    [told] = whole.posts()
    assert OTHER in told
    assert UPS not in told


async def test_rounds_that_no_longer_come_are_said_with_the_last_one(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    await whole.polls()
    in_time = await whole.types(f"status {UPS}")

    whole.passes(hours=3)

    for words in (f"status {UPS}", "status", "list", "quota", ""):
        late = await whole.types(words)
        assert "⚠️ Last checked <!date^" in late
        assert "longer ago than usual" in late
    assert "last checked <!date^" in in_time
    assert "longer ago" not in in_time


@pytest.mark.parametrize("status", [Status.IN_TRANSIT, Status.PICKUP])
async def test_a_round_asks_the_service_once_however_many_parcels_there_are(whole: Whole, status: Status) -> None:
    for number in await whole.follows_many(100, status=status):
        whole.service.put(number, "yunexpress", status=status)

    for _ in range(288):  # a day
        whole.passes(minutes=5)
        await whole.services.sweep.run_once()
        await whole.services.sweep.look_once()

    assert whole.asked(LIST) == 288
    assert len(whole.service.calls) <= 500


async def test_fifty_adds_at_once_are_fifty_parcels_and_a_file_in_order(street: Street, tmp_path: Path) -> None:
    numbers = [f"YT24{serial:014d}" for serial in range(50)]
    folder = tmp_path / "data"
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        Whole(street, http, open_store=lambda: open_store(folder)).running() as whole,
    ):
        adds = [
            whole.slack.type(user=BEN if serial % 2 else ADA, channel=ORDERS, text=f"/track add {number}")
            for serial, number in enumerate(numbers)
        ]
        await asyncio.gather(*adds, whole.services.sweep.run_once())
        await whole.settled()

        assert "50 parcels" in await whole.types("list")
        assert sorted(await whole.followed()) == numbers
        assert whole.asked(CREATE) == 50
        assert len(whole.cards()) == 50

    stored = json.loads((folder / "waybill.json").read_text())
    assert len(stored["subscriptions"]) == 50
    assert len({row["serial"] for row in stored["parcels"].values()}) == 50


async def test_a_machine_that_slept_makes_up_for_all_its_rounds_with_one(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    engine, rounds, every = LocalEngine(), list[float](), 0.25
    came = asyncio.Event()

    async def one_round() -> None:
        rounds.append(time.monotonic())
        await whole.services.sweep.run_once()
        came.set()

    began = time.monotonic()
    engine.every(every, "sweep", one_round, limit=timedelta(seconds=1))
    engine.start()
    await asyncio.wait_for(came.wait(), 10)
    came.clear()
    whole.holds(record(UPS, "delivered", DELIVERED))
    whole.passes(hours=8)
    time.sleep(3.1 * every - (time.monotonic() - began))  # noqa: ASYNC251 - nothing here runs meanwhile, as in a sleep
    woke = time.monotonic()
    await asyncio.wait_for(came.wait(), 10)
    await asyncio.sleep(0.1)
    made_up = [at for at in rounds if woke <= at < began + 4 * every]  # before the next that is due anyway
    await engine.stop(timedelta(seconds=1))
    await whole.settled()

    assert len(made_up) == 1
    assert len(whole.posts()) == 1


async def test_five_thousand_long_journeys_are_listed_at_once_and_a_round_over_them_is_a_few_writes(
    street: Street, tmp_path: Path
) -> None:
    files = CountedFiles()
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        Whole(street, http, open_store=lambda: open_store(tmp_path / "data", files=files)).running() as whole,
    ):
        numbers = await whole.follows_many(5000, status=Status.PENDING, lines=60)
        for number in numbers[::5]:
            whole.service.put(number, "yunexpress", status="transit")
        began = time.monotonic()
        listed = await whole.types("list")
        took = time.monotonic() - began
        await whole.store.compact()  # so that what is written from here on is the round's
        files.synced.clear()

        changed = await whole.services.sweep.run_once()

        assert "5,000 parcels in this channel, page 1 of 625" in listed
        assert took < 3
        assert changed == 1000
        assert len(files.synced) <= 5


async def test_a_channel_hears_of_the_parcel_in_one_card_however_often_it_moves(whole: Whole) -> None:
    await whole.follows(UPS)

    for hour in range(6):
        await whole.polls(record(UPS, "transit", DELIVERED | {"Date": f"2026-03-01 {hour:02d}:00:00"}))

    assert len(whole.cards(ORDERS)) == 1
    assert "01 Mar 05:00" in everything(whole.card(UPS))
