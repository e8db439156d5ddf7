"""Saving much at once, on tables that never wait: everything else that runs on the event loop goes on."""

import asyncio
from dataclasses import replace

from bot.domain.records import Memo
from bot.stores.memory import MemoryTables
from bot.stores.store import SLICE, RecordStore


async def test_others_have_their_turn_while_many_are_saved_at_once() -> None:
    store = RecordStore(MemoryTables())
    many = [Memo(workspace="T1", name=f"{number}", value="a") for number in range(5 * SLICE)]
    await store.save(*many)
    saving = asyncio.create_task(store.save(*(replace(one, value="b") for one in many), onto=many))

    turns = 0
    while not saving.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns >= 2 * 5  # while it is compared and packed
    assert await store.memo("T1", "7") == "b"
