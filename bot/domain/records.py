"""What is remembered besides parcels: what has come in, what is still to be told, and small facts.

Every record has an `id` that starts with its workspace.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.changes import Change
from bot.domain.parcel import ChannelSettings, Checkpoint, Parcel, ParcelKey, Place, Subscription
from bot.domain.status import BY_PEOPLE, Event, Status


class Progress(StrEnum):
    """How far a notification has come. SENDING is written before Slack is asked."""

    WAITING = "waiting"
    SENDING = "sending"
    SET_ASIDE = "set aside"


class Doubt(StrEnum):
    """What becomes of a message when nobody can find out whether it was posted: it is told again, or set aside."""

    REPEAT = "repeat"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One change to be told in one place; `event` is None when only the card is redrawn.

    It holds facts, not text: a message mended today mends what is still waiting. `stamp` finds the message again in
    Slack when we do not know whether it was posted; with `digest` that message tells other parcels' rows, too. `again`
    says that it may have been told before, `new` that the card is still to be posted. `rehearsals`
    counts the deaths of ours in the midst of it: one while it was told, the others while it was only written out.
    """

    place: Place
    key: ParcelKey
    revision: int
    event: Event | None
    created_at: datetime
    until: datetime
    before: Status = Status.PENDING
    status: Status = Status.PENDING
    substatus: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()
    by: str = ""
    note: str = ""
    aloud: bool = False
    progress: Progress = Progress.WAITING
    attempts: int = 0
    refusals: int = 0
    stamp: str = ""
    started_at: datetime | None = None
    reason: str = ""
    new: bool = False
    digest: bool = False
    again: bool = False
    rehearsals: int = 0

    @property
    def id(self) -> str:
        """Return the key under which the store keeps this row; one a place, parcel, revision and event."""
        where = f"{self.place.workspace}/{self.place.channel}/{self.key.carrier}/{self.key.number}"
        return f"{where}/{self.revision:08d}/{self.event or 'card'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """A request acknowledged but not yet done. `delivery` is Slack's id of it, `words` the command's text.

    A `stranger` is somebody of another workspace, in a channel that both share. `attempts` counts the deaths of ours
    in the midst of it, `answered` how often an answer may have gone to `response_url`: it takes five.
    """

    workspace: str
    delivery: str
    channel: str
    user: str
    words: str
    received_at: datetime
    channel_name: str = ""
    response_url: str = ""
    card: str = ""
    private: bool = False
    stranger: bool = False
    attempts: int = 0
    answered: int = 0
    done_at: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key under which the store keeps this item: the same delivery is one item."""
        digest = hashlib.blake2b(self.delivery.encode(errors="replace"), digest_size=16).hexdigest()
        return f"{self.workspace}/{digest}"

    @property
    def place(self) -> Place:
        """Return the place the request came from."""
        return Place(self.workspace, self.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """A small fact to be remembered under a name: the watermark, a day's looks, who was told of what."""

    workspace: str
    name: str
    value: str

    @property
    def id(self) -> str:
        """Return the key under which the store keeps this memo."""
        return f"{self.workspace}/{self.name}"


class Trouble(StrEnum):
    """What somebody must be told of, since it stops the news."""

    KEY_REFUSED = "key refused"
    QUOTA_SPENT = "quota spent"
    LOOKS_COST = "looks cost"
    PROVIDER_AWAY = "provider away"
    STORE = "store"
    STORE_MENDED = "store mended"
    STORE_NOT_KEPT = "store not kept"
    PLACE_GONE = "place gone"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Trouble, and where: `place` when it concerns one channel, `detail` in plain words."""

    trouble: Trouble
    place: Place | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told of one parcel in one place."""

    rows: tuple[Notification, ...]
    parcel: Parcel
    subscription: Subscription


def notifications(
    change: Change,
    followers: Iterable[tuple[Subscription, ChannelSettings]],
    now: datetime,
) -> list[Notification]:
    """Return what is to be told of a change, a row for each place that follows the parcel.

    The first event that the channel's preset names makes a line; without one only the card is redrawn. What people
    did is always a line, since nobody should wonder who changed a card. `status` is the carrier's own, or the mark
    where somebody set one.
    """
    return [
        Notification(
            place=subscription.place,
            key=subscription.key,
            revision=change.parcel.revision,
            event=(event := next((one for one in change.events if one in settings.preset.events | BY_PEOPLE), None)),
            created_at=now,
            until=now,
            before=change.before,
            status=change.parcel.shown_status if event in BY_PEOPLE else change.parcel.status,
            substatus=change.parcel.substatus,
            checkpoints=change.checkpoints,
            by=change.by,
            note=change.note,
            aloud=event is not None and settings.aloud.shows(event),
        )
        for subscription, settings in followers
    ]


def card_row(subscription: Subscription, revision: int, now: datetime) -> Notification:
    """Return the row that posts this subscription's card, or redraws it, and says nothing else."""
    return Notification(
        place=subscription.place,
        key=subscription.key,
        revision=revision,
        event=None,
        created_at=now,
        until=now,
        new=not subscription.card,
    )
