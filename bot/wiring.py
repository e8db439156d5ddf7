"""How the services hang together: connected once, for the bot and for the simulations that stand in for its world."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.errors import StoreError
from bot.domain.parcel import Place
from bot.domain.records import InboxItem, Trouble
from bot.ports import Clock, Provider, Store
from bot.services import Services
from bot.services.amend import amend
from bot.services.forgetting import Forgetting
from bot.services.inbox import Handle, Inbox
from bot.services.observer import Observer
from bot.services.outbox import Outbox
from bot.services.pacing import PACE
from bot.services.sweep import Sweep
from bot.services.tracker import Tracker
from bot.services.watch import Watch
from bot.services.workspaces import Workspaces
from bot.settings import Settings
from bot.slack.answer import answer, given_up
from bot.slack.floods import Floods
from bot.slack.messenger import SlackMessenger

SWEEP_LIMIT = timedelta(seconds=120)
LOOK_LIMIT = timedelta(minutes=6)
HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What comes again `every` so many seconds; when it takes longer than its limit it is ended."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]
    limit: timedelta = SWEEP_LIMIT
    at_once: bool = False


class Wiring:
    """The services of one bot, connected: each commit of theirs wakes the outbox.

    Args:
        settings: what people may set.
        store: where we remember.
        provider: who knows where parcels are.
        messenger: how things are said.
        clock: the time of this machine.
        pace: how fast Slack takes messages of one channel.
        begun: what is put around the doing of each request.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        provider: Provider,
        messenger: SlackMessenger,
        clock: Clock,
        pace: timedelta = PACE,
        begun: Callable[[Handle], Handle] = lambda handle: handle,
    ) -> None:
        self._settings = settings
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._floods = Floods(settings.waybill_commands_per_minute)
        self.workspaces = Workspaces(
            store=store,
            clock=clock,
            grace=timedelta(days=settings.waybill_grace_days),
            wake=lambda: self.outbox.wake(),  # noqa: PLW0108 - which is only made below
        )
        self.outbox = Outbox(
            store=store,
            messenger=messenger,
            clock=clock,
            pace=pace,
            quiet=timedelta(seconds=settings.waybill_quiet),
            doubt=settings.waybill_doubt,
            workspaces=self.workspaces,
        )
        self.services = self._services(provider)
        self.inbox = Inbox(store=store, clock=clock, handle=begun(self._handle), give_up=self._give_up)

    def _services(self, provider: Provider) -> Services:
        """Return what commands may ask for."""
        settings, store, clock = self._settings, self._store, self._clock
        observer = Observer(store, clock, self.outbox.wake)
        tracker = Tracker(
            store=store,
            provider=provider,
            messenger=self._messenger,
            clock=clock,
            observer=observer,
            wake=self.outbox.wake,
            creates_a_day=settings.waybill_creates_per_day,
            reserve=settings.waybill_quota_reserve,
        )
        watch = Watch(store=store, messenger=self._messenger, clock=clock, admins=settings.waybill_admins)
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

    def rounds(self) -> Sequence[Round]:
        """Return all that comes again and again."""
        every, sweep = self._settings.sweep_every, self.services.sweep
        keep = timedelta(days=self._settings.waybill_keep_days)
        forgetting = Forgetting(store=self._store, clock=self._clock, keep=keep)
        return (
            Round(name="sweep", every=every, run=sweep.run_once, at_once=True),
            Round(name="look", every=every, run=sweep.look_once, limit=LOOK_LIMIT),
            Round(name="forget", every=HOUR, run=self.inbox.forget_old),
            Round(name="forget parcels", every=HOUR, run=forgetting.run_once),
            Round(name="purge", every=HOUR, run=self.workspaces.purge_once),
        )

    async def receive(self, item: InboxItem) -> bool:
        """Keep a request; return whether it is new. Once this returns, it may be acknowledged. Raises `StoreError`."""
        await self.reopen(item.place)
        try:
            return await self.inbox.receive(item)
        except StoreError:
            self.services.watch.tell_admins_soon(Trouble.STORE)
            raise

    async def reopen(self, place: Place) -> None:
        """Try a paused channel again, or a whole workspace: somebody speaks to us there, or has invited us."""
        store = self._store
        with contextlib.suppress(StoreError):
            await self.workspaces.reopen(place.workspace)
            if (await store.settings(place)).paused:
                await amend(store, lambda: store.settings(place), lambda stored: replace(stored, paused=""))
                self.outbox.wake()

    async def last_words(self, limit: timedelta) -> None:
        """Let what is being told finish, as long as the limit allows."""
        telling = asyncio.wait_for(self.services.watch.drain(), limit.total_seconds())
        await asyncio.gather(self.outbox.drain(limit), telling, return_exceptions=True)

    async def _handle(self, item: InboxItem) -> None:
        command, now = self._settings.waybill_command, self._clock.now()
        reply = await answer(item, self.services, command=command, now=now, floods=self._floods)
        await self._messenger.answer(item, reply)

    async def _give_up(self, item: InboxItem) -> None:
        await self._messenger.answer(item, given_up())
