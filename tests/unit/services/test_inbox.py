"""What has come in is stored before it is acknowledged, and done once, whatever dies in between.

Over 300 lines: what is acknowledged, done, tried again and given up share one inbox to look at.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.errors import MessengerUnavailable, StoreError
from bot.domain.records import InboxItem
from bot.ports import Store
from bot.services.inbox import KILLED_AT_MOST, WORKERS, Inbox
from bot.stores.memory import memory_store
from tests.fakes import FakeClock
from tests.unit.services.core import settle
from tests.unit.services.midway import NotingStore


class People:
    """What is asked of the bot, and what it did; `acts` says what happens while a request is being done."""

    def __init__(self, store: Store | None = None) -> None:
        self.clock = FakeClock()
        self.store = store or memory_store()
        self.done: list[str] = []
        self.given_up: list[str] = []
        self.acts: dict[str, Callable[[], Awaitable[object]]] = {}
        self.inbox = self.starts()

    def starts(self) -> Inbox:
        """Start the next process."""
        self.inbox = Inbox(store=self.store, clock=self.clock, handle=self._handle, give_up=self._give_up)
        return self.inbox

    async def are_cut_off(self) -> None:
        """Let the process end in the middle of what it is doing."""
        await settle()
        await self.inbox.drain(timedelta())

    async def _handle(self, item: InboxItem) -> None:
        self.done.append(item.words)
        if act := self.acts.get(item.words):
            await act()

    async def _give_up(self, item: InboxItem) -> None:
        self.given_up.append(item.words)

    async def ask(self, words: str, *, user: str = "UADA", channel: str = "C-ORDERS", delivery: str = "") -> bool:
        """Ask for something; return whether the inbox had not had it before."""
        return await self.inbox.receive(
            InboxItem(
                workspace="T",
                delivery=delivery or f"D-{words}",
                channel=channel,
                user=user,
                words=words,
                received_at=self.clock.now(),
            )
        )


@pytest.fixture
def people() -> People:
    return People()


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_what_comes_in_is_done_and_kept_as_done(people: People) -> None:
    assert await people.ask("add 1")
    await people.inbox.settled()

    assert people.done == ["add 1"]
    assert await people.store.open_items() == []
    assert [item.words for item in await people.store.done_items()] == ["add 1"]
    assert not vars(people.inbox)["_waiting"]  # a million people who asked leave nothing behind


@pytest.mark.promise("R1")
async def test_it_is_stored_before_it_is_acknowledged(people: People) -> None:
    await people.ask("add 1")

    assert [item.words for item in await people.store.open_items()] == ["add 1"]
    assert people.done == []
    await people.inbox.settled()


@pytest.mark.promise("R2")
async def test_a_second_delivery_is_done_once(people: People) -> None:
    answers = [await people.ask("add 1", delivery="D1") for _ in range(2)]
    await people.inbox.settled()
    answers.append(await people.ask("add 1", delivery="D1"))
    await people.inbox.settled()

    assert answers == [True, False, False]
    assert people.done == ["add 1"]


async def test_what_cannot_be_stored_is_neither_acknowledged_nor_done(people: People) -> None:
    async def full(item: InboxItem) -> bool:
        raise StoreError("No space is left.")

    people.store.add = full  # type: ignore[method-assign]  # a disk that is full

    with pytest.raises(StoreError):
        await people.ask("add 1")
    await people.inbox.settled()

    assert people.done == []


async def test_one_persons_requests_in_a_channel_are_done_in_order(people: People) -> None:
    first_may_end = asyncio.Event()
    people.acts["add 1"] = first_may_end.wait

    for words in ("add 1", "archive last", "unarchive last"):
        await people.ask(words)
    await settle()
    before = list(people.done)
    first_may_end.set()
    await people.inbox.settled()

    assert before == ["add 1"]
    assert people.done == ["add 1", "archive last", "unarchive last"]


async def test_others_and_other_channels_do_not_wait(people: People) -> None:
    ada_may_end = asyncio.Event()
    people.acts["add 1"] = ada_may_end.wait

    await people.ask("add 1")
    await people.ask("add 2", user="UBEN")
    await people.ask("add 3", channel="C-OPS")
    await settle()
    meanwhile = {item.words for item in await people.store.done_items()}
    ada_may_end.set()
    await people.inbox.settled()

    assert meanwhile == {"add 2", "add 3"}


async def test_only_so_many_are_done_at_once(people: People) -> None:
    may_end = asyncio.Event()
    for number in range(WORKERS + 3):
        people.acts[f"add {number}"] = may_end.wait
        await people.ask(f"add {number}", user=f"U{number}")
    await settle()
    at_once = len(people.done)
    may_end.set()
    await people.inbox.settled()

    assert at_once == WORKERS
    assert len(people.done) == WORKERS + 3


@pytest.mark.promise("R1")
async def test_the_next_process_does_what_the_last_left_undone(people: People) -> None:
    people.acts["add 1"] = hangs
    await people.ask("add 1")
    await people.ask("add 2")
    await people.are_cut_off()
    people.acts.clear()

    resumed = await people.starts().resume()
    await people.inbox.settled()

    assert resumed == 2
    assert people.done == ["add 1", "add 1", "add 2"]
    assert await people.store.open_items() == []


async def test_what_kills_us_again_and_again_is_given_up_and_nothing_else_is(people: People) -> None:
    people.acts["add 1"] = hangs
    await people.ask("add 1")
    await people.ask("add 2")
    for _ in range(KILLED_AT_MOST):
        await people.are_cut_off()
        await people.starts().resume()
    await people.inbox.settled()

    assert people.given_up == ["add 1"]
    assert people.done == ["add 1"] * KILLED_AT_MOST + ["add 2"]
    assert await people.store.open_items() == []


@pytest.mark.parametrize("error", [MessengerUnavailable("no connection"), RuntimeError("a fault of ours")])
async def test_what_fails_stays_for_the_next_start_and_stops_nobody(
    people: People, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails() -> None:
        raise error

    people.acts["add 1"] = fails
    await people.ask("add 1")
    await people.ask("add 2")
    with caplog.at_level(logging.WARNING):
        await people.inbox.settled()

    assert people.done == ["add 1", "add 2"]
    assert [item.words for item in await people.store.open_items()] == ["add 1"]
    assert len(caplog.records) == 1


async def test_what_was_done_but_could_not_be_noted_as_done_stays() -> None:
    people = People(store := NotingStore())

    async def fills() -> None:
        store.full = True

    people.acts["add 1"] = fills
    await people.ask("add 1")
    await people.inbox.settled()

    assert [item.words for item in await store.open_items()] == ["add 1"]


@pytest.mark.promise("R6")
async def test_at_the_end_what_is_running_finishes_and_the_rest_waits_for_the_next_start(people: People) -> None:
    may_end = asyncio.Event()
    people.acts["add 1"] = may_end.wait
    await people.ask("add 1")
    await people.ask("add 2")
    await settle()

    draining = asyncio.create_task(people.inbox.drain(timedelta(minutes=1)))
    await settle()
    await people.ask("add 3")
    may_end.set()
    await draining

    assert people.done == ["add 1"]
    assert [item.words for item in await people.store.open_items()] == ["add 2", "add 3"]
    await people.starts().resume()
    await people.inbox.settled()
    assert people.done == ["add 1", "add 2", "add 3"]


async def test_at_the_end_what_takes_too_long_is_left_for_the_next_start(people: People) -> None:
    people.acts["add 1"] = hangs
    await people.ask("add 1")
    await settle()

    await people.inbox.drain(timedelta())

    assert [item.words for item in await people.store.open_items()] == ["add 1"]


async def test_with_nothing_to_do_it_ends_at_once(people: People) -> None:
    await people.inbox.drain(timedelta(minutes=1))

    assert await people.starts().resume() == 0


async def test_a_delivery_is_known_for_a_day_and_then_forgotten(people: People) -> None:
    await people.ask("add 1")
    await people.inbox.settled()
    people.clock.move(hours=23)
    await people.inbox.forget_old()
    within_a_day = await people.ask("add 1")

    people.clock.move(hours=2)
    await people.inbox.forget_old()

    assert not within_a_day
    assert await people.store.done_items() == []


async def test_what_is_still_open_is_not_forgotten(people: People) -> None:
    people.acts["add 1"] = hangs
    await people.ask("add 1")
    await people.are_cut_off()
    people.clock.move(days=7)

    await people.inbox.forget_old()

    assert [item.words for item in await people.store.open_items()] == ["add 1"]


@pytest.mark.promise("R1", "R5")
async def test_what_slack_or_the_store_kept_us_from_is_tried_again_without_a_new_start(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        del people.acts["status"]
        raise MessengerUnavailable

    monkeypatch.setattr("bot.services.inbox.AGAIN_AFTER", (0.0,))
    people.acts["status"] = fails

    await people.ask("status")
    await settle()

    assert people.done == ["status", "status"]
    assert await people.store.open_items() == []


@pytest.mark.promise("R5")
async def test_how_often_a_request_may_have_been_answered_is_stored_over_tries_and_deaths(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise MessengerUnavailable

    monkeypatch.setattr("bot.services.inbox.AGAIN_AFTER", (3600.0,))
    people.acts["status"] = fails
    await people.ask("status")
    await people.inbox.settled()
    after_a_try = [item.answered for item in await people.store.open_items()]
    await people.are_cut_off()

    people.acts["status"] = hangs
    await people.starts().resume()
    await people.are_cut_off()

    assert after_a_try == [1]
    assert [item.answered for item in await people.store.open_items()] == [2]


@pytest.mark.promise("R2")
async def test_what_was_done_and_could_not_be_noted_is_noted_later_and_not_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = NotingStore()
    people = People(store)

    async def fills_the_disk() -> None:
        store.full = True

    people.acts["add 1"] = fills_the_disk
    monkeypatch.setattr("bot.services.inbox.AGAIN_AFTER", (0.0, 0.01))

    await people.ask("add 1")
    await settle()
    store.full = False
    await asyncio.sleep(0.03)

    assert people.done == ["add 1"]
    assert await store.open_items() == []
