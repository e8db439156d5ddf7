"""The composition root: builds the parts, has them connected, schedules the rounds, and stops them in order."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Gauge
from slack_bolt.async_app import AsyncApp

from bot.domain.errors import StoreError
from bot.domain.records import InboxItem, Trouble
from bot.engines.local import LocalEngine
from bot.engines.supervisor import Supervisor
from bot.engines.way import RightOfWay
from bot.pauses import short_pauses
from bot.providers.trackingmore import TrackingMore
from bot.services.outbox import LOOK_AGAIN_AFTER
from bot.services.sweep import Sweep
from bot.settings import Settings, is_loopback
from bot.slack.client import outgoing_session, web_client
from bot.slack.listeners import Identity, build_bolt
from bot.slack.messenger import SlackMessenger
from bot.slack.outcomes import outcome
from bot.slack.socket_mode import Socket
from bot.stores.sealing import Sealer
from bot.stores.store import RecordStore
from bot.stores.tinydb import open_store
from bot.surroundings import warn_of_surroundings
from bot.web import Web, serving
from bot.wiring import Round, Wiring

logger = logging.getLogger(__name__)

DRAIN = timedelta(seconds=10)
"""What is under way when we are asked to stop gets this long; then it is left for the next start."""
LAST_WORDS = timedelta(seconds=2)
"""At least this much of it is for what is then being told."""
SLACK_HOOKS = "https://hooks.slack.com"


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that no change of the time moves."""
        return time.monotonic()


class App:
    """One bot: the real thing in production, in the sandbox and in the tests alike."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._stopping = asyncio.Event()
        self._ready = False
        self._socket: Socket | None = None
        self.registry = CollectorRegistry()
        self._requests = Counter("waybill_requests", "Requests kept in the inbox", registry=self.registry)
        self._told_rows = Gauge(
            "waybill_outbox_waiting", "Notifications decided but not yet told", registry=self.registry
        )
        self._set_aside = Gauge(
            "waybill_outbox_set_aside", "Notifications that people must look at", registry=self.registry
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
        kept = warn_of_surroundings(
            settings.waybill_data, asked=settings.waybill_sweep_every, interval=settings.sweep_every
        )
        async with contextlib.AsyncExitStack() as stack:
            store = await open_store(settings.waybill_data, sealer_of(settings))
            stack.push_async_callback(store.close)
            stack.enter_context(short_pauses())
            session = await stack.enter_async_context(outgoing_session())
            await self._run_with(store, session, stack, kept=kept)

    async def _run_with(
        self, store: RecordStore, session: aiohttp.ClientSession, stack: contextlib.AsyncExitStack, *, kept: bool
    ) -> None:
        settings, clock, way = self._settings, self._clock, RightOfWay()
        token = _revealed(settings.slack_bot_token)
        client = web_client(token, settings.slack_api_url, session)
        messenger = SlackMessenger(
            client, session, clock=clock, command=settings.waybill_command, hooks=hooks_of(settings)
        )
        provider = TrackingMore.connect(
            key=_revealed(settings.trackingmore_api_key),
            base_url=settings.trackingmore_api_url,
            clock=clock,
            allow_loopback=settings.waybill_allow_loopback,
        )
        stack.push_async_callback(provider.close)
        core = Wiring(settings, store=store, provider=provider, messenger=messenger, clock=clock, begun=way.after)

        async def receive(item: InboxItem) -> bool:
            new = await core.receive(item)
            if new:
                self._requests.inc()
            return new

        identity = Identity(token)
        bolt = build_bolt(
            client=client,
            identity=identity,
            receive=way.first(receive),
            reopen=core.reopen,
            gone=core.workspaces.suspend,
            clock=clock,
        )
        engine = self._engine(core.rounds())

        async def facts() -> Mapping[str, Any]:
            return await self._facts(store, core.services.sweep, supervisor)

        supervisor = Supervisor(look_after_rounds=engine.look_after)
        supervisor.keep("outbox", core.outbox.run, every=LOOK_AGAIN_AFTER)
        await self._recognise(client, identity)
        with contextlib.suppress(StoreError):
            await core.workspaces.reopen(identity.team)
        await core.inbox.resume()
        if store.remark:
            await core.services.watch.tell_admins(Trouble.STORE_MENDED, store.remark)
        if not kept:
            core.services.watch.tell_admins_soon(Trouble.STORE_NOT_KEPT)
        async with self._taking_requests(bolt, facts):
            engine.start()
            self._ready = True
            logger.info(
                "ready",
                extra={"by": "socket" if settings.slack_app_token else "http", "sweep_every": settings.sweep_every},
            )
            await supervisor.watch(self._stopping)
            asked_at = time.monotonic()  # what it takes to close the ways in counts as well
            self._ready = False
            logger.info("stopping")
        limit = DRAIN - LAST_WORDS - timedelta(seconds=time.monotonic() - asked_at)
        await asyncio.gather(engine.stop(limit), core.inbox.drain(limit))
        await supervisor.stop()
        await core.last_words(DRAIN - timedelta(seconds=time.monotonic() - asked_at))

    def _engine(self, rounds: Sequence[Round]) -> LocalEngine:
        """Return the engine with all that comes again and again."""
        engine = LocalEngine()
        for one in rounds:
            engine.every(one.every, one.name, one.run, limit=one.limit, at_once=one.at_once)
        engine.every(15, "socket", self._watch_socket, limit=timedelta(seconds=30))
        return engine

    # ── ways in ────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def _taking_requests(self, bolt: AsyncApp, facts: Any) -> AsyncIterator[None]:  # noqa: ANN401 - a callback
        settings = self._settings
        token = _revealed(settings.slack_app_token)
        secret = None if token else _revealed(settings.slack_signing_secret)
        web = Web(bolt=bolt, signing_secret=secret, health=facts, registry=self.registry)
        async with contextlib.AsyncExitStack() as ways:
            if not token or "port" in settings.model_fields_set:
                await ways.enter_async_context(serving(web, settings.host, settings.port))
            if token:
                self._socket = Socket(bolt, token, clock=self._clock, refused=web.count)
                ways.push_async_callback(self._socket.close)
                await self._socket.connect(self._stopping)
            yield

    async def _watch_socket(self) -> None:
        if self._socket:
            await self._socket.watch()

    async def _recognise(self, client: Any, identity: Identity) -> None:  # noqa: ANN401 - the SDK's client
        """Ask Slack who we are. Without an answer the bot starts all the same."""
        try:
            answer = await client.auth_test()
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's and TimeoutError
            logger.warning("Slack does not say who we are", extra={"why": str(outcome(error))})
            return
        identity.team, identity.user = str(answer.get("team_id", "")), str(answer.get("user_id", ""))
        identity.bot = str(answer.get("bot_id", ""))

    async def _facts(self, store: RecordStore, sweep: Sweep, supervisor: Supervisor) -> Mapping[str, Any]:
        health = await sweep.health()
        waiting, set_aside = len(await store.waiting()), len(await store.set_aside())
        silent = self._socket is not None and self._socket.silent
        self._told_rows.set(waiting)
        self._set_aside.set(set_aside)
        self._parcels.set(await store.parcel_count())
        if health.last_round_at:
            self._last_sweep.set(health.last_round_at.timestamp())
        return {
            "ready": self._ready and not silent and not supervisor.red() and not store.trouble,
            "begun_anew": list(supervisor.red()),
            "store_writes": not store.trouble,
            "waiting": waiting,
            "set_aside": set_aside,
            "last_round_at": health.last_round_at.isoformat() if health.last_round_at else None,
            "failing_since": health.failing_since.isoformat() if health.failing_since else None,
        }


def _revealed(secret: Any) -> str:  # noqa: ANN401 - a SecretStr or None
    return secret.get_secret_value() if secret else ""


def sealer_of(settings: Settings) -> Sealer:
    """Return the sealer with the keys in the settings."""
    return Sealer(_revealed(settings.waybill_key))


def hooks_of(settings: Settings) -> str:
    """Return scheme and host that all response_urls must have: those of a Slack on this machine are its API's."""
    api = urlsplit(settings.slack_api_url)
    return f"{api.scheme}://{api.netloc}" if is_loopback(api.hostname or "") else SLACK_HOOKS
