"""The whole bot in the test's own process: Bolt, core and both clients are real, the services behind it simulated.

Time stands still until a test moves it. What people type and press comes in the way Slack sends it; what is said is
what the simulated Slack holds and its limits let through. Long, since all hands that move it are here together.

Over 300 lines: it holds the whole bot, and hands for all that people do with it.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.types import Receive, Scope, Send

from bot.domain.parcel import ChannelSettings, Checkpoint, Parcel, ParcelKey, Place, Subscription
from bot.domain.status import Status
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.provider import account_of
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport
from bot.sandbox.slack import Delivery, Message, Slack
from bot.sandbox.slack.model import TEAM
from bot.sandbox.trackingmore import CarrierClock
from bot.sandbox.trackingmore import TrackingMore as Service
from bot.services import Services
from bot.services.outbox import Outbox
from bot.settings import Settings
from bot.slack.client import web_client
from bot.slack.listeners import Identity, build_bolt
from bot.slack.messenger import SlackMessenger
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore, store_on
from bot.wiring import Wiring
from tests.contract.answers import LIST, LOOK, ONE, READS, Json, Wire, good
from tests.contract.seen import buttons, everything, shown
from tests.fakes import FakeClock
from tests.unit.providers.trackingmore.network import BASE, KEY, Time

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ADA, BEN, CHI = "U0ADA", "U0BEN", "U0CHI"
ORDERS, RETURNS = "C0ORDERS", "C0RETURNS"
TOKEN = "xoxb-sandbox-0001"
SETTINGS = Settings.model_construct(waybill_commands_per_minute=0, waybill_admins=(CHI,))


class Street:
    """The address of whatever Slack stands behind it just now: one server is enough for all tests."""

    slack: Slack
    url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.slack.app(scope, receive, send)


class Whole:
    """Both services, the bot between them, and hands to move everything."""

    def __init__(
        self,
        street: Street,
        http: aiohttp.ClientSession,
        *,
        pace: timedelta = timedelta(),
        open_store: Callable[[], Awaitable[RecordStore]] | None = None,
    ) -> None:
        self._street, self._http, self._pace = street, http, pace
        tables = MemoryTables()
        self._open_store = open_store or (lambda: store_on(tables))
        self.clock, self.time = FakeClock(START), Time()
        self.carriers = CarrierClock(start=START, speed=0)
        self.service = Service(clock=self.carriers, key=KEY, seed=1, quirks=False, monotonic=self.time.monotonic)
        self.slack = Slack(
            bot_token=TOKEN,
            base_url=street.url,
            request_url="http://bot",
            now=lambda: self.clock.now().timestamp(),
            post=self._deliver,
        )
        self.slack.limits.on = False
        street.slack = self.slack
        self.wire = Wire(self.service)
        self.store: RecordStore
        self.outbox: Outbox
        self.services: Services
        self._before = set[tuple[str, str]]()
        self._exactly: str | None = None
        self._polled = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Whole"]:
        """Run the bot in two channels that know it."""
        await self.start()
        try:
            await self.store.save(
                *(ChannelSettings(place=Place(TEAM, one), introduced=True) for one in (ORDERS, RETURNS))
            )
            yield self
        finally:
            await self._close()

    async def start(self, *, token: str = TOKEN) -> None:
        """Build the bot anew on what is stored, as a start does."""
        self.store = await self._open_store()
        client = web_client(token, f"{self._street.url}/api/", self._http)
        messenger = SlackMessenger(client, self._http, clock=self.clock, command="/track", hooks=self._street.url)
        self._session = Session(
            Transport(key=Key(KEY), base_url=BASE, network=self.wire),
            self.clock,
            pacer=Pacer(monotonic=self.time.monotonic, sleep=self.time.sleep),
            monotonic=self.time.monotonic,
        )
        provider = TrackingMore(self._session, account=account_of(KEY))
        core = Wiring(
            SETTINGS,
            store=self.store,
            provider=provider,
            messenger=messenger,
            clock=self.clock,
            pace=self._pace,
        )
        self.outbox, self.services, self.inbox, self.watch = core.outbox, core.services, core.inbox, core.services.watch
        self._bolt = build_bolt(
            client=client,
            identity=Identity(token),
            receive=core.receive,
            reopen=core.reopen,
            clock=self.clock,
        )

    async def restart(self, *, token: str = TOKEN) -> None:
        """End the bot and start it again: only what is stored lasts."""
        await self._close()
        await self.start(token=token)
        await self.inbox.resume()
        await self.settled()

    async def _close(self) -> None:
        await self._session.close()
        await self.store.close()

    async def _deliver(self, _url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Hand over what Slack sends; the signature is for whoever stands at the door, and nobody does here."""
        text = body.decode()
        if self._exactly is not None and "&text=" in text:
            text = re.sub(r"(?<=&text=)[^&]*", quote_plus(self._exactly), text)
        came_back = await self._bolt.async_dispatch(AsyncBoltRequest(body=text, headers=dict(headers)))
        kind = str((came_back.headers.get("content-type") or ["text/plain"])[0])
        return came_back.status, kind.partition(";")[0], came_back.body.encode()

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────────────

    def passes(self, **time: float) -> None:
        """Let time pass, for everybody."""
        self.clock.move(**time)
        self.carriers.step(timedelta(**time))
        self.time.seconds += timedelta(**time).total_seconds()

    async def follows(
        self,
        number: str,
        status: str | None = None,
        *,
        carrier: str = "ups",
        channel: str = ORDERS,
        user: str = ADA,
        title: str = "",
    ) -> None:
        """Let a channel follow a parcel that the service has; what was said and asked for it does not count."""
        if (carrier, number) not in self.service.stored:
            self.service.put(number, carrier, status=status, created_at=START - timedelta(hours=1))
        await self.types(f'add {number} carrier:{carrier} title:"{title}"', channel=channel, user=user)
        self.forget()

    async def follows_many(self, count: int, *, status: Status = Status.IN_TRANSIT, lines: int = 0) -> list[str]:
        """Let #orders follow so many parcels, as if it had for long; return their numbers."""
        numbers = [f"YT24{serial:014d}" for serial in range(1, count + 1)]
        now, hour = self.clock.now(), timedelta(hours=1)
        scans = tuple(
            Checkpoint(carrier="yunexpress", local_time=now.replace(tzinfo=None) - hour * line, text=f"Scan {line}")
            for line in range(lines)
        )
        rows: list[Parcel | Subscription] = []
        for serial, number in enumerate(numbers, 1):
            key = ParcelKey("yunexpress", number)
            rows.append(Parcel(workspace=TEAM, key=key, serial=serial, status=status, added_at=now, checkpoints=scans))
            rows.append(Subscription(place=Place(TEAM, ORDERS), key=key, added_by=ADA, added_at=now))
        await self.store.save(*rows)
        return numbers

    def forget(self) -> None:
        """Count from here on."""
        self._before = set(self.slack.messages)
        self.service.calls.clear()
        self.slack.calls.clear()

    def holds(self, *records: Json) -> None:
        """Let the service know exactly this from now on, whichever call asks."""
        self.service.script(LIST, good({"items": list(records)}))
        for one in records:
            number = str(one["tracking_number"])
            self.service.script(ONE, good(one), where=number)
            self.service.script(LOOK, good({"items": [one]}), where=number)

    def answers(self, answer: object, *, http: int = 200, headers: dict[str, str] | None = None) -> None:
        """Let the service answer every call that reads parcels so."""
        for operation in READS:
            self.service.script(operation, answer, http=http, headers=headers)

    async def polls(self, *records: Json, minutes: float = 5) -> None:
        """Let the next round come, and all that it has to say be said; with records, the service holds them first.

        The first comes after an hour: what records say must not be older than what is known already.
        """
        if records:
            self.holds(*records)
        self.passes(minutes=minutes if self._polled else 60)
        self._polled = True
        await self.services.sweep.run_once()
        await self.services.sweep.look_once()
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is left to do."""
        await self.inbox.settled()
        await self.outbox.tell_due()
        await self.watch.drain()

    # ── what people do ─────────────────────────────────────────────────────────────────────────────────────────

    async def types(self, words: str, *, channel: str = ORDERS, user: str = ADA) -> str:
        """Have Slack deliver a command with exactly these words; return what the person reads in answer."""
        before = set(self.slack.messages)
        await self.sends(words, channel=channel, user=user)
        await self.settled()
        return self._private(before, user)

    async def sends(self, words: str, *, channel: str = ORDERS, user: str = ADA) -> Delivery:
        """Have Slack deliver a command, and do not wait for what comes of it."""
        self._exactly = words
        delivery = await self.slack.type(user=user, channel=channel, text="/track some words")
        self._exactly = None
        delivery.payload["text"] = words  # should it be delivered once more
        assert delivery.error is None, delivery.error
        return delivery

    async def presses(self, label: str, number: str, *, channel: str = ORDERS, user: str = ADA) -> str:
        """Press a button of the parcel's card; return what the person reads in answer, "" if nothing."""
        before = set(self.slack.messages)
        await self.press(label, self.card(number, channel), user=user)
        await self.settled()
        return self._private(before, user)

    async def press(self, label: str, message: Message, *, user: str = ADA) -> Delivery:
        """Press a button of a message as it stood, and do not wait for what comes of it."""
        pressed = buttons(message)[label]
        return await self.slack.press(user=user, channel=message.channel, ts=message.ts, **pressed)

    # ── what people see ────────────────────────────────────────────────────────────────────────────────────────

    def _private(self, before: set[tuple[str, str]], user: str) -> str:
        found = [one for at, one in self.slack.messages.items() if at not in before and one.only_for == user]
        return shown(found[-1]) if found else ""

    def posts(self, channel: str = ORDERS) -> list[str]:
        """Return what the bot said in a channel and its threads since we began to count, for all to see."""
        fresh = (one for at, one in self.slack.messages.items() if at not in self._before)
        return [everything(one) for one in fresh if one.by_bot and one.channel == channel and not one.only_for]

    def whispers(self, user: str) -> list[str]:
        """Return what only this person was told in direct messages since we began to count."""
        return self.posts(self.slack.workspace.direct(user).id)

    def card(self, number: str, channel: str = ORDERS) -> Message:
        """Return the newest card of a parcel as it stands now."""
        found = [one for one in self.cards(channel) if number in everything(one)]
        assert found, f"no card of {number} in {channel}"
        return found[-1]

    def cards(self, channel: str = ORDERS) -> list[Message]:
        """Return the cards in a channel as they stand now."""
        return [
            one
            for one in self.slack.messages.values()
            if one.channel == channel and (one.metadata or {}).get("event_type") == "waybill_card"
        ]

    # ── what is asked and stored ───────────────────────────────────────────────────────────────────────────────

    def asked(self, *operations: str) -> int:
        """Return how often the service was asked for one of these since we began to count."""
        return sum(call.operation in operations for call in self.service.calls)

    def sent(self, operation: str) -> list[Any]:
        """Return what was sent with each call of an operation since we began to count."""
        return [call.body for call in self.service.calls if call.operation == operation]

    async def followed(self, channel: str = ORDERS) -> list[str]:
        """Return the numbers that a channel follows, as stored."""
        found = await self.store.subscriptions(Place(TEAM, channel))
        return [one.key.number for one in found if one.active]

    async def subscription(self, number: str, channel: str = ORDERS) -> Subscription:
        """Return a channel's subscription of a parcel, as stored."""
        found = await self.store.subscriptions(Place(TEAM, channel))
        return next(one for one in found if one.key.number == number)

    async def parcel(self, number: str) -> Parcel:
        """Return a parcel, as stored."""
        return next(one for one in await self.store.parcels() if one.key.number == number)
