"""How parcels are written in the service's answers, with the oddities that real answers have."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zlib import crc32

from bot.sandbox.trackingmore.life import DAY, Checkpoint, Life, Stored
from bot.sandbox.trackingmore.tables import COUNTRIES, carriers

Json = dict[str, Any]
Quirks = frozenset[str]
BEIJING = timezone(timedelta(hours=8))
_WORDS = ("pending", "notfound", "transit", "pickup", "delivered", "expired", "undelivered", "exception")
NUMBERS = {word: number for number, word in enumerate(_WORDS)}
MILESTONES = (
    "ItemReceived",
    "ItemDispatched",
    "DepartfromAirport",
    "ArrivalfromAbroad",
    "CustomsClearance",
    "DestinationArrived",
)
_ACTS = {"notfound": "M", "delivered": "D", "exception": "X", "undelivered": "X"}
_TEXTS = ("title", "order_id", "comment", "customer_name")
# Each oddity is a bit of the number's luck.
_QUIRKS = (
    *("numbers as text", "e-mail in a list", "the word null", "milestones false", "missing leg"),
    *("leg as list", "no seconds", "shuffled keys", "label in transit"),
    *("created is 201", "updated before created", "missing is 4017", "archived as text"),
)
_ONLY_WHEN_SET = ("customer_phone", "destination_code", "logistics_channel")


def quirks_of(number: str, seed: int) -> Quirks:
    """Return the oddities of a number's answers: drawn once, the same at each read."""
    luck = crc32(f"{seed}:{number}".encode())
    return frozenset(name for bit, name in enumerate(_QUIRKS) if luck >> bit & 1)


def iso(moment: float | None, form: str = "%Y-%m-%dT%H:%M:%S+08:00") -> str | None:
    """Return a moment as the service writes it."""
    return None if moment is None else datetime.fromtimestamp(int(moment), BEIJING).strftime(form)


def created(stored: Stored) -> Json:
    """Return the answer to the creation of a parcel."""
    names = (*_TEXTS, "customer_email", "customer_phone", "logistics_channel")
    answer = _identity(stored) | {"order_create_time": stored.ordered, "status": "pending"}
    answer |= {"created_at": iso(stored.created), "destination": ""}
    return answer | {name: stored.fields.get(name) for name in names}


def edited(stored: Stored, now: float, status: str | None) -> Json:
    """Return the answer to an edit: status and archived come back as text."""
    word = stored.mark or stored.standing(stored.refreshed(now))[0]
    names = ("title", "order_id", "customer_name", "customer_email", *_ONLY_WHEN_SET)
    return {
        **_identity(stored),
        **{name: stored.fields.get(name, "") for name in names},
        "created_at": iso(stored.created),
        "updated_at": iso(stored.refreshed(now)),
        "archived": "true" if stored.archived else "false",
        "status": status or str(NUMBERS[word]),
    }


def tracking(stored: Stored, now: float, quirks: Quirks) -> Json:
    """Return the whole of a parcel, as `GET` and the list show it."""
    life, refreshed = stored.life, stored.refreshed(now)
    status, substatus, events = stored.standing(refreshed)
    empty = "null" if "the word null" in quirks else None
    email: Any = stored.fields.get("customer_email", "")
    answer: Json = {
        **_identity(stored),
        "status": stored.mark or status,
        "track_update": stored.active(now),
        "created_at": iso(stored.created),
        "updated_at": iso(refreshed),
        "order_create_time": iso(stored.ordered or None, "%Y-%m-%d %H:%M"),
        "customer_email": [email] if email and "e-mail in a list" in quirks else email,
        **{name: stored.fields.get(name, empty) for name in _TEXTS},
        "archived": "true" if stored.archived and "archived as text" in quirks else stored.archived,
        "original_country": _country(life, 0) if events else "",
        "itemTimeLength": _days(events, -1, refreshed, quirks),
        "stayTimeLength": _days(events, 0, refreshed, quirks),
        "service_code": None,
        "status_info": None,
        "substatus": substatus,
        "origin_info": _leg(life, events, quirks, second=False),
        **_arrival(life, events, quirks),
        **_newest(life, events, quirks),
        **{name: stored.fields[name] for name in _ONLY_WHEN_SET if name in stored.fields},
    }
    return _shuffled(answer, life.number) if "shuffled keys" in quirks else answer


def looked(stored: Stored, until: float, quirks: Quirks) -> Json:
    """Return the shorter form of a parcel that a real-time look answers."""
    life = stored.life
    status, _, events = stored.standing(until)
    answer: Json = {
        **_identity(stored),
        "status": stored.mark or status,
        "original_country": _country(life, 0) if events else "",
        "itemTimeLength": _days(events, -1, until, quirks),
        "origin_info": _leg(life, events, quirks, second=False, milestones=False) if events else None,
        "destination_info": None,
    }
    if events:
        answer |= {**_arrival(life, events, quirks, milestones=False), **_newest(life, events, quirks)}
    return answer


def _identity(stored: Stored) -> Json:
    return {"id": stored.id, "tracking_number": stored.life.number, "carrier_code": stored.life.carrier.code}


def _arrival(life: Life, events: list[Checkpoint], quirks: Quirks, *, milestones: bool = True) -> Json:
    """Return the country and the leg of destination; both are missing before the first scan."""
    if not events:
        return {}
    answer: Json = {"destination_country": _country(life, 1)}
    if any(event.second for event in events):
        return answer | {"destination_info": _leg(life, events, quirks, second=True, milestones=milestones)}
    if "missing leg" in quirks:
        return answer
    return answer | {"destination_info": [] if "leg as list" in quirks else None}


def _leg(life: Life, events: list[Checkpoint], quirks: Quirks, *, second: bool, milestones: bool = True) -> Json:
    mine = [event for event in events if event.second == second]
    carrier = carriers().get(life.route.second, life.carrier) if second else life.carrier
    none = False if "milestones false" in quirks else None
    leg: Json = {"ReferenceNumber": None, **dict.fromkeys(MILESTONES, none)} if milestones else {}
    if milestones:
        leg |= {event.node: _wall_clock(life, event.at, quirks) for event in reversed(mine) if event.node}
    return leg | {
        "weblink": carrier.homepage,
        "phone": carrier.phone or None,
        "carrier_code": carrier.code,
        "trackinfo": [_checkpoint(life, event, quirks) for event in mine] or None,
    }


def _checkpoint(life: Life, event: Checkpoint, quirks: Quirks) -> Json:
    label = event.status == "notfound" and "label in transit" in quirks
    answer: Json = {
        "Date": _wall_clock(life, event.at, quirks),
        "StatusDescription": event.text,
        "Details": event.place,
        "checkpoint_status": "transit" if label else event.status,
        "substatus": event.substatus,
        "ItemNode": event.node,
    }
    if life.carrier.code == "ups":
        city, _, rest = event.place.partition(",")
        answer |= {
            "substatus_num": "",
            "ActType": _ACTS.get(event.status, "I"),
            "CountryIso2": life.countries[1],
            "City": city if rest else "",
        }
    return _shuffled(answer, life.number) if "shuffled keys" in quirks else answer


def _newest(life: Life, events: list[Checkpoint], quirks: Quirks) -> Json:
    if not events:
        return {"lastEvent": "", "lastUpdateTime": ""}
    date = _wall_clock(life, events[0].at, quirks)
    return {"lastEvent": f"{events[0].text},{events[0].place},{date}", "lastUpdateTime": date}


def _wall_clock(life: Life, moment: float, quirks: Quirks) -> str:
    local = datetime.fromtimestamp(moment + life.utc_offset, UTC)
    return local.strftime("%Y-%m-%d %H:%M" if "no seconds" in quirks else "%Y-%m-%d %H:%M:%S")


def _country(life: Life, end: int) -> str:
    return COUNTRIES[life.countries[end]][0]


def _days(events: list[Checkpoint], since: int, until: float | None, quirks: Quirks) -> int | str | None:
    """Return the days from a checkpoint to the delivery, or until now."""
    if not events or until is None:
        return None
    end = events[0].at if events[0].status == "delivered" and since else until
    days = int((end - events[since].at) // DAY)
    return str(days) if "numbers as text" in quirks else days


def _shuffled(answer: Json, number: str) -> Json:
    names = sorted(answer, key=lambda name: crc32(f"{number}{name}".encode()))
    return {name: answer[name] for name in names}
