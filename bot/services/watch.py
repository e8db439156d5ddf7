"""Telling the people who run the bot of trouble, at most once a day for each kind."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.errors import MessengerError, StoreError
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
        self._quiet_until: dict[Trouble, datetime] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def tell_admins(self, trouble: Trouble, detail: str = "") -> None:
        """Tell each admin by direct message, unless they were told of this kind within a day. Never raises."""
        now, name = self._clock.now(), f"told:{trouble}"
        told = await self._store.memo(ALL, name)
        quiet_until = self._quiet_until.get(trouble, datetime.fromisoformat(told) if told else now)
        if now < quiet_until:
            return
        self._quiet_until[trouble] = now + AT_MOST_EVERY
        try:
            await self._store.save(Memo(workspace=ALL, name=name, value=(now + AT_MOST_EVERY).isoformat()))
        except StoreError:
            logger.warning("what an admin is told could not be kept", extra={"trouble": str(trouble)})
        for admin in self._admins:
            try:
                await self._messenger.warn(admin, Notice(trouble=trouble, detail=detail))
            except MessengerError as error:
                logger.warning("an admin could not be told", extra={"trouble": str(trouble), "why": str(error)})

    def tell_admins_soon(self, trouble: Trouble, detail: str = "") -> None:
        """Tell them, but let nobody wait for it."""
        task = asyncio.create_task(self.tell_admins(trouble, detail), name=f"tell admins: {trouble}")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def drain(self) -> None:
        """Wait until what is being told is told."""
        if self._telling:
            await asyncio.wait(self._telling)
