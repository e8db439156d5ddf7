"""One simulated process of the bot: all between the inbox and Slack is the real thing."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any, cast

from bot.domain.errors import StoreError
from bot.domain.records import InboxItem
from bot.ports import Provider, Store
from bot.services.inbox import Handle, Inbox
from bot.services.turns import finish
from bot.settings import Settings
from bot.slack.messenger import SlackMessenger
from bot.wiring import Round, Wiring
from tests.faults.account import BEGAN, SimAccount, SimProvider
from tests.faults.disk import SimDisk
from tests.faults.life import Death, Life
from tests.faults.points import PointedMessenger, PointedProvider, PointedStore, Points
from tests.faults.slack import SimClient, SimHooks, SimSlack

SETTINGS = Settings.model_construct(
    waybill_allow_loopback=True, waybill_sweep_every=30, waybill_commands_per_minute=0, waybill_admins=("UADMIN",)
)
DRAIN = timedelta(seconds=8)
HOOKS = "hooks.slack.com"
logger = logging.getLogger(__name__)


class SimClock:
    """The clock of the bot's machine: somebody may set it."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=asyncio.get_running_loop().time()) + self.off

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class Process:
    """One life of the bot. Whatever it holds in memory goes with it."""

    def __init__(self, *, disk: SimDisk, slack: SimSlack, account: SimAccount, clock: SimClock, points: Points) -> None:
        self.life = Life()
        self._disk, self._slack, self._account = disk, slack, account
        self._clock, self._points = clock, points
        self._inbox: Inbox | None = None
        self._running = set[asyncio.Task[None]]()

    @property
    def serves(self) -> bool:
        """Return whether requests are taken."""
        return self._inbox is not None and not self.life.over and not self.life.asked_to_stop

    async def start(self) -> None:
        """Start, as `bot.app` does.

        Raises:
            StoreError: the store can't be opened.
        """
        task = self.life.begins(self._start())
        await asyncio.wait([task])
        if not task.cancelled() and not isinstance(task.exception(), Death):
            task.result()

    async def _start(self) -> None:
        life, clock, points = self.life, self._clock, self._points
        self.opened = opened = await self._disk.opened(life, points)
        store = cast("Store", PointedStore(opened, points, life.alive))
        client = cast("Any", SimClient(self._slack, life, points))
        hooks = cast("Any", SimHooks(self._slack, life))
        real = SlackMessenger(client, hooks, clock=self._clock, command="/track", hooks=f"https://{HOOKS}")
        messenger = cast("Any", PointedMessenger(real, points, life.alive))
        provider = cast("Provider", PointedProvider(SimProvider(self._account, life, clock), points, life.alive))

        def begun(handle: Handle) -> Handle:
            async def passing(item: InboxItem) -> None:
                points.passing("cmd.started")
                await handle(item)

            return passing

        self.store = store
        self._core = core = Wiring(
            SETTINGS, store=store, provider=provider, messenger=messenger, clock=clock, begun=begun
        )
        inbox, self.outbox = core.inbox, core.outbox
        self._telling = life.begins(self.outbox.run(lambda: None))
        await inbox.resume()
        self._rounds = [life.begins(self._every(one)) for one in core.rounds()]
        self._inbox = inbox

    async def _every(self, one: Round) -> None:
        """Run a round at its interval, one at a time, whatever comes of it."""
        loop = asyncio.get_running_loop()
        while not self.life.asked_to_stop:
            began = loop.time()
            self._running.add(task := self.life.begins(self._round(one)))
            await asyncio.wait([task])
            self._running.discard(task)
            await asyncio.sleep(max(began + one.every - loop.time(), 0.01))

    @staticmethod
    async def _round(one: Round) -> None:
        try:
            async with asyncio.timeout(one.limit.total_seconds()):
                await one.run()
        except TimeoutError:
            logger.debug("a round took too long and was ended")
        except Exception:
            logger.exception("a round failed")

    async def takes(self, item: InboxItem) -> bool:
        """Take a request in; return whether it was acknowledged."""
        if not self.serves:
            return False

        async def receive() -> bool:
            try:
                await self._core.receive(item)
            except StoreError:
                return False
            self._points.passing("ack.sent")
            return True

        task = self.life.begins(receive())
        await asyncio.wait([task])
        if task.cancelled() or isinstance(task.exception(), Death):
            return False
        return bool(task.result())

    def dies(self) -> None:
        """End at this very moment."""
        self.life.ends()

    async def stops(self) -> None:
        """End as asked: finish what was begun, as `bot.app` does."""
        if self.life.asked_to_stop or self.life.over or self._inbox is None:
            return
        self.life.asked_to_stop = True
        await self.life.begins(self._stop())

    async def _stop(self) -> None:
        assert self._inbox
        self._points.passing("stop.draining")
        loop, asked_at = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        for task in self._rounds:
            task.cancel()
        await asyncio.gather(finish(self._running, DRAIN), self._inbox.drain(DRAIN))
        self._telling.cancel()
        left = timedelta(seconds=max(asked_at + 10 - loop.time(), 0))
        await asyncio.gather(self._telling, self._core.last_words(left), return_exceptions=True)
        await self.opened.close()
        self.life.holds_nothing()
