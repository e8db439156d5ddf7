"""How much is under way at once: in a channel one message and one card, and of a parcel one thing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.domain.parcel import Parcel, ParcelKey, Subscription
from bot.domain.records import Notification
from bot.domain.status import Status
from tests.fakes import FakeClock, FakeMessenger
from tests.unit.domain.journeys import PICKED_UP
from tests.unit.services.core import ORDERS, Core, delivers, key_of, settle


@dataclass
class ListeningMessenger(FakeMessenger):
    """A Slack that keeps of which parcels somebody began to say something; redraws that are `held` take long."""

    begun: list[ParcelKey] = field(default_factory=list)
    held: dict[ParcelKey, asyncio.Event] = field(default_factory=dict)

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        self.begun.append(parcel.key)
        if parcel.key in self.held:
            await self.held[parcel.key].wait()
        return await super().show_card(parcel, subscription, stamp=stamp, plain=plain)

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        self.begun.append(parcel.key)
        await super().tell(rows, parcel, subscription, stamp=stamp, plain=plain)


@pytest.fixture
async def listening() -> ListeningMessenger:
    """Return a Slack in which the channel does not answer any more once its cards are there."""
    return ListeningMessenger(FakeClock())


async def begins(core: Core, news: Sequence[int], redraws: Sequence[int]) -> None:
    """Follow parcels, have some delivered and some picked up, and tell; nothing is answered."""
    for number in (*news, *redraws):
        await core.follows(key=key_of(number))
    core.messenger.slow[ORDERS.channel] = asyncio.Event()
    for number in redraws:
        core.provider.has(key_of(number), Status.IN_TRANSIT, PICKED_UP)
    await delivers(core, *map(key_of, news))
    await goes_on(core)


async def goes_on(core: Core) -> None:
    for _ in range(3):
        core.clock.move(seconds=2)
        await core.outbox.start_due()
        await settle()


@pytest.mark.promise("R19", "R20")
@pytest.mark.parametrize(("news", "redraws", "begun"), [([0, 1], [], [0]), ([], [2, 3], [2]), ([0, 1], [2, 3], [0, 2])])
async def test_in_a_channel_one_message_and_one_card_are_under_way_and_neither_waits_for_the_other(
    listening: ListeningMessenger, news: list[int], redraws: list[int], begun: list[int]
) -> None:
    core = Core(clock=listening.clock, messenger=listening)
    listening.begun.clear()

    await begins(core, news, redraws)
    said = listening.begun[len(news) + len(redraws) :]
    listening.slow.pop(ORDERS.channel).set()
    await core.all_told()

    assert said == [key_of(number) for number in begun]
    assert await core.store.waiting() == []


@pytest.mark.promise("R19")
async def test_while_a_parcels_card_is_redrawn_nothing_is_told_of_it_whatever_else_is_told(
    listening: ListeningMessenger,
) -> None:
    core = Core(clock=listening.clock, messenger=listening)
    for number in range(2):
        await core.follows(key=key_of(number))
    listening.held[key_of(0)] = asyncio.Event()
    listening.begun.clear()
    core.provider.has(key_of(0), Status.IN_TRANSIT, PICKED_UP)
    await delivers(core, key_of(1))
    await goes_on(core)

    await delivers(core, key_of(0))
    await goes_on(core)
    begun = listening.begun.count(key_of(0))
    listening.held.pop(key_of(0)).set()
    await core.all_told()

    assert begun == 1
    assert [line.parcel.key for line in core.messenger.lines()] == [key_of(1), key_of(0)]
    assert await core.store.waiting() == []
