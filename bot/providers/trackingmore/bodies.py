"""What we send to the service, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from urllib.parse import quote

from bot.domain.parcel import NewParcel, ParcelKey
from bot.domain.status import Status
from bot.providers.trackingmore.reader import clean

AT_ONCE = 40  # parcels in a call, numbers in a search; the text of 4020 says 200, the page of the operation 40
LONGEST_PAGE = 2000
LONGEST_FIELD = 200  # characters; the service's own limits are not known
_EXTRAS = {"account": "tracking_account_number", "ordered": "order_create_time", "language": "lang", "note": "comment"}


class Override(IntEnum):
    """The status numbers that may be sent; RESTORE gives the carrier's own status back."""

    DELIVERED = 4
    EXCEPTION = 7
    RESTORE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be changed of a parcel; None leaves it as it is."""

    title: str | None = None
    order: str | None = None
    destination: str | None = None
    logistics_channel: str | None = None
    archived: bool | None = None
    status: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of the service's time, both ends within; None leaves an end open."""

    since: datetime | None = None
    until: datetime | None = None

    def query(self, name: str) -> dict[str, str]:
        """Return the parameters, in unix seconds."""
        ends = {f"{name}_min": self.since, f"{name}_max": self.until}
        return {name: str(int(end.timestamp())) for name, end in ends.items() if end}


ALWAYS = Window()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the list is asked for; all that is given must fit. `archived` None means both, and then nothing is sent."""

    page: int = 1
    limit: int = 100
    status: Status | None = None
    created: Window = ALWAYS
    updated: Window = ALWAYS
    ordered: Window = ALWAYS
    numbers: Sequence[str] = ()
    orders: Sequence[str] = ()
    archived: bool | None = None
    language: str = ""

    def query(self) -> dict[str, str]:
        """Return the parameters.

        Raises:
            ValueError: more was asked than the service takes.
        """
        if max(len(self.numbers), len(self.orders)) > AT_ONCE or not 1 <= self.limit <= LONGEST_PAGE:
            raise ValueError(f"A page has 1 to {LONGEST_PAGE} parcels, and {AT_ONCE} numbers or orders can be named.")
        texts = {
            "status": self.status or "",
            "numbers": ",".join(self.numbers),
            "orders": ",".join(self.orders),
            "archived": "" if self.archived is None else str(self.archived).lower(),
            "lang": self.language,
        }
        return {
            "page": str(self.page),
            "limit": str(self.limit),
            **self.created.query("created_at"),
            **self.updated.query("update_time"),
            **self.ordered.query("order_created_time"),
            **{name: text for name, text in texts.items() if text},
        }


def path_of(key: ParcelKey, language: str = "") -> str:
    """Return the path of one parcel."""
    return "/trackings/" + "/".join(quote(word, safe="", errors="replace") for word in (*key, language) if word)


def item_of(key: ParcelKey) -> dict[str, object]:
    """Return how a parcel is named in a body."""
    return {"tracking_number": key.number, "carrier_code": key.carrier}


def creation_of(parcel: NewParcel) -> dict[str, object]:
    """Return the body that creates a parcel.

    The carrier is kept as given (`auto_correct` 1): the service would else choose another, and a parcel is told apart
    by it. The destination goes under each of the names that some carrier's page asks for.
    """
    shipped = parcel.shipped.replace("-", "").replace("/", "")
    fields = {
        "title": parcel.title,
        "order_id": parcel.order,
        "tracking_postal_code": parcel.postcode,
        "destination_code": parcel.destination,
        "tracking_destination_country": parcel.destination,
        "specialNumberDestination": parcel.destination,
        "tracking_ship_date": shipped,
        **{_EXTRAS.get(name, name): value for name, value in parcel.extra.items()},
    }
    texts = {name: clean(value)[:LONGEST_FIELD] for name, value in fields.items() if value}
    return {**item_of(parcel.key), **texts, "auto_correct": 1}


def look_of(parcel: NewParcel) -> dict[str, object]:
    """Return the body of a real-time look: what carriers have to know, the order under another name than elsewhere."""
    needless = {"title", "comment", "tracking_destination_country", "auto_correct"}
    body = creation_of(parcel).items()
    return {"order" if name == "order_id" else name: value for name, value in body if name not in needless}


def changes_of(edit: Edit) -> dict[str, object]:
    """Return the body that edits a parcel: only what is to change, since nobody knows what null does."""
    texts = {
        "title": edit.title,
        "order_id": edit.order,
        "destination_code": edit.destination,
        "logistics_channel": edit.logistics_channel,
    }
    body: dict[str, object] = {name: clean(text)[:LONGEST_FIELD] for name, text in texts.items() if text is not None}
    if edit.archived is not None:
        body["archived"] = "true" if edit.archived else "false"
    if edit.status is not None:
        body["status"] = int(edit.status)
    return body
