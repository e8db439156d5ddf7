"""What is known of our account at the provider: whether its key works, and whether it has quota left.

Whoever asks the provider asks through here, so each answer counts. What is learned lies in the store under the
account's name: the next process knows it, and another key, which has another name, begins anew.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.domain.carriers import Carrier
from bot.domain.errors import KeyRefused, ProviderRefused, QuotaSpent, StoreError
from bot.domain.parcel import NewParcel, ParcelKey, Quota, Report
from bot.domain.records import Memo
from bot.domain.reports import Reports
from bot.domain.status import Status
from bot.ports import Clock, Provider, Store

logger = logging.getLogger(__name__)
T = TypeVar("T")
KEY_REFUSED = "key refused"
NO_QUOTA = "no quota"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Since when the provider says no to everything of a kind, and its sentence."""

    since: datetime
    sentence: str


class Account:
    """The provider, with a memory of what it said of us. Keeps the promises of `bot.ports.Provider`."""

    def __init__(self, provider: Provider, store: Store, clock: Clock) -> None:
        self.account = provider.account
        self._provider = provider
        self._store = store
        self._clock = clock

    async def key_refused(self) -> Refusal | None:
        """Return since when our key is refused; None when it works, as far as we know."""
        return await self._remembered(KEY_REFUSED)

    async def no_quota(self) -> Refusal | None:
        """Return since when there is no quota; None when there is some, as far as we know."""
        return await self._remembered(NO_QUOTA)

    async def memo(self, name: str) -> str | None:
        """Return what is remembered of this account under a name."""
        return await self._store.memo(self.account, name)

    def new_memo(self, name: str, value: str) -> Memo:
        """Return a memo of this account, to be saved."""
        return Memo(workspace=self.account, name=name, value=value)

    # ── the provider's own ─────────────────────────────────────────────────────────────────────────────────────

    async def now(self) -> datetime:
        """Return the provider's time. That it is known tells nothing of us, since nobody may have been asked."""
        try:
            return await self._provider.now()
        except KeyRefused as error:
            await self._remember(KEY_REFUSED, error)
            raise

    async def create(self, parcel: NewParcel) -> bool:
        """Have the provider follow the parcel; return False when it already did."""
        return await self._heard(self._provider.create(parcel))

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Return what the provider holds of one parcel."""
        return await self._heard(self._provider.report(key, asked_by_person=asked_by_person))

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        """Yield pages of the parcels that the provider refreshed between the two times."""
        pages = self._provider.updated_since(since, until)
        while True:
            try:
                page = await self._heard(anext(pages))
            except StopAsyncIteration:
                return
            yield page

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Have the carrier asked now."""
        return await self._heard(self._provider.look_now(key, asked_by_person=asked_by_person))

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        """Set a status by hand; None gives the carrier's own back."""
        await self._heard(self._provider.mark(key, status))

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        """Put the parcel into the provider's archive, or take it out."""
        await self._heard(self._provider.archive(key, archived=archived))

    async def delete(self, key: ParcelKey) -> None:
        """Remove the parcel at the provider."""
        await self._heard(self._provider.delete(key))

    async def quota(self) -> Quota:
        """Return what the account has left; when that is something, creation goes on."""
        quota = await self._heard(self._provider.quota())
        if quota.left > 0:
            await self._forget(NO_QUOTA)
        return quota

    async def counts(self) -> Mapping[Status, int]:
        """Return how many parcels the account has by status."""
        return await self._heard(self._provider.counts())

    async def detect(self, number: str) -> Sequence[Carrier]:
        """Return the carriers that may have this number."""
        return await self._heard(self._provider.detect(number))

    # ── what is remembered ─────────────────────────────────────────────────────────────────────────────────────

    async def _heard(self, call: Awaitable[T]) -> T:
        try:
            answer = await call
        except KeyRefused as error:
            await self._remember(KEY_REFUSED, error)
            raise
        except QuotaSpent as error:
            await self._remember(NO_QUOTA, error)
            raise
        except ProviderRefused:
            await self._forget(KEY_REFUSED)  # it knows us, and says no to something else
            raise
        await self._forget(KEY_REFUSED)
        return answer

    async def _remembered(self, name: str) -> Refusal | None:
        since, _, sentence = (await self.memo(name) or "").partition(" ")
        return Refusal(since=datetime.fromisoformat(since), sentence=sentence) if since else None

    async def _remember(self, name: str, error: ProviderRefused) -> None:
        if await self.memo(name):
            return
        await self._quietly(self._store.save(self.new_memo(name, f"{self._clock.now().isoformat()} {error}")))

    async def _forget(self, name: str) -> None:
        if known := await self.memo(name):
            await self._quietly(self._store.save(remove=[self.new_memo(name, known)]))

    async def _quietly(self, saving: Awaitable[None]) -> None:
        """A store that is away must not hide what the provider said; it is learned again at the next call."""
        try:
            await saving
        except StoreError:
            logger.warning("what the provider said of our account could not be kept")
