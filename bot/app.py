"""The composition root: builds the parts, connects them, schedules the rounds, and stops them in order."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Gauge
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.domain.errors import StoreError
from bot.domain.parcel import Place
from bot.domain.records import InboxItem, Trouble
from bot.engines.local import LocalEngine
from bot.ports import Messenger, Provider, Store
from bot.providers.trackingmore import TrackingMore
from bot.services import Services
from bot.services.amend import amend
from bot.services.inbox import Inbox
from bot.services.observer import Observer
from bot.services.outbox import Outbox
from bot.services.sweep import Sweep
from bot.services.tracker import Tracker
from bot.services.watch import Watch
from bot.settings import Settings
from bot.slack.answer import answer, given_up
from bot.slack.listeners import Identity, build_bolt
from bot.slack.messenger import SlackMessenger, web_client
from bot.slack.outcomes import outcome
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from bot.surroundings import warn_of_surroundings
from bot.web import build_web, serving

logger = logging.getLogger(__name__)

DRAIN = timedelta(seconds=10)
"""What is under way when we are asked to stop gets this long; then it is left for the next start."""
LAST_WORDS = timedelta(seconds=2)
"""At least this much of it is for what is then being told."""
SWEEP_LIMIT = timedelta(seconds=120)
LOOK_LIMIT = timedelta(minutes=6)
SOCKET_SILENT = timedelta(seconds=60)
SLACK_HOOKS = "hooks.slack.com"


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


class App:
    """One bot: the real thing in production, in the sandbox and in the tests alike."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._stopping = asyncio.Event()
        self._ready = False
        self._socket: AsyncSocketModeHandler | None = None
        self.registry = CollectorRegistry()
        self._requests = Counter("waybill_requests", "Requests kept in the inbox", registry=self.registry)
        self._told_rows = Gauge(
            "waybill_outbox_waiting", "Notifications decided but not yet told", registry=self.registry
        )
        self._parcels = Gauge("waybill_parcels", "Parcels known", registry=self.registry)
        self._last_sweep = Gauge(
            "waybill_last_sweep_timestamp_seconds", "When the last whole round was", registry=self.registry
        )

    def stop(self) -> None:
        """Ask the bot to stop; a second time ends the process at once."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    async def run(self) -> None:
        """Run until asked to stop.

        Raises:
            StoreError: the store cannot be opened; nothing was started.
            OSError: the port is taken.
        """
        settings = self._settings
        warn_of_surroundings(settings.waybill_data, asked=settings.waybill_sweep_every, interval=settings.sweep_every)
        async with contextlib.AsyncExitStack() as stack:
            store = await open_store(self._settings.waybill_data)
            stack.push_async_callback(store.close)
            session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
            await self._run_with(store, session, stack)

    async def _run_with(
        self, store: RecordStore, session: aiohttp.ClientSession, stack: contextlib.AsyncExitStack
    ) -> None:
        settings, clock = self._settings, self._clock
        token = _revealed(settings.slack_bot_token)
        client = web_client(token, settings.slack_api_url, session)
        messenger = SlackMessenger(client, session, command=settings.waybill_command, hooks_host=_hooks_host(settings))
        provider = TrackingMore.connect(
            key=_revealed(settings.trackingmore_api_key),
            base_url=settings.trackingmore_api_url,
            clock=clock,
            allow_loopback=settings.waybill_allow_loopback,
        )
        stack.push_async_callback(provider.close)
        outbox = Outbox(store=store, messenger=messenger, clock=clock)
        services = _services(settings, store, provider, messenger, outbox)

        async def handle(item: InboxItem) -> None:
            reply = await answer(item, services, command=settings.waybill_command, now=clock.now())
            await messenger.answer(item, reply)

        async def give_up(item: InboxItem) -> None:
            await messenger.answer(item, given_up())

        inbox = Inbox(store=store, clock=clock, handle=handle, give_up=give_up)

        async def receive(item: InboxItem) -> bool:
            await self._reopen(store, outbox, item.place)
            try:
                new = await inbox.receive(item)
            except StoreError:
                services.watch.tell_admins_soon(Trouble.STORE)
                raise
            if new:
                self._requests.inc()
            return new

        identity = Identity(token)
        bolt = build_bolt(
            client=client,
            signing_secret=_revealed(settings.slack_signing_secret) or None if not settings.slack_app_token else None,
            identity=identity,
            receive=receive,
            reopen=lambda place: self._reopen(store, outbox, place),
            clock=clock,
        )
        engine = LocalEngine()
        engine.every(settings.sweep_every, "sweep", services.sweep.run_once, limit=SWEEP_LIMIT, at_once=True)
        engine.every(settings.sweep_every, "look", services.sweep.look_once, limit=LOOK_LIMIT)
        engine.every(3600, "forget", inbox.forget_old, limit=SWEEP_LIMIT)
        engine.every(15, "socket", self._watch_socket, limit=timedelta(seconds=30))

        async def facts() -> Mapping[str, Any]:
            return await self._facts(store, services.sweep)

        telling = asyncio.create_task(outbox.run(), name="outbox")
        await self._recognise(client, identity)
        await inbox.resume()
        if store.remark:
            await services.watch.tell_admins(Trouble.STORE, store.remark)
        async with self._taking_requests(bolt, facts):
            engine.start()
            self._ready = True
            logger.info(
                "ready",
                extra={"by": "socket" if settings.slack_app_token else "http", "sweep_every": settings.sweep_every},
            )
            await self._stopping.wait()
            self._ready = False
            logger.info("stopping")
        asked_at = time.monotonic()
        await asyncio.gather(engine.stop(DRAIN - LAST_WORDS), inbox.drain(DRAIN - LAST_WORDS))
        telling.cancel()
        left = DRAIN - timedelta(seconds=time.monotonic() - asked_at)
        last_words = asyncio.wait_for(services.watch.drain(), left.total_seconds())
        await asyncio.gather(telling, outbox.drain(left), last_words, return_exceptions=True)

    # ── ways in ────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def _taking_requests(self, bolt: AsyncApp, facts: Any) -> AsyncIterator[None]:  # noqa: ANN401 - a callback
        if self._settings.slack_app_token:
            self._socket = AsyncSocketModeHandler(bolt, self._settings.slack_app_token.get_secret_value())
            self._socket.client.proxy = None  # as in `web_client`
            await self._connect(self._socket)
            try:
                yield
            finally:
                await self._socket.close_async()  # type: ignore[no-untyped-call]  # the adapter has no types
            return
        secret = _revealed(self._settings.slack_signing_secret)
        web = build_web(bolt=bolt, signing_secret=secret, health=facts, registry=self.registry)
        async with serving(web, self._settings.host, self._settings.port):
            yield

    async def _connect(self, handler: AsyncSocketModeHandler) -> None:
        """Connect, trying again until it works: Slack being away must not end the bot."""
        wait = 1.0
        while not self._stopping.is_set():
            try:
                await handler.connect_async()  # type: ignore[no-untyped-call]  # the adapter has no types
            except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's and TimeoutError
                logger.warning("no socket yet", extra={"why": str(outcome(error)), "again_in_seconds": wait})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait)
                wait = min(wait * 2, 60)
            else:
                return

    async def _watch_socket(self) -> None:
        """Connect anew when the socket is open but silent: it answers pings every ten seconds when it lives."""
        if self._socket is None:
            return
        client = self._socket.client
        last = client.last_ping_pong_time
        alive = await client.is_connected()
        silent = last is not None and self._clock.now().timestamp() - last > SOCKET_SILENT.total_seconds()
        if alive and not silent:
            return
        logger.warning("the socket is silent and is connected anew")
        await client.connect_to_new_endpoint(force=True)

    async def _recognise(self, client: Any, identity: Identity) -> None:  # noqa: ANN401 - the SDK's client
        """Ask Slack who we are. Without an answer the bot starts all the same."""
        try:
            answer = await client.auth_test()
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's and TimeoutError
            logger.warning("Slack does not say who we are", extra={"why": str(outcome(error))})
            return
        identity.team, identity.user = str(answer.get("team_id", "")), str(answer.get("user_id", ""))
        identity.bot = str(answer.get("bot_id", ""))

    async def _reopen(self, store: Store, outbox: Outbox, place: Place) -> None:
        """Try a paused channel again: somebody speaks to us there, or has invited us."""
        with contextlib.suppress(StoreError):
            if (await store.settings(place)).paused:
                await amend(store, lambda: store.settings(place), lambda stored: replace(stored, paused=""))
                outbox.wake()

    async def _facts(self, store: Store, sweep: Sweep) -> Mapping[str, Any]:
        health = await sweep.health()
        waiting = len(await store.waiting())
        self._told_rows.set(waiting)
        self._parcels.set(len(await store.parcels()))
        if health.last_round_at:
            self._last_sweep.set(health.last_round_at.timestamp())
        return {
            "ready": self._ready,
            "waiting": waiting,
            "last_round_at": health.last_round_at.isoformat() if health.last_round_at else None,
            "failing_since": health.failing_since.isoformat() if health.failing_since else None,
        }


def _services(settings: Settings, store: Store, provider: Provider, messenger: Messenger, outbox: Outbox) -> Services:
    """Return what commands may ask for, connected; each commit of theirs wakes the outbox."""
    clock = SystemClock()
    observer = Observer(store, clock, outbox.wake)
    tracker = Tracker(
        store=store, provider=provider, messenger=messenger, clock=clock, observer=observer, wake=outbox.wake
    )
    watch = Watch(store=store, messenger=messenger, clock=clock, admins=settings.waybill_admins)
    sweep = Sweep(
        store=store,
        provider=provider,
        clock=clock,
        observer=observer,
        watch=watch,
        spent=lambda: tracker.spent,
        looks_a_day=settings.waybill_realtime_per_day,
        every=timedelta(seconds=settings.sweep_every),
    )
    return Services(tracker=tracker, sweep=sweep, watch=watch)


def _revealed(secret: Any) -> str:  # noqa: ANN401 - a SecretStr or None
    return secret.get_secret_value() if secret else ""


def _hooks_host(settings: Settings) -> str:
    """Return the only host that response_urls may name."""
    host = urlsplit(settings.slack_api_url).netloc
    return SLACK_HOOKS if host == "slack.com" else host
