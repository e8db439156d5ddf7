"""Workspaces that let us in no longer: nothing is asked or told for them, and after a while their data goes."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.records import Memo
from bot.ports import Clock, Store
from bot.services.forgetting import Forgetting

logger = logging.getLogger(__name__)
SUSPENDED = "suspended"
ALL = "*"
GRACE = timedelta(days=30)
SURE_AFTER = timedelta(minutes=30)
"""That the grace is over must be so for as long, by a clock that nobody can set, before anything is erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Since when a workspace lets us in no longer, and Slack's word for why."""

    since: datetime
    reason: str


class Workspaces:
    """Knows who is suspended. What is said twice or in another order, and a death in between, changes nothing."""

    def __init__(
        self, *, store: Store, clock: Clock, grace: timedelta = GRACE, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._clock = clock
        self._grace = grace
        self._wake = wake
        self._forgetting = Forgetting(store=store, clock=clock, keep=grace)
        self._changing = asyncio.Lock()
        self._over_since: dict[str, float] = {}

    async def suspended(self) -> Mapping[str, Suspension]:
        """Return the workspaces that let us in no longer."""
        known = json.loads(await self._store.memo(ALL, SUSPENDED) or "{}")
        return {
            workspace: Suspension(since=datetime.fromisoformat(since), reason=reason)
            for workspace, (since, reason) in known.items()
        }

    async def is_anybody_left(self) -> bool:
        """Return whether there is a parcel for whose sake the provider is to be asked."""
        out = await self.suspended()
        return not out or any(parcel.workspace not in out for parcel in await self._store.parcels())

    async def suspend(self, workspace: str, reason: str) -> None:
        """Stop asking and telling for a workspace; its grace runs from the first time this is said.

        Raises:
            StoreError: it could not be kept.
        """
        async with self._changing:
            known = dict(await self.suspended())
            if workspace in known or not workspace:
                return
            logger.warning("a workspace lets us in no longer", extra={"workspace": workspace, "reason": reason})
            await self._keep(known | {workspace: Suspension(since=self._clock.now(), reason=reason)})

    async def reopen(self, workspace: str) -> None:
        """Go on for a workspace: somebody speaks to us there, or Slack has taken our token."""
        async with self._changing:
            known = dict(await self.suspended())
            if known.pop(workspace, None) is None:
                return
            logger.info("a workspace lets us in again", extra={"workspace": workspace})
            await self._keep(known)
        self._over_since.pop(workspace, None)
        self._wake()

    async def purge_once(self) -> int:
        """Erase the data of workspaces whose grace is over; return how many went."""
        gone, now = 0, self._clock.monotonic()
        for workspace, suspension in (await self.suspended()).items():
            if not self._clock.now() - suspension.since > self._grace:
                self._over_since.pop(workspace, None)
                continue
            if now - self._over_since.setdefault(workspace, now) < SURE_AFTER.total_seconds():
                continue
            async with self._changing:
                known = dict(await self.suspended())
                known.pop(workspace, None)
                await self._forgetting.workspace(workspace)  # takes its name out of our own memo, too
                await self._keep(known)
            self._over_since.pop(workspace, None)
            logger.info("the data of a workspace was erased after its grace", extra={"workspace": workspace})
            gone += 1
        return gone

    async def _keep(self, known: Mapping[str, Suspension]) -> None:
        value = json.dumps({name: (one.since.isoformat(), one.reason) for name, one in known.items()})
        memo = Memo(workspace=ALL, name=SUSPENDED, value=value)
        await (self._store.save(memo) if known else self._store.save(remove=[memo]))
