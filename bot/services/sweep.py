"""What the clock does: look at what the provider refreshed, and look closer at what should have moved."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import (
    AnswerNotUnderstood,
    CarrierRefused,
    FeatureNotActive,
    FieldMissing,
    KeyRefused,
    Missing,
    NumberRefused,
    ProviderBusy,
    ProviderError,
    QuotaSpent,
    StoreError,
)
from bot.domain.parcel import Parcel
from bot.domain.records import Memo, Trouble
from bot.ports import Clock, Provider, Store
from bot.services.account import Account
from bot.services.marks import is_to_be_settled, settled
from bot.services.observer import Observer
from bot.services.purchases import LOOK_AGAIN_AFTER, Purchases
from bot.services.watch import ALL, Watch
from bot.services.workspaces import Workspaces

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)
"""The windows of two rounds overlap by this much, so that a parcel written late is not missed."""
FIRST_WINDOW = timedelta(days=1)
SILENT_FOR = timedelta(hours=8)
"""The provider refreshes by itself every 3 to 6 hours; a parcel it left alone for longer gets a look."""
LOOKS_A_ROUND = 10
LOW_QUOTA = 10
"""Below a tenth of the most we have seen, the quota is low: no looks of our own accord."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the rounds are doing, for whoever asks."""

    last_round_at: datetime | None
    failing_since: datetime | None = None
    trouble: str = ""
    overdue: bool = False


class Sweep:
    """Rounds over one provider account. A round that fails leaves everything as it was, still due."""

    def __init__(
        self,
        *,
        store: Store,
        provider: Provider,
        clock: Clock,
        observer: Observer,
        watch: Watch,
        spent: Callable[[], int | None],
        looks_a_day: int = 50,
        every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._store = store
        self._provider = Account(provider, store, clock)
        self._purchases = Purchases(store=store, account=self._provider, clock=clock)
        self._workspaces = Workspaces(store=store, clock=clock)
        self._clock = clock
        self._observer = observer
        self._watch = watch
        self._spent = spent
        self._looks_a_day = looks_a_day
        self._every = every
        self._not_active = False
        self._looks_fail = False
        self._swept_at: float | None = None
        self._in_vain: dict[str, datetime] = {}  # a look that fails must not take the place of all others
        self._failing_since: datetime | None = None
        self._trouble = ""

    async def run_once(self) -> int:
        """Take in what the provider refreshed since the last round; return how many parcels changed.

        The watermark moves only when every page is saved. It is the provider's time, as is the window. While our key
        is refused nobody is asked: a new key, or a command of somebody's that succeeds, ends that.
        """
        if not await self._workspaces.is_anybody_left():
            return 0
        try:
            await self._see_the_key()
            until = await self._provider.now()
            since = await self._watermark()
            if since is None or since > until:  # the provider's time was not what it said it was
                since = until - FIRST_WINDOW
            changed = 0
            async for page in self._provider.updated_since(since - OVERLAP, until):
                changed += await self._observer.take_page(page)
            await self._store.save(
                self._memo("watermark", until.isoformat()),
                Memo(workspace=ALL, name="watermark", value=until.isoformat()),  # where a new key goes on
                self._memo("swept_at", self._clock.now().isoformat()),
            )
        except (ProviderError, StoreError) as error:
            await self._failed(error)
            return 0
        self._went_well()
        return changed

    async def look_once(self) -> int:
        """Read again what an act left unread, and look closer at what should have moved; return how many."""
        done, left = 0, None
        if await self._provider.key_refused():
            return done
        try:
            for parcel in await self._unread():
                done += await self._read_again(parcel)
            for parcel in await self._due():
                left = (await self._provider.quota()).left if left is None else left
                if not await self._may_look(left):
                    break
                left = await self._look_closer(parcel, left)
                done += 1
        except (ProviderError, StoreError) as error:
            await self._look_failed(error)
        else:
            self._looks_fail = False
        return done

    async def health(self) -> Health:
        """Return when the last whole round was, since when rounds fail, and whether two of them are missing."""
        text, now = await self._provider.memo("swept_at"), self._clock.now()
        last = datetime.fromisoformat(text) if text else None
        ago = abs(now - last) if last else timedelta()  # it lies ahead when the clock was set back
        if self._swept_at is not None:
            ago = timedelta(seconds=self._clock.monotonic() - self._swept_at)
        return Health(
            last_round_at=min(last, now) if last else None,
            failing_since=self._failing_since,
            trouble=self._trouble,
            overdue=last is not None and ago > 2 * self._every,
        )

    async def most_quota(self, left: int) -> int:
        """Return the most quota ever seen, what is left now included."""
        most = int(await self._provider.memo("quota_most") or 0)
        if left > most:
            await self._store.save(self._memo("quota_most", str(left)))
        return max(left, most)

    # ── the closer look ────────────────────────────────────────────────────────────────────────────────────────

    async def _read_again(self, parcel: Parcel) -> bool:
        """Read what an act left unread; a mark that is still being set is left alone. Return whether it was read."""
        now = self._clock.now()
        under_way = parcel.mark is not None and parcel.mark.under_way
        if under_way and not is_to_be_settled(parcel, now):
            return False
        async with self._this_parcel_only(parcel):
            report = await self._provider.report(parcel.key)
            if under_way:
                await self._observer.change(parcel.workspace, parcel.key, lambda one: settled(one, report, now))
            await self._observer.take(parcel.workspace, report)
        return True

    async def _look_closer(self, parcel: Parcel, left: int) -> int:
        """Have the carrier asked; return what is left of the quota. A look that costs any is the last one."""
        spent = self._spent()
        await self._count_look()
        async with self._this_parcel_only(parcel):
            try:
                report = await self._purchases.look(parcel.workspace, parcel.key)
            except (ProviderBusy, KeyRefused, QuotaSpent):
                raise
            except ProviderError:
                self._in_vain[parcel.id] = await self._provider.now()
                raise
            await self._observer.take(parcel.workspace, report, looked_at=await self._provider.now())
        after = (await self._provider.quota()).left
        if after < left and spent is not None and self._spent() == spent:
            await self._store.save(self._memo("looks_cost", str(self._looks_a_day)))
            logger.warning("looks cost quota and have been stopped")
            await self._watch.tell_admins(Trouble.LOOKS_COST)
        return after

    @asynccontextmanager
    async def _this_parcel_only(self, parcel: Parcel) -> AsyncIterator[None]:
        """Keep what is wrong with one parcel from the others."""
        try:
            yield
        except Missing:
            await self._observer.take_missing(parcel.workspace, parcel.key)
        except (AnswerNotUnderstood, NumberRefused, CarrierRefused, FieldMissing) as error:
            facts = {"number": parcel.key.number, "why": type(error).__name__, "detail": error.detail()}
            logger.warning("one parcel could not be looked at", extra=facts)

    async def _may_look(self, left: int) -> bool:
        if await self._looks_stopped() or await self._looks_today() >= self._looks_a_day:
            return False
        return left * LOW_QUOTA >= await self.most_quota(left)

    async def _looks_stopped(self) -> bool:
        """Return whether no look is made of our own accord; that they cost holds until the number a day is changed."""
        return self._not_active or await self._provider.memo("looks_cost") == str(self._looks_a_day)

    async def _unread(self) -> list[Parcel]:
        out = await self._workspaces.suspended()
        unread = [one for one in await self._store.unread() if one.workspace not in out]
        return [one for one in unread if await self._observer.followers(one)]

    async def _due(self) -> list[Parcel]:
        """Return the parcels to look at now, the longest unlooked first."""
        if await self._looks_today() >= self._looks_a_day or await self._looks_stopped():
            return []
        now, out = await self._provider.now(), await self._workspaces.suspended()
        self._in_vain = {one: at for one, at in self._in_vain.items() if now - at < LOOK_AGAIN_AFTER}
        silent = await self._store.silent(now - SILENT_FOR, LOOKS_A_ROUND + len(self._in_vain))
        return [
            one
            for one in silent
            if not (one.looked_at and now - one.looked_at < LOOK_AGAIN_AFTER)
            and one.id not in self._in_vain
            and one.workspace not in out
        ][:LOOKS_A_ROUND]

    async def _looks_today(self) -> int:
        day, _, looks = (await self._provider.memo("looks") or "").partition(" ")
        today = (await self._provider.now()).date().isoformat()
        return int(looks) if day == today else 0

    async def _count_look(self) -> None:
        today = (await self._provider.now()).date().isoformat()
        await self._store.save(self._memo("looks", f"{today} {await self._looks_today() + 1}"))

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _see_the_key(self) -> None:
        """Ask nothing with a key that is refused. Raises `KeyRefused`."""
        if refusal := await self._provider.key_refused():
            raise KeyRefused(refusal.sentence)

    async def _watermark(self) -> datetime | None:
        text = await self._provider.memo("watermark") or await self._store.memo(ALL, "watermark")
        return datetime.fromisoformat(text) if text else None

    def _memo(self, name: str, value: str) -> Memo:
        return self._provider.new_memo(name, value)

    async def _failed(self, error: ProviderError | StoreError) -> None:
        if self._failing_since is None:
            refusal = await self._provider.key_refused()
            self._failing_since = refusal.since if refusal else self._clock.now()
            logger.warning("rounds fail", extra=_facts(error))
        self._trouble = str(error)
        await self._tell_admins(error)

    async def _look_failed(self, error: ProviderError | StoreError) -> None:
        if not self._looks_fail:
            logger.warning("looks fail", extra=_facts(error))
        self._looks_fail = True
        self._not_active = self._not_active or isinstance(error, FeatureNotActive)
        await self._tell_admins(error)

    async def _tell_admins(self, error: ProviderError | StoreError) -> None:
        match error:
            case KeyRefused():
                await self._watch.tell_admins(Trouble.KEY_REFUSED)
            case QuotaSpent():
                await self._watch.tell_admins(Trouble.QUOTA_SPENT)
            case StoreError():
                await self._watch.tell_admins(Trouble.STORE, str(error))

    def _went_well(self) -> None:
        if self._failing_since is not None:
            logger.info("rounds go well again", extra={"failed_since": self._failing_since.isoformat()})
        self._failing_since, self._trouble = None, ""
        self._swept_at = self._clock.monotonic()


def _facts(error: ProviderError | StoreError) -> dict[str, str]:
    detail = error.detail() if isinstance(error, ProviderError) else str(error)
    return {"why": type(error).__name__, "detail": detail}
