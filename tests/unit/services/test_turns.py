"""Who acts on the same thing takes turns; who acts on another does not wait."""

import asyncio
from datetime import timedelta

import pytest

from bot.services.turns import Turns, finish
from tests.unit.services.core import settle


async def test_one_at_a_time_for_each_key_in_the_order_they_came() -> None:
    turns, happened = Turns(), list[str]()

    async def acts(name: str, key: str) -> None:
        async with turns.of(key):
            happened.append(f"{name} begins")
            await settle()
            happened.append(f"{name} ends")

    await asyncio.gather(acts("Ada", "parcel"), acts("Ben", "parcel"), acts("Cleo", "parcel"))

    assert happened == [f"{name} {does}" for name in ("Ada", "Ben", "Cleo") for does in ("begins", "ends")]


async def test_another_key_does_not_wait() -> None:
    turns = Turns()

    async with turns.of("one"), asyncio.timeout(5), turns.of("another"):
        pass


async def test_a_turn_that_fails_lets_the_next_one_in() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="refused"):
        async with turns.of("parcel"):
            raise ValueError("refused")

    async with asyncio.timeout(5), turns.of("parcel"):
        pass


async def test_who_gives_up_waiting_is_forgotten() -> None:
    turns = Turns()
    async with turns.of("parcel"):
        waits = asyncio.create_task(turns.of("parcel").__aenter__())
        await settle()
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)

    async with asyncio.timeout(5), turns.of("parcel"):
        pass
    assert not vars(turns)["_locks"]  # a turn at each of a million parcels leaves nothing behind


async def test_what_finishes_in_time_is_let_finish_and_the_rest_is_ended() -> None:
    done = list[str]()

    async def short() -> None:
        await settle()
        done.append("short")

    async def endless() -> None:
        await asyncio.Event().wait()

    in_time, too_late = asyncio.create_task(short()), asyncio.create_task(endless())
    await finish([in_time], timedelta(minutes=1))
    await finish([too_late], timedelta())

    assert done == ["short"]
    assert too_late.cancelled()


async def test_there_may_be_nothing_to_finish() -> None:
    await finish([], timedelta(minutes=1))
