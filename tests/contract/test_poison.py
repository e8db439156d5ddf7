"""A notification that ends whatever process tells it: it is set aside, and everything else is told once."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.parcel import Parcel, ParcelKey, Place, Subscription
from bot.domain.records import Notification
from bot.domain.status import Event, Status
from bot.services.setbacks import KILLS
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.contract.poisoned import DIED, KEY, POISON
from tests.fakes import START

HERE = Place("T", "C-ORDERS")


@pytest.mark.promise("R22")
@pytest.mark.parametrize("parcels", [3, 8])
async def test_a_notification_that_ends_the_process_is_set_aside_and_the_others_are_told_once(
    tmp_path: Path, parcels: int
) -> None:
    numbers = [f"1ZX{serial:015d}" for serial in range(parcels)]
    await wait_to_be_told(tmp_path / "data", numbers)

    ends = [await process_tells(tmp_path)]
    while ends[-1]:
        ends.append(await process_tells(tmp_path))

    store = await open_store(tmp_path / "data", Sealer(KEY))
    posted = [json.loads(line) for line in (tmp_path / "slack").read_text().splitlines()]
    assert ends == [DIED, DIED, DIED, 0]
    assert [(row.key.number, row.reason) for row in await store.set_aside()] == [(POISON, KILLS)]
    assert await store.waiting() == []
    assert [sum(number in str(one) for one in posted) for number in numbers] == [number != POISON for number in numbers]
    await store.close()


async def wait_to_be_told(folder: Path, numbers: list[str]) -> None:
    """Keep that each of these parcels was delivered, and that nobody was told."""
    store = await open_store(folder, Sealer(KEY))
    for serial, number in enumerate(numbers):
        key, at = ParcelKey("ups", number), START + timedelta(seconds=serial)
        await store.save(
            Parcel(workspace="T", key=key, serial=serial, status=Status.DELIVERED, added_at=at),
            Subscription(place=HERE, key=key, added_by="UADA", added_at=at, card=f"1.{serial}"),
            Notification(place=HERE, key=key, revision=1, event=Event.DELIVERED, created_at=at, until=at),
        )
    await store.close()


async def process_tells(folder: Path) -> int:
    """Run a process that tells; return what it ended with."""
    command = (sys.executable, "-m", "tests.contract.poisoned", str(folder / "data"), str(folder / "slack"))
    process = await asyncio.create_subprocess_exec(*command)
    return await asyncio.wait_for(process.wait(), 30)
