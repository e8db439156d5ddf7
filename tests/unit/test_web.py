"""The HTTP routes: Slack's requests reach the inbox, health and metrics answer everybody."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from prometheus_client import Counter

from bot.domain.bounds import REQUEST_MAX
from bot.domain.errors import StoreError
from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.services.inbox import Inbox
from bot.slack.listeners import NOT_KEPT
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from bot.stores.tables import Row
from bot.web import OPEN_A_MINUTE
from tests.fakes import FakeClock
from tests.unit.site import BODY, RECORDINGS, SECRET, Site, opened


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(Site()) as site:
        yield site


@pytest.mark.promise("S11")
async def test_one_address_may_ask_only_so_often_what_nobody_signs_and_slack_is_not_held_up(site: Site) -> None:
    statuses = [(await site.client.get("/healthz")).status_code for _ in range(OPEN_A_MINUTE + 40)]

    assert statuses[:OPEN_A_MINUTE] == [200] * OPEN_A_MINUTE
    assert statuses[-1] == 429
    assert (await site.signed()).status_code == 200


# ── signed ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_slack_signed_reaches_the_inbox(site: Site) -> None:
    answer = await site.signed()

    assert (answer.status_code, answer.text) == (200, "")
    assert [item.words for item in site.kept] == ["list"]


async def test_buttons_forms_and_events_come_in_by_the_same_door(site: Site) -> None:
    press = {
        "type": "block_actions",
        "team": {"id": "T"},
        "user": {"id": "U"},
        "container": {"channel_id": "C"},
        "actions": [{"type": "button", "action_id": "a", "block_id": "b", "value": "quota"}],
    }

    pressed = await site.signed(urlencode({"payload": json.dumps(press)}).encode())
    challenged = await site.signed(
        json.dumps({"type": "url_verification", "challenge": "c4"}).encode(), kind="application/json"
    )

    assert [item.words for item in site.kept] == ["quota"]
    assert (pressed.status_code, challenged.json()) == (200, {"challenge": "c4"})


async def test_the_largest_request_is_still_taken(site: Site) -> None:
    body = BODY + b"&pad=" + b"x" * (REQUEST_MAX - len(BODY) - 5)

    assert (await site.signed(body)).status_code == 200


@pytest.mark.parametrize("age", [299, -299])
async def test_a_clock_that_is_a_little_off_does_no_harm(site: Site, age: float) -> None:
    assert (await site.signed(age=age)).status_code == 200


async def test_an_invitation_comes_in_by_it_too(site: Site) -> None:
    body = (RECORDINGS / "event.member_joined_channel.json").read_bytes()

    answer = await site.signed(body, kind="application/json")

    assert (answer.status_code, site.reopened) == (200, [Place("T0000001", "C0000001")])


# ── into the store ────────────────────────────────────────────────────────────────────────────────────────────────────


class Shop(Site):
    """A site before the real inbox and a store in memory."""

    def __init__(self, tables: MemoryTables | None = None) -> None:
        super().__init__()
        self.store = RecordStore(tables or MemoryTables())
        self.done: list[str] = []
        self.may_do = asyncio.Event()
        self.may_do.set()
        self.inbox = Inbox(store=self.store, clock=FakeClock(), handle=self._do, give_up=self._do)

    async def _receive(self, item: InboxItem) -> bool:
        return await self.inbox.receive(item)

    async def _do(self, item: InboxItem) -> None:
        await self.may_do.wait()
        self.done.append(item.words)


class FullTables(MemoryTables):
    """Tables on a disk that is full."""

    async def write(self, rows: Sequence[Row]) -> None:
        raise StoreError("No space left. Nothing was changed.")


@pytest.mark.promise("R1", "R2", "S1")
async def test_what_was_acknowledged_is_stored_and_a_hundred_more_deliveries_do_nothing_more() -> None:
    async with opened(Shop()) as shop:
        body = BODY + b"&trigger_id=1.2.abc"

        first = await shop.signed(body)
        stored = await shop.store.open_items()
        await shop.inbox.settled()
        again = {(await shop.signed(body)).status_code for _ in range(100)}
        await shop.inbox.settled()

    assert [item.words for item in stored] == ["list"]
    assert (first.status_code, again) == (200, {200})
    assert shop.done == ["list"]


@pytest.mark.promise("R3")
async def test_an_acknowledgement_does_not_wait_for_what_was_asked_for() -> None:
    async with opened(Shop()) as shop:
        shop.may_do.clear()

        answer = await asyncio.wait_for(shop.signed(), 5)
        before = list(shop.done)
        shop.may_do.set()
        await shop.inbox.settled()

    assert (answer.status_code, before, shop.done) == (200, [], ["list"])


@pytest.mark.promise("R1")
async def test_when_the_store_fails_the_answer_says_that_nothing_was_done() -> None:
    async with opened(Shop(FullTables())) as shop:
        answer = await shop.signed()
        await shop.inbox.settled()

    assert (answer.status_code, answer.text) == (200, NOT_KEPT)
    assert "nothing was done" in NOT_KEPT
    assert shop.done == []


# ── health ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_healthz_says_that_the_process_lives(site: Site) -> None:
    site.facts = {"ready": False}

    answer = await site.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readyz_says_whether_commands_are_taken(site: Site, ready: bool, status: int) -> None:  # noqa: FBT001 - a parameter of the test
    site.facts = {"ready": ready, "waiting": 3}

    answer = await site.client.get("/readyz")

    assert (answer.status_code, answer.json()) == (status, {"ready": ready, "waiting": 3})


async def test_metrics_are_prometheus_text(site: Site) -> None:
    Counter("waybill_requests", "Requests kept", registry=site.registry).inc(3)

    answer = await site.client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "waybill_requests_total 3.0" in answer.text


async def test_no_answer_names_the_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [await site.signed(), await site.post({}), await site.client.get("/readyz")]

    assert all(SECRET not in answer.text for answer in answers)
    assert SECRET not in caplog.text
