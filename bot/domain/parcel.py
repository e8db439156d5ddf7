"""The nouns: a parcel, what is reported of it, who follows it and where."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bot.domain.status import NOT_SEEN_YET, Aloud, Preset, Status


class ParcelKey(NamedTuple):
    """What tells parcels apart: carrier (the provider's word for it) and tracking number, together."""

    carrier: str
    number: str


class Seen(NamedTuple):
    """What a list says of a parcel in short: a fingerprint of its facts, and when the provider last asked."""

    fingerprint: int
    updated_at: datetime | None


class Place(NamedTuple):
    """A channel in a workspace."""

    workspace: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One dated line in a parcel's journey, in the carrier's words.

    `local_time` has no zone, since carriers give none: it is shown, never compared to a clock. `raw_time` holds
    the carrier's text when it cannot be read as a time.
    """

    carrier: str
    local_time: datetime | None
    text: str
    location: str = ""
    status: Status | None = None
    substatus: str = ""
    milestone: str = ""
    raw_time: str = ""

    @property
    def id(self) -> str:
        """Return what tells this checkpoint from all others of its parcel."""
        when = self.local_time.isoformat() if self.local_time else self.raw_time
        facts = f"{self.carrier}\x1f{when}\x1f{self.text.strip()}\x1f{self.location.strip()}"
        return hashlib.blake2b(facts.encode(errors="replace"), digest_size=8).hexdigest()

    @property
    def is_customs(self) -> bool:
        """Return whether this line tells of customs."""
        return self.substatus == "transit005" or self.milestone == "CustomsClearance"


def merge(checkpoints: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Return the lines of all legs as one journey, newest first, each told once.

    Lines of equal time keep the order they came in. The same words in the same minute are one line: the one that
    knows the place wins.
    """
    kept: dict[tuple[str, str], list[Checkpoint]] = {}
    for line in checkpoints:
        when = line.local_time.strftime("%Y-%m-%d %H:%M") if line.local_time else line.raw_time
        twins = kept.setdefault((when, line.text.strip().casefold()), [])
        for at, twin in enumerate(twins):
            if line.location in twin.location or twin.location in line.location:
                twins[at] = max(twin, line, key=lambda one: len(one.location))
                break
        else:
            twins.append(line)
    lines = [line for twins in kept.values() for line in twins]
    return tuple(sorted(lines, key=lambda one: one.local_time or datetime.min, reverse=True))  # noqa: DTZ901 - local times have no zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the provider says of one parcel at one moment.

    `asked_at` is when we asked (our clock); `updated_at` when the provider last asked the carrier (its clock),
    None in answers that do not say. `days_silent` counts days since the last checkpoint, by the provider.
    `fingerprint` stands for all the others but the times: a report with the same one says the same; 0 for none.
    """

    key: ParcelKey
    status: Status
    word: str = ""
    substatus: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()
    updated_at: datetime | None = None
    asked_at: datetime | None = None
    days_silent: int | None = None
    archived: bool = False
    origin: str = ""
    destination: str = ""
    fingerprint: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A status set by a person, kept beside the carrier's; `under_way` until the provider has taken it.

    Until then it is known `instead_of` which mark it is set: that one stands on when it is not taken.
    """

    status: Status
    by: str
    at: datetime
    note: str = ""
    under_way: bool = False
    instead_of: "Mark | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel in a workspace. `status` is the carrier's own; `shown_status` is what people see.

    `looked_at` and `updated_at` are the provider's time, all others ours, UTC. `announced` holds the stages told so
    far, `seen` the ids of every checkpoint ever seen. `missing` counts how often in a row the provider did not know
    the parcel. `fingerprint` is that of the list's entry it was last read from.
    """

    workspace: str
    key: ParcelKey
    serial: int
    added_at: datetime
    status: Status = Status.PENDING
    word: str = ""
    substatus: str = ""
    mark: Mark | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    seen: frozenset[str] = frozenset()
    announced: tuple[str, ...] = ()
    origin: str = ""
    destination: str = ""
    revision: int = 0
    updated_at: datetime | None = None
    observed_at: datetime | None = None
    moved_at: datetime | None = None
    looked_at: datetime | None = None
    acted_at: datetime | None = None
    stall_told: bool = False
    must_read: bool = False
    missing: int = 0
    fingerprint: int = 0
    removed_at: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key under which the store keeps this parcel."""
        return f"{self.workspace}/{self.key.carrier}/{self.key.number}"

    @property
    def short_id(self) -> str:
        """Return the name people type: counted per workspace, never used again."""
        return f"P-{self.serial}"

    @property
    def shown_status(self) -> Status:
        """Return the mark while one stands, else the carrier's own status."""
        return self.mark.status if self.mark and not self.mark.under_way else self.status

    @property
    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint, if there is one."""
        return self.checkpoints[0] if self.checkpoints else None

    @property
    def seen_by_carrier(self) -> bool:
        """Return whether the carrier has said anything of it yet."""
        return bool(self.checkpoints) or self.status not in NOT_SEEN_YET


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A place's wish to hear of a parcel, with what its people call it. `card` is the message that shows it."""

    place: Place
    key: ParcelKey
    added_by: str
    added_at: datetime
    title: str = ""
    order: str = ""
    person: str = ""
    card: str = ""
    archived_at: datetime | None = None
    archived_by: str = ""

    @property
    def id(self) -> str:
        """Return the key under which the store keeps this subscription."""
        return f"{self.place.workspace}/{self.place.channel}/{self.key.carrier}/{self.key.number}"

    @property
    def label(self) -> str:
        """Return what people call it: the title, else the number."""
        return self.title or self.key.number

    @property
    def active(self) -> bool:
        """Return whether the place still hears of it."""
        return self.archived_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """What a channel wishes to hear. `paused` holds Slack's reason while we cannot post there."""

    place: Place
    preset: Preset = Preset.ESSENTIALS
    aloud: Aloud = Aloud.IMPORTANT
    introduced: bool = False
    set_by: str = ""
    paused: str = ""

    @property
    def id(self) -> str:
        """Return the key under which the store keeps these settings."""
        return f"{self.place.workspace}/{self.place.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the account has left, in parcels."""

    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewParcel:
    """What is sent to the provider when a parcel is followed for the first time."""

    key: ParcelKey
    title: str = ""
    order: str = ""
    postcode: str = ""
    destination: str = ""
    shipped: str = ""
    extra: dict[str, str] = field(default_factory=dict)
