"""Where a parcel stands, and which events of its journey are worth telling."""

from enum import StrEnum


class Status(StrEnum):
    """Where a parcel stands; UNKNOWN for words not met before."""

    PENDING = "pending"
    NOT_FOUND = "notfound"
    IN_TRANSIT = "transit"
    PICKUP = "pickup"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    UNDELIVERED = "undelivered"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"


NOT_SEEN_YET = frozenset({Status.PENDING, Status.NOT_FOUND})
FINAL = frozenset({Status.DELIVERED, Status.EXPIRED})
MARKABLE = frozenset({Status.DELIVERED, Status.EXCEPTION})


class Event(StrEnum):
    """Something that happened to a parcel, in the word people subscribe to."""

    ADDED = "added"
    MOVING = "moving"
    CUSTOMS = "customs"
    OUT = "out"
    COLLECT = "collect"
    ATTEMPT = "attempt"
    PROBLEM = "problem"
    RETURNED = "returned"
    DELIVERED = "delivered"
    REVERSED = "reversed"
    STALLED = "stalled"
    UNMOVED = "unmoved"
    # What people did; always told in the thread of the card.
    MARKED = "marked"
    RESTORED = "restored"
    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"
    DELETED = "deleted"
    GONE = "gone"


BY_PEOPLE = frozenset({Event.MARKED, Event.RESTORED, Event.ARCHIVED, Event.UNARCHIVED, Event.DELETED, Event.GONE})

_QUIET = frozenset({Event.PROBLEM, Event.ATTEMPT, Event.RETURNED, Event.STALLED, Event.REVERSED})
_ESSENTIALS = _QUIET | {Event.COLLECT, Event.OUT, Event.DELIVERED}


class Preset(StrEnum):
    """A named set of events that a channel hears of."""

    QUIET = "quiet"
    ESSENTIALS = "essentials"
    EVERYTHING = "everything"

    @property
    def events(self) -> frozenset[Event]:
        """The events that make a line in the thread."""
        match self:
            case Preset.QUIET:
                return _QUIET
            case Preset.ESSENTIALS:
                return _ESSENTIALS
            case _:
                return frozenset(Event) - BY_PEOPLE


class Aloud(StrEnum):
    """Which of the told events are also shown in the channel itself."""

    IMPORTANT = "important"
    ALL = "all"
    NONE = "none"

    def shows(self, event: Event) -> bool:
        """Return whether this event is shown in the channel, not only in the thread."""
        match self:
            case Aloud.IMPORTANT:
                return event in {Event.PROBLEM, Event.RETURNED, Event.REVERSED, Event.DELIVERED}
            case Aloud.ALL:
                return event not in BY_PEOPLE
            case _:
                return False


def event_of(status: Status, substatus: str = "") -> Event | None:
    """Return the event that reaching this status is; None when it is nothing to tell.

    The provider's substatus chooses the finer word: 010 and 011 of exception are on the way back
    (https://www.trackingmore.com/docs/logistics_status.php).
    """
    match status:
        case Status.IN_TRANSIT:
            return Event.CUSTOMS if substatus == "transit005" else Event.MOVING
        case Status.PICKUP:
            return Event.COLLECT if substatus == "pickup002" else Event.OUT
        case Status.DELIVERED:
            return Event.DELIVERED
        case Status.UNDELIVERED:
            return Event.ATTEMPT
        case Status.EXCEPTION:
            return Event.RETURNED if substatus in {"exception010", "exception011"} else Event.PROBLEM
        case Status.EXPIRED:
            return Event.PROBLEM
        case _:
            return None
