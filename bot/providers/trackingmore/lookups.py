"""The look-ups beside parcels: account, carriers, remote areas, transit times, air waybills."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.providers.trackingmore.reader import Reader, readers

_SHARES = {"range1": "0-7", "range3": "7-15", "range4": "16-30", "range5": "31-60", "range6": "over 60"}
_CARRIER = ("name", "type", "homepage", "phone")
_FLIGHT = {
    "origin": "depart_station",
    "destination": "arrival_station",
    "planned_departure": "plan_depart_time",
    "departure": "depart_time",
    "planned_arrival": "plan_arrival_time",
    "arrival": "arrival_time",
}
_AIR_EVENT = {
    "date": "actual_date",
    "planned": "plan_date",
    "text": "event",
    "station": "station",
    "flight": "flight_number",
    "status": "status",
    "pieces": "piece",
    "weight": "weight",
}
_ONE_AND_A_BIT = 1.5  # shares that add up to more are percentages


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the account has: `left` parcels and `money`. Its mail and phone are never read."""

    left: int
    money: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCarrier:
    """A carrier in the service's own list."""

    code: str
    name: str
    type: str = ""
    homepage: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a parcel would go; a place without postcodes puts its city there."""

    country: str
    postcode: str
    company: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteArea:
    """A carrier for which an address is remote."""

    company: str
    country_code: str
    country: str
    postcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCheck:
    """Which addresses are remote, and which were not asked since a call failed: those cost nothing."""

    remote: tuple[RemoteArea, ...]
    not_asked: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A carrier's way from one country to another, both of two letters."""

    carrier: str
    origin: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitTime:
    """How long parcels take on a route: `shares` of `delivered` ones by days, each from 0 to 1."""

    route: Route
    samples: int
    delivered: int
    shares: Mapping[str, float]
    average_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitTimes:
    """The transit times that came, and the routes that were not asked since a call failed."""

    times: tuple[TransitTime, ...]
    not_asked: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A flight of an air waybill; times are those of the airport, as the airline wrote them."""

    number: str
    origin: str
    destination: str
    planned_departure: str
    departure: str
    planned_arrival: str
    arrival: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AirEvent:
    """A line of an air waybill; `status` is the airlines' own (RCS, DEP, ARR, RCF, NFD, AWD, DLV)."""

    date: str
    planned: str
    text: str
    station: str
    flight: str
    status: str
    pieces: str
    weight: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AirWaybill:
    """What an airline says of an air waybill."""

    number: str
    airline: str
    origin: str
    destination: str
    pieces: int | None
    weight: str
    status_number: int | None
    stations: tuple[str, ...]
    last_event: str
    flights: tuple[Flight, ...]
    events: tuple[AirEvent, ...]


def read_account(data: Reader) -> Account:
    """Read the account; what is left may be text, and a fraction after a look-up of 0.2."""
    return Account(left=data.whole("track_number"), money=data.number_or("money", 0.0))


def read_carriers(data: object, where: str) -> tuple[ListedCarrier, ...]:
    """Read a list of carriers."""
    return tuple(
        ListedCarrier(code=entry.text("code").lower(), **{name: entry.text_or(name) for name in _CARRIER})
        for entry in readers(data, where)
    )


def read_remote(data: Reader) -> tuple[RemoteArea, ...]:
    """Read the carriers for which addresses are remote: several for one address, none for another."""
    return tuple(
        RemoteArea(
            company=entry.text_or("far_express_company").lower(),
            country_code=entry.text_or("two_code").upper(),
            country=entry.text_or("far_country"),
            postcode=entry.text_or("far_city_postcode"),
        )
        for entry in data.items("remote")
    )


def read_transit_times(data: object, where: str) -> tuple[TransitTime, ...]:
    """Read transit times, be they a list, in `items`, or beside a count."""
    if isinstance(data, dict):
        inner = [(name, value) for name, value in data.items() if isinstance(value, list)]
        where, data = (f"{where}.{inner[0][0]}", inner[0][1]) if inner else (where, None)
    return tuple(_transit_time(entry) for entry in readers(data, where))


def read_air_waybill(data: Reader, number: str) -> AirWaybill | None:
    """Read one air waybill, which comes under its number with a dash; None when the airline knows nothing."""
    name, facts = next(
        ((name, facts) for name, facts in data.objects() if _digits(name) == _digits(number)), ("", data)
    )
    found = facts.inside("return_data")
    if not name or not found:
        return None
    return AirWaybill(
        number=name,
        airline=facts.inside("airline_info").text_or("name"),
        origin=found.text_or("origin"),
        destination=found.text_or("destination"),
        pieces=found.whole_or("piece", None),
        weight=found.text_or("weight"),
        status_number=found.whole_or("status_number", None),
        stations=found.texts("flight_way_station"),
        last_event=found.text_or("last_event"),
        flights=tuple(
            Flight(number=flight, **{ours: facts.text_or(theirs) for ours, theirs in _FLIGHT.items()})
            for flight, facts in found.inside("flight_info").objects()
        ),
        events=tuple(
            AirEvent(**{ours: event.text_or(theirs) for ours, theirs in _AIR_EVENT.items()})
            for event in found.items("track_info")
        ),
    )


def _transit_time(entry: Reader) -> TransitTime:
    # Fractions, percentages and text with a percent sign have all been seen.
    shares = {days: max(entry.number_or(name, 0.0), 0.0) for name, days in _SHARES.items()}
    scale = 100 if sum(shares.values()) > _ONE_AND_A_BIT else 1
    return TransitTime(
        route=Route(
            carrier=entry.text("carrier_code").lower(),
            origin=entry.text("original").upper(),
            destination=entry.text("destination").upper(),
        ),
        samples=entry.whole_or("total", 0),
        delivered=entry.whole_or("delivered", 0),
        shares={days: share / scale for days, share in shares.items()},
        average_days=entry.number_or("average", None),
    )


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdigit())
