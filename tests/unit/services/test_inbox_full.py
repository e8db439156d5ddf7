"""An inbox that is full says so at once, and one request that hangs keeps its worker from the others not for ever."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.domain.errors import InboxFull
from bot.domain.records import InboxItem
from bot.services import inbox as module
from bot.services.inbox import Inbox
from bot.stores.memory import memory_store
from tests.fakes import FakeClock


def item(number: int) -> InboxItem:
    return InboxItem(
        workspace="T", delivery=str(number), channel="C", user="U", words="list", received_at=FakeClock().now()
    )


@pytest.mark.promise("R39")
async def test_more_requests_than_we_take_are_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    store, go_on = memory_store(), asyncio.Event()
    done: list[str] = []

    async def handle(one: InboxItem) -> None:
        await go_on.wait()
        done.append(one.delivery)

    inbox = Inbox(store=store, clock=FakeClock(), handle=handle, give_up=handle)
    await inbox.receive(item(0))
    await asyncio.sleep(0)  # it is being done, and waits no longer
    for number in range(1, 4):
        await inbox.receive(item(number))
    with pytest.raises(InboxFull, match="3 requests wait"):
        await inbox.receive(item(4))
    go_on.set()
    await inbox.settled()
    await inbox.receive(item(5))
    await inbox.settled()

    assert done == ["0", "1", "2", "3", "5"]


@pytest.mark.promise("R38")
async def test_a_request_that_hangs_is_ended_and_the_next_is_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST", timedelta(milliseconds=1))
    done: list[str] = []

    async def handle(one: InboxItem) -> None:
        if one.delivery == "0":
            await asyncio.Event().wait()
        done.append(one.delivery)

    inbox = Inbox(store=memory_store(), clock=FakeClock(), handle=handle, give_up=handle)
    with caplog.at_level(logging.ERROR):
        for number in range(2):
            await inbox.receive(item(number))
        await inbox.settled()

    assert done == ["1"]
    assert [record.msg for record in caplog.records] == ["a request could not be done"]
