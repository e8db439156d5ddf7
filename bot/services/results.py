"""What the tracker's acts come to, and why one could not be done."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import UserError
from bot.domain.parcel import Parcel, Subscription


class ArchivedHere(UserError):
    """The parcel is in this channel's archive, so nothing can be done to it."""

    def __init__(self, subscription: Subscription, parcel: Parcel) -> None:
        super().__init__(
            f"{subscription.label} is archived in this channel. Nothing was changed; "
            f"`unarchive {parcel.short_id}` brings it back."
        )
        self.parcel = parcel


class NothingToRestore(UserError):
    """No mark stands, so there is nothing to undo."""

    def __init__(self, label: str) -> None:
        super().__init__(f"Nothing to undo: {label} has no mark, it already shows the carrier's status.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A parcel as one place follows it."""

    parcel: Parcel
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Here):
    """What following came to: `already` here before, `spent` one of the quota, or free of charge."""

    already: bool = False
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed(Here):
    """What a look came to; `looked_ago` when it was too early for another one."""

    changed: bool = False
    looked_ago: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted(Here):
    """What an act came to; `already` when it was so before."""

    already: bool = False
