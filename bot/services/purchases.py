"""What costs quota, or may: a wish that is written down before the provider is asked, and charged once.

While a wish is open, nobody knows what became of it: we died, or the answer was lost. Then the provider is read
first, and asked again only for what is not there.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.carriers import Carrier
from bot.domain.errors import (
    AnswerNotUnderstood,
    CarrierRefused,
    DayFull,
    InDoubt,
    Missing,
    OverTheLimit,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    QuotaKept,
    QuotaSpent,
)
from bot.domain.parcel import NewParcel, ParcelKey, Report
from bot.domain.records import Memo
from bot.ports import Clock, Store
from bot.services.account import Account

INTENT = "intent"
"""The memos of open wishes are named with this word, the act and what it is about."""
CREATES_A_DAY = 1000
LOOK_AGAIN_AFTER = timedelta(hours=2)
"""The provider asks a carrier for one parcel at most once in two hours (its help page 60-27)."""
QUOTA_GOOD_FOR = 60.0
"""Seconds after which the provider is asked again what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What a creation came to: whether it cost one, and its wish, to be removed by whoever saves the parcel."""

    spent: bool
    intent: Memo


def is_doubtful(error: ProviderError) -> bool:
    """Return whether the provider may have done what it was asked, though it did not say so."""
    if isinstance(error, ProviderBusy):
        return False
    return isinstance(error, ProviderUnavailable | AnswerNotUnderstood | OverTheLimit)


class Purchases:
    """Buys at one provider account, each wish once. Whoever calls sees to it that wishes for one parcel take turns."""

    def __init__(
        self, *, store: Store, account: Account, clock: Clock, a_day: int = CREATES_A_DAY, reserve: int = 0
    ) -> None:
        self._store = store
        self._account = account
        self._clock = clock
        self._a_day = a_day
        self._reserve = reserve
        self._counting = asyncio.Lock()
        self._left: int | None = None
        self._left_at = 0.0
        self._bought = 0
        self._buying = 0

    @property
    def spent(self) -> int | None:
        """How often this process may have spent quota on purpose; None while it may be spending some."""
        return None if self._buying else self._bought

    async def create(self, workspace: str, new: NewParcel) -> Created:
        """Have the provider follow the parcel.

        Raises:
            DayFull: the workspace has asked for as many as it may today; nothing was created.
            QuotaKept, QuotaSpent: what is left is not for this; nothing was created.
            InDoubt: nobody knows; the next try reads first.
            ProviderError: the provider refused or is away; nothing was created.
        """
        intent = self._intent(workspace, "create", _words(new.key))
        is_open = await self._store.memo(workspace, intent.name) is not None
        if is_open and await self._is_there(new.key):
            return Created(spent=True, intent=intent)
        await self._check_quota()
        if not is_open:
            await self._write_down(intent)
        with self._purchase():
            try:
                spent = await self._account.create(new)
            except ProviderError as error:
                if isinstance(error, QuotaSpent):
                    self._left, self._left_at = 0, self._clock.monotonic()
                if not is_doubtful(error):
                    await self._store.save(remove=[intent])
                    raise
                if not await self._turned_out(new.key, error):
                    raise
                spent = True
        if self._left is not None:
            self._left -= spent
        return Created(spent=spent, intent=intent)

    async def unarchive(self, workspace: str, key: ParcelKey) -> bool:
        """Take the parcel out of the provider's archive; return False when the provider does not know it."""
        intent = self._intent(workspace, "unarchive", _words(key))
        try:
            if await self._store.memo(workspace, intent.name) is None:
                await self._store.save(intent)
            elif not (await self._account.report(key, asked_by_person=True)).archived:
                await self._store.save(remove=[intent])
                return True
            with self._purchase():
                await self._account.archive(key, archived=False)
        except ProviderError as error:
            if not is_doubtful(error):
                await self._store.save(remove=[intent])
            if isinstance(error, Missing):
                return False
            raise
        await self._store.save(remove=[intent])
        return True

    async def look(self, workspace: str, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Have the carrier asked now. When an earlier look was made and its answer lost, what it found is read."""
        now = await self._account.now()
        intent = self._intent(workspace, "look", _words(key), now.isoformat())
        if open_since := await self._store.memo(workspace, intent.name):
            began = datetime.fromisoformat(open_since)
            if timedelta() <= now - began < LOOK_AGAIN_AFTER:
                report = await self._account.report(key, asked_by_person=asked_by_person)
                if report.updated_at and report.updated_at >= began.replace(microsecond=0):
                    await self._store.save(remove=[intent])
                    return report
        await self._store.save(intent)
        try:
            report = await self._account.look_now(key, asked_by_person=asked_by_person)
        except ProviderError as error:
            if not is_doubtful(error):
                await self._store.save(remove=[intent])
            raise
        await self._store.save(remove=[intent])
        return report

    async def detect(self, number: str) -> Sequence[Carrier]:
        """Return the carriers that the provider thinks have this number; asking costs 0.2.

        Raises:
            CarrierRefused: the provider cannot tell, or we died of asking: what was bought then is lost.
        """
        intent = self._intent(self._account.account, "detect", number)
        if await self._account.memo(intent.name):
            await self._store.save(remove=[intent])
            raise CarrierRefused("I asked the tracking service before and did not hear its answer. Name the carrier.")
        await self._store.save(intent)
        try:
            with self._purchase():
                return await self._account.detect(number)
        finally:
            await self._store.save(remove=[intent])

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _intent(self, workspace: str, act: str, about: str, value: str = "") -> Memo:
        return Memo(workspace=workspace, name=f"{INTENT} {act} {about}", value=value or self._clock.now().isoformat())

    async def _write_down(self, intent: Memo) -> None:
        """Save the wish, and with it that the day has one more; many may wish at once."""
        async with self._counting:
            day, _, text = (await self._store.memo(intent.workspace, "creates") or "").partition(" ")
            today = self._clock.now().date().isoformat()
            count = int(text) if day == today else 0
            if count >= self._a_day:
                raise DayFull(self._a_day)
            await self._store.save(
                intent, Memo(workspace=intent.workspace, name="creates", value=f"{today} {count + 1}")
            )

    async def _check_quota(self) -> None:
        """See whether there is quota for one more: asked about only while there was none, or some is to be kept."""
        none = await self._account.no_quota()
        if none is None and not self._reserve:
            return
        now = self._clock.monotonic()
        if self._left is None or not now - self._left_at < QUOTA_GOOD_FOR:
            self._left, self._left_at = (await self._account.quota()).left, now
        if none and self._left <= 0:
            raise QuotaSpent(none.sentence)
        if self._left <= self._reserve:
            raise QuotaKept(self._left)

    async def _turned_out(self, key: ParcelKey, error: ProviderError) -> bool:
        """Read once what a creation without an answer came to."""
        try:
            return await self._is_there(key)
        except ProviderError:
            why = error.detail()
            raise InDoubt(why, way_on="try again in a few minutes, and it is not charged twice.") from error

    async def _is_there(self, key: ParcelKey) -> bool:
        try:
            await self._account.report(key, asked_by_person=True)
        except Missing:
            return False
        return True

    @contextmanager
    def _purchase(self) -> Iterator[None]:
        """Let it be known that quota may be spent on purpose now, whether or not it comes to it."""
        self._buying += 1
        try:
            yield
        finally:
            self._buying -= 1
            self._bought += 1


def _words(key: ParcelKey) -> str:
    return f"{key.carrier}/{key.number}"
