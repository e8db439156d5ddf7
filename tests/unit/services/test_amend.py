"""A record that two change at once keeps what both did."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.domain.errors import RevisionMoved, StoreError
from bot.domain.parcel import ChannelSettings, NewParcel, Subscription
from bot.domain.status import Aloud, Preset, Status
from bot.services.amend import TRIES, amend
from tests.fakes import FakeClock
from tests.unit.domain.journeys import KEY
from tests.unit.services.core import ORDERS, Core
from tests.unit.services.midway import BusyMessenger, NotingStore


def settings_in(store: NotingStore) -> Callable[[], Awaitable[ChannelSettings | None]]:
    async def read() -> ChannelSettings | None:
        return await store.settings(ORDERS)

    return read


@pytest.mark.parametrize("posted_before", [False, True])
async def test_a_card_kept_while_somebody_archives_loses_neither(*, posted_before: bool) -> None:
    core = Core(messenger=(messenger := BusyMessenger(clock := FakeClock())), clock=clock)
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")
    if posted_before:
        await core.all_told()
        messenger.posts.clear()  # the card was removed by hand, so another one is posted
        await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by="UADA")
    messenger.midway = lambda: core.tracker.archive(ORDERS, KEY, by="UBEN")

    await core.all_told()

    subscription = await core.store.subscription(ORDERS, KEY)
    assert subscription
    assert (subscription.card, subscription.archived_by) == (messenger.cards()[-1].ts, "UBEN")
    assert [one.subscription.active for one in messenger.cards()] == [False]


async def test_an_archive_saved_while_a_card_is_kept_loses_neither(core: Core) -> None:
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by="UADA")

    await asyncio.gather(core.outbox.tell_due(), core.tracker.archive(ORDERS, KEY, by="UBEN"))

    subscription = await core.store.subscription(ORDERS, KEY)
    assert subscription
    assert (subscription.card, subscription.archived_by) == (core.messenger.cards()[0].ts, "UBEN")


async def test_what_two_set_at_once_is_both_kept(core: Core) -> None:
    await asyncio.gather(
        core.tracker.subscribe(ORDERS, by="UADA", preset=Preset.QUIET),
        core.tracker.subscribe(ORDERS, by="UBEN", aloud=Aloud.ALL),
    )

    settings = await core.store.settings(ORDERS)
    assert (settings.preset, settings.aloud) == (Preset.QUIET, Aloud.ALL)


async def test_many_at_once_are_all_kept() -> None:
    store = NotingStore()
    read = settings_in(store)

    async def adds(word: str) -> None:
        await amend(store, read, lambda stored: replace(stored, paused=stored.paused + word))

    await asyncio.gather(*(adds(str(number)) for number in range(TRIES)))

    assert sorted((await store.settings(ORDERS)).paused) == sorted("01234567")


async def test_what_is_not_there_is_not_made() -> None:
    store = NotingStore()

    async def read() -> Subscription | None:
        return await store.subscription(ORDERS, KEY)

    assert await amend(store, read, lambda stored: replace(stored, card="1.0")) is None
    assert store.saves == []


async def test_it_is_not_tried_for_ever() -> None:
    store = NotingStore()
    tries = 0

    async def read() -> ChannelSettings:
        nonlocal tries
        tries += 1
        return ChannelSettings(place=ORDERS, paused="nobody stored this")

    with pytest.raises(RevisionMoved):
        await amend(store, read, lambda stored: replace(stored, paused=""))

    assert tries == TRIES


async def test_a_full_disk_is_no_reason_to_try_again() -> None:
    store = NotingStore()
    store.full = True

    with pytest.raises(StoreError, match="No space"):
        await amend(store, settings_in(store), lambda stored: replace(stored, paused="x"))
