"""What the core asks of the world. Adapters implement these; services know nothing else of it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.carriers import Carrier
from bot.domain.parcel import (
    ChannelSettings,
    NewParcel,
    Parcel,
    ParcelKey,
    Place,
    Quota,
    Report,
    Seen,
    Subscription,
)
from bot.domain.records import InboxItem, Memo, News, Notice, Notification
from bot.domain.reports import Reports
from bot.domain.status import Status

Record = Parcel | Subscription | ChannelSettings | Notification | InboxItem | Memo


class Clock(Protocol):
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC. Somebody may set it at any moment."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment, which nobody can set: intervals are measured by it."""
        ...


class Provider(Protocol):
    """Who knows where parcels are. Every call may raise `ProviderError`; a failed look is never an empty answer."""

    account: str
    """A name for the account that never shows the key; the watermark is kept under it."""

    async def now(self) -> datetime:
        """Return the provider's time, from its latest answer; asks for one when none came yet."""
        ...

    async def create(self, parcel: NewParcel) -> bool:
        """Have the provider follow the parcel; return False when it already did (costs nothing then). Costs 1."""
        ...

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Return what the provider holds of one parcel. Raises `Missing`."""
        ...

    def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        """Yield pages of the parcels that the provider refreshed between the two times (its own time)."""
        ...

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        """Have the provider ask the carrier now, and return the answer. Once in two hours for one parcel."""
        ...

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        """Set DELIVERED or EXCEPTION by hand; None gives the carrier's own status back."""
        ...

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        """Put the parcel into the provider's archive, or take it out."""
        ...

    async def delete(self, key: ParcelKey) -> None:
        """Remove the parcel at the provider; one that is not there is done already."""
        ...

    async def quota(self) -> Quota:
        """Return what the account has left."""
        ...

    async def counts(self) -> Mapping[Status, int]:
        """Return how many parcels the account has by status."""
        ...

    async def detect(self, number: str) -> Sequence[Carrier]:
        """Return the carriers that may have this number, best first. Costs 0.2."""
        ...


class Messenger(Protocol):
    """How things are said. Renders what it is given at the moment it says it.

    Each call may raise `MessengerError`: Busy and Unavailable (nothing was posted), Doubtful (nobody knows),
    PlaceGone, WorkspaceGone, MessageGone and MessageRefused.
    """

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        """Post the card, or redraw it where it stands; return the message's id. `plain` leaves all blocks out."""
        ...

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        """Post what the rows say in the card's thread, as one message; `plain` leaves all blocks out."""
        ...

    async def digest(self, news: Sequence[News], *, stamp: str, more: int) -> None:
        """Post the news of several parcels in the channel as one message; of `more` parcels there is news as well."""
        ...

    async def rehearse(self, news: News) -> None:
        """Write out all that telling this would show, and show nothing."""
        ...

    async def find(self, place: Place, stamp: str, *, thread: str = "", since: datetime) -> str | None:
        """Return the id of the message with this stamp, "" when it is surely not there, None when we cannot look.

        Without a thread it is a card or a digest that is looked for, in a thread what was told there.
        """
        ...

    async def introduce(self, settings: ChannelSettings, *, by: str) -> None:
        """Post the first message in a place: what will be said here, and who asked for it."""
        ...

    async def warn(self, user: str, notice: Notice) -> None:
        """Tell one person of trouble by direct message."""
        ...


class Store(Protocol):
    """Where we remember. Values come out as they went in; what is saved together is saved all or not at all."""

    async def save(
        self,
        *records: Record,
        remove: Iterable[Record] = (),
        onto: Iterable[Record] = (),
    ) -> None:
        """Save the records and remove the others, all or nothing, durably.

        Raises:
            RevisionMoved: a record in `onto` is no longer stored as it was read.
            StoreError: it could not be written; nothing was changed.
        """
        ...

    async def add(self, item: InboxItem) -> bool:
        """Save the item unless the same delivery is there already; return whether it was new."""
        ...

    async def next_serial(self, workspace: str) -> int:
        """Return a number never given before in this workspace."""
        ...

    async def parcel(self, workspace: str, key: ParcelKey) -> Parcel | None:
        """Return the parcel, if it is known."""
        ...

    async def parcels(self, workspace: str | None = None) -> Sequence[Parcel]:
        """Return all parcels, or those of one workspace."""
        ...

    async def parcels_of(self, key: ParcelKey) -> Sequence[Parcel]:
        """Return the parcel in every workspace that knows it."""
        ...

    async def subscription(self, place: Place, key: ParcelKey) -> Subscription | None:
        """Return this place's subscription, archived or not."""
        ...

    async def subscriptions(self, place: Place) -> Sequence[Subscription]:
        """Return all subscriptions of a place, oldest first, archived ones included."""
        ...

    async def followers(self, workspace: str, key: ParcelKey) -> Sequence[Subscription]:
        """Return every subscription of a parcel, archived ones included."""
        ...

    async def settings(self, place: Place) -> ChannelSettings:
        """Return the place's settings; the defaults when it never set any."""
        ...

    async def parcel_count(self) -> int:
        """Return how many parcels are known."""
        ...

    async def unread(self) -> Sequence[Parcel]:
        """Return the parcels that an act left to be read again."""
        ...

    async def silent(self, before: datetime, limit: int) -> Sequence[Parcel]:
        """Return followed parcels that are out, or were last refreshed before this time; the longest unlooked first.

        Left out are those that no look would move: removed, final, or missing at the provider.
        """
        ...

    async def unlike(self, seen: Mapping[ParcelKey, Seen]) -> Sequence[ParcelKey]:
        """Return the keys of parcels we know and read from an entry with another fingerprint.

        Of the others the time of the refresh is remembered; it is on disk only after the parcel's next save.
        """
        ...

    async def waiting(self, place: Place | None = None) -> Sequence[Notification]:
        """Return the rows of one place, or of all, that are not yet told nor set aside, oldest first."""
        ...

    async def waiting_places(self) -> Sequence[Place]:
        """Return the places that have such rows."""
        ...

    async def set_aside(self) -> Sequence[Notification]:
        """Return the rows that were set aside, oldest first."""
        ...

    async def open_items(self) -> Sequence[InboxItem]:
        """Return the inbox items not yet done, oldest first."""
        ...

    async def done_items(self) -> Sequence[InboxItem]:
        """Return the inbox items done and kept to know a second delivery by."""
        ...

    async def everything(self) -> Sequence[Record]:
        """Return every record there is."""
        ...

    async def memo(self, workspace: str, name: str) -> str | None:
        """Return the value remembered under a name."""
        ...

    async def close(self) -> None:
        """Let go of everything held."""
        ...
