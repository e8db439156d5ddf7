"""Telling the people who run the bot of trouble, at most once a day for each kind."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.errors import MessengerBusy, MessengerError, MessengerUnavailable, StoreError
from bot.domain.records import Memo, Notice, Trouble
from bot.ports import Clock, Messenger, Store

logger = logging.getLogger(__name__)
AT_MOST_EVERY = timedelta(days=1)
ALL = "*"


class Watch:
    """Knows who the admins are and what they were told when; when the store is away, from memory."""

    def __init__(self, *, store: Store, messenger: Messenger, clock: Clock, admins: Sequence[str]) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._admins = tuple(admins)
        self._quiet_until: dict[Trouble, float] = {}  # by the monotonic clock
        self._telling: set[asyncio.Task[None]] = set()

    async def tell_admins(self, trouble: Trouble, detail: str = "") -> None:
        """Tell each admin by direct message, unless they were told of this kind within a day. Never raises."""
        if await self._is_quiet(trouble):
            return
        await self._quiet(trouble, AT_MOST_EVERY)
        told = [await self._told(admin, Notice(trouble=trouble, detail=detail)) for admin in self._admins]
        if told and not any(told):
            await self._quiet(trouble, timedelta())  # nobody heard of it: the next time it is said again

    async def _is_quiet(self, trouble: Trouble) -> bool:
        """Return whether they were told within a day; what an earlier process kept counts for no longer than that."""
        if trouble not in self._quiet_until:
            kept = await self._store.memo(ALL, f"told:{trouble}")
            left = datetime.fromisoformat(kept) - self._clock.now() if kept else timedelta()
            self._quiet_until[trouble] = self._clock.monotonic() + min(left, AT_MOST_EVERY).total_seconds()
        return self._clock.monotonic() < self._quiet_until[trouble]

    async def _quiet(self, trouble: Trouble, wait: timedelta) -> None:
        self._quiet_until[trouble] = self._clock.monotonic() + wait.total_seconds()
        until = self._clock.now() + wait
        try:
            await self._store.save(Memo(workspace=ALL, name=f"told:{trouble}", value=until.isoformat()))
        except StoreError:
            logger.warning("what an admin is told could not be kept", extra={"trouble": str(trouble)})

    async def _told(self, admin: str, notice: Notice) -> bool:
        """Tell one admin; return False when a later try may succeed."""
        try:
            await self._messenger.warn(admin, notice)
        except MessengerError as error:
            logger.warning("an admin could not be told", extra={"trouble": str(notice.trouble), "why": str(error)})
            return not isinstance(error, MessengerBusy | MessengerUnavailable)
        return True

    def tell_admins_soon(self, trouble: Trouble, detail: str = "") -> None:
        """Tell them, but let nobody wait for it."""
        task = asyncio.create_task(self.tell_admins(trouble, detail), name=f"tell admins: {trouble}")
        self._telling.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("telling the admins failed", exc_info=error)

    async def drain(self) -> None:
        """Wait until what is being told is told."""
        if self._telling:
            await asyncio.wait(self._telling)
