"""What the clock does: look at what the provider refreshed, and look closer at what should have moved."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
from bot.domain.status import FINAL, Event, Status, event_of
from bot.ports import Clock, Provider, Store
from bot.services.observer import Observer
from bot.services.tracker import LOOK_AGAIN_AFTER
from bot.services.watch import Watch

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
        self._provider = provider
        self._clock = clock
        self._observer = observer
        self._watch = watch
        self._spent = spent
        self._looks_a_day = looks_a_day
        self._every = every
        self._looks_stopped = False
        self._looks_fail = False
        self._in_vain: dict[str, datetime] = {}  # a look that fails must not take the place of all others
        self._failing_since: datetime | None = None
        self._trouble = ""

    async def run_once(self) -> int:
        """Take in what the provider refreshed since the last round; return how many parcels changed.

        The watermark moves only when every page is saved. It is the provider's time, as is the window.
        """
        try:
            until = await self._provider.now()
            since = await self._watermark()
            if since is None or since > until:  # the provider's time was not what it said it was
                since = until - FIRST_WINDOW
            changed = 0
            async for page in self._provider.updated_since(since - OVERLAP, until):
                changed += await self._observer.take_page(page)
            await self._store.save(
                self._memo("watermark", until.isoformat()), self._memo("swept_at", self._clock.now().isoformat())
            )
        except (ProviderError, StoreError) as error:
            await self._failed(error)
            return 0
        self._went_well()
        return changed

    async def look_once(self) -> int:
        """Read again what an act left unread, and look closer at what should have moved; return how many."""
        done, left = 0, None
        try:
            for parcel in await self._unread():
                await self._read_again(parcel)
                done += 1
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
        text = await self._store.memo(self._provider.account, "swept_at")
        last = datetime.fromisoformat(text) if text else None
        return Health(
            last_round_at=last,
            failing_since=self._failing_since,
            trouble=self._trouble,
            overdue=last is not None and self._clock.now() - last > 2 * self._every,
        )

    async def most_quota(self, left: int) -> int:
        """Return the most quota ever seen, what is left now included."""
        most = int(await self._store.memo(self._provider.account, "quota_most") or 0)
        if left > most:
            await self._store.save(self._memo("quota_most", str(left)))
        return max(left, most)

    # ── the closer look ────────────────────────────────────────────────────────────────────────────────────────

    async def _read_again(self, parcel: Parcel) -> None:
        async with self._this_parcel_only(parcel):
            await self._observer.take(parcel.workspace, await self._provider.report(parcel.key))

    async def _look_closer(self, parcel: Parcel, left: int) -> int:
        """Have the carrier asked; return what is left of the quota. A look that costs any is the last one."""
        spent = self._spent()
        await self._count_look()
        async with self._this_parcel_only(parcel):
            try:
                report = await self._provider.look_now(parcel.key)
            except (ProviderBusy, KeyRefused, QuotaSpent):
                raise
            except ProviderError:
                self._in_vain[parcel.id] = await self._provider.now()
                raise
            await self._observer.take(parcel.workspace, report, looked_at=await self._provider.now())
        after = (await self._provider.quota()).left
        if after < left and spent is not None and self._spent() == spent:
            self._looks_stopped = True
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
        if self._looks_stopped or await self._looks_today() >= self._looks_a_day:
            return False
        return left * LOW_QUOTA >= await self.most_quota(left)

    async def _unread(self) -> list[Parcel]:
        return [one for one in await self._store.parcels() if one.must_read and await self._is_followed(one)]

    async def _due(self) -> list[Parcel]:
        """Return the parcels to look at now, the longest unlooked first."""
        if not self._looks_a_day or self._looks_stopped:
            return []
        now = await self._provider.now()
        self._in_vain = {one: at for one, at in self._in_vain.items() if now - at < LOOK_AGAIN_AFTER}
        due = [
            one
            for one in await self._store.parcels()
            if _should_have_moved(one, now) and one.id not in self._in_vain and await self._is_followed(one)
        ]
        due.sort(key=lambda one: one.looked_at or datetime.min.replace(tzinfo=UTC))
        return due[:LOOKS_A_ROUND]

    async def _is_followed(self, parcel: Parcel) -> bool:
        return bool(await self._observer.followers(parcel))

    async def _looks_today(self) -> int:
        day, _, looks = (await self._store.memo(self._provider.account, "looks") or "").partition(" ")
        today = (await self._provider.now()).date().isoformat()
        return int(looks) if day == today else 0

    async def _count_look(self) -> None:
        today = (await self._provider.now()).date().isoformat()
        await self._store.save(self._memo("looks", f"{today} {await self._looks_today() + 1}"))

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _watermark(self) -> datetime | None:
        text = await self._store.memo(self._provider.account, "watermark")
        return datetime.fromisoformat(text) if text else None

    def _memo(self, name: str, value: str) -> Memo:
        return Memo(workspace=self._provider.account, name=name, value=value)

    async def _failed(self, error: ProviderError | StoreError) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.now()
            logger.warning("rounds fail", extra=_facts(error))
        self._trouble = str(error)
        await self._tell_admins(error)

    async def _look_failed(self, error: ProviderError | StoreError) -> None:
        if not self._looks_fail:
            logger.warning("looks fail", extra=_facts(error))
        self._looks_fail = True
        self._looks_stopped = self._looks_stopped or isinstance(error, FeatureNotActive)
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


def _facts(error: ProviderError | StoreError) -> dict[str, str]:
    detail = error.detail() if isinstance(error, ProviderError) else str(error)
    return {"why": type(error).__name__, "detail": detail}


def _should_have_moved(parcel: Parcel, now: datetime) -> bool:
    """Return whether the parcel gets a look of our own accord. Times are the provider's."""
    if parcel.removed_at or parcel.missing > 1 or {parcel.status, parcel.shown_status} & FINAL:
        return False
    if parcel.looked_at and now - parcel.looked_at < LOOK_AGAIN_AFTER:
        return False
    out = parcel.status is Status.PICKUP and event_of(parcel.status, parcel.substatus) is Event.OUT
    return out or (parcel.updated_at is not None and now - parcel.updated_at > SILENT_FOR)
