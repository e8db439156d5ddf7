"""TrackingMore as the provider that the services know."""

import hashlib
import logging
from collections.abc import AsyncIterator, KeysView, Mapping, Sequence
from datetime import datetime
from typing import Self

from bot.domain.carriers import Carrier, carrier
from bot.domain.errors import AlreadyExists, AnswerNotUnderstood, AnswerTooBig, Missing
from bot.domain.parcel import NewParcel, ParcelKey, Quota, Report, Seen
from bot.domain.reports import Reports
from bot.domain.status import Status
from bot.ports import Clock
from bot.providers.trackingmore.bodies import LONGEST_PAGE, Edit, Override, Search, Window
from bot.providers.trackingmore.client import Client
from bot.providers.trackingmore.pacing import SPACING, Pacer
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport

logger = logging.getLogger(__name__)

OVERLAP = 40  # two pages of a window share a fortieth of their parcels: 50 of 2,000
MOST_PAGES = 500  # of a window: a million parcels
MOST_FRESH_STARTS = 3  # a list that never joins is read as it comes
_NOBODY: KeysView[ParcelKey] = dict[ParcelKey, Seen]().keys()
_OVERRIDES = {Status.DELIVERED: Override.DELIVERED, Status.EXCEPTION: Override.EXCEPTION, None: Override.RESTORE}


class TrackingMore:
    """Keeps the promises of `bot.ports.Provider`; `client` has the operations that are not among them.

    All calls go before those of the rounds but `updated_since`, and `report` and `look_now` unless a person asked.
    """

    def __init__(self, session: Session, *, account: str) -> None:
        self.account = account
        self.client = Client(session)
        self._session = session

    @classmethod
    def connect(cls, *, key: str, base_url: str, clock: Clock, allow_loopback: bool = False) -> Self:
        """Return the provider for the account that the key opens; nothing is sent yet.

        Raises:
            SettingsError: the key or the address is not one we would send a key to.
        """
        transport = Transport(key=Key(key), base_url=base_url, allow_loopback=allow_loopback)
        return cls(Session(transport, clock, pacer=Pacer(rest=SPACING)), account=account_of(key))

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def now(self) -> datetime:
        """Return the provider's time: that of its latest answer, moved on since; our own when it tells none."""
        if not self._session.has_answered:
            await self.quota()
        return self._session.now()

    async def create(self, parcel: NewParcel) -> bool:
        """Have the provider follow the parcel; return False when it already did."""
        try:
            return await self.client.post(parcel)
        except AlreadyExists:
            return False

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Return what the provider holds of one parcel."""
        return await self.client.get(key, asked_by_person=asked_by_person)

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Have the carrier asked now; that it is not asked twice in two hours is for the caller to see to."""
        return await self.client.realtime(NewParcel(key=key), asked_by_person=asked_by_person)

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        """Set DELIVERED or EXCEPTION by hand; None gives the carrier's own status back."""
        await self.client.put(key, Edit(status=_OVERRIDES[status]))

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        """Put the parcel into the provider's archive, or take it out."""
        await self.client.put(key, Edit(archived=archived))

    async def delete(self, key: ParcelKey) -> None:
        """Remove the parcel; one that is not there is done already."""
        try:
            await self.client.delete(key)
        except Missing:
            return

    async def quota(self) -> Quota:
        """Return what the account has left."""
        return Quota(left=(await self.client.getuserinfo()).left)

    async def counts(self) -> Mapping[Status, int]:
        """Return how many parcels the account has by status."""
        return await self.client.getstatusnumber()

    async def detect(self, number: str) -> Sequence[Carrier]:
        """Return the carriers that may have this number, best first; those we do not know are left out."""
        found = (carrier(one.code) for one in await self.client.detect(number))
        return [one for one in found if one]

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        """Yield the parcels refreshed within the window, page by page; one may come twice.

        Parcels that are refreshed while we read leave the window, and those behind them move up. So each page begins
        a little before the last one ended; where the two share no parcel the window is read again from its beginning.
        A page that is too big is asked for with half as many parcels.

        Raises:
            ProviderError: the window was not read to its end, so it is to be asked for again.
        """
        window = Window(since=since, until=until)
        longest, end, before, fresh_starts = LONGEST_PAGE, 0, _NOBODY, 0
        for _ in range(MOST_PAGES):
            page, limit = page_at(end, longest)
            try:
                answer = await self.client.list_page(Search(page=page, limit=limit, updated=window))
            except AnswerTooBig as error:
                if longest == 1:
                    raise
                logger.warning("a page of the list was too big", extra={"parcels": limit, "why": error.why})
                longest //= 2
                continue
            keys = answer.reports.seen.keys()
            if keys and before and before.isdisjoint(keys) and fresh_starts < MOST_FRESH_STARTS:
                logger.warning("the list moved while it was read", extra={"page": page})
                end, before, fresh_starts = 0, _NOBODY, fresh_starts + 1
                continue
            yield answer.reports.without(before)
            if answer.limit and answer.entries <= answer.limit < limit:  # the service gives fewer than asked for
                longest = limit = answer.limit
            end = (page - 1) * limit + answer.entries
            if answer.entries < limit or (answer.total is not None and end >= answer.total):
                return
            before = keys
        raise AnswerNotUnderstood("GET /trackings/get data.total", "the pages have no end")


def page_at(end: int, longest: int) -> tuple[int, int]:
    """Return number and length of the page to read after the first `end` parcels: it begins a little before them.

    Pages are counted in their own length, so the length is chosen for the place where the page is to begin.
    """
    if not end:
        return 1, longest
    begin = max(end - longest // OVERLAP, 1)
    pages_before = -(-begin // longest)
    return pages_before + 1, begin // pages_before


def account_of(key: str) -> str:
    """Return a name for the key's account that tells nothing of the key."""
    return f"trackingmore:{hashlib.sha256(key.encode()).hexdigest()[:8]}"
