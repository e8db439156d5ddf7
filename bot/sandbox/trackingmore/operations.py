"""The operations on parcels: what each one does and answers, once the call itself was found in order."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.sandbox.trackingmore import wire
from bot.sandbox.trackingmore.account import Account
from bot.sandbox.trackingmore.codes import CODES, Refused
from bot.sandbox.trackingmore.faults import Faults
from bot.sandbox.trackingmore.life import HOUR, Stored
from bot.sandbox.trackingmore.tables import carriers

Json = dict[str, Any]
MOST_AT_ONCE = 40
MOST_A_PAGE = 2000
NO_QUOTA = 4021
LOOK_AGAIN_AFTER = 2 * HOUR
MARKS = {"4": "delivered", "7": "exception", "8": None}
_TEXTS = (
    *("title", "logistics_channel", "customer_name", "customer_email", "customer_phone", "order_id", "comment"),
    "destination_code",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A call that has passed the door."""

    operation: str
    faults: Faults
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    carrier: str = ""
    number: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers."""

    data: Any
    code: int = 200


def pay(account: Account, ask: Ask, cost: float, *, code: int = 4021, number: int = 1) -> None:
    """Take the cost of an operation from the quota."""
    if ask.faults.quota_gone or account.quota.left < cost * number:
        raise Refused(code)
    account.quota.entries.append((account.clock.now(), ask.operation, round(cost * number, 1)))


def create(account: Account, ask: Ask) -> Answer:
    """Put a parcel into the account: costs 1."""
    stored = _create(account, ask, an_object(ask.body))
    if stored is None:
        return Answer([], 201)
    return Answer(wire.created(stored), 201 if "created is 201" in account.quirks(stored.life.number) else 200)


def batch(account: Account, ask: Ask) -> Answer:
    """Put up to 40 parcels into the account; what fails is told one by one."""

    def one(item: Json) -> Json | None:
        stored = _create(account, ask, item)
        return wire.created(stored) if stored else None

    answer = _each(ask, "added", one, code=201)
    if not answer.data["added"] and {error["code"] for error in answer.data["errors"]} == {NO_QUOTA}:
        raise Refused(NO_QUOTA)
    return answer


def show(account: Account, ask: Ask) -> Answer:
    """Return one parcel."""
    stored = _find(account, ask.carrier, ask.number)
    if stored is None:
        raise Refused(4017 if "missing is 4017" in account.quirks(ask.number.upper()) else 4031)
    return Answer(wire.tracking(stored, account.now, account.quirks(stored.life.number)))


def edit(account: Account, ask: Ask) -> Answer:
    """Change what was said of a parcel; 4 and 7 put a mark over the carrier's status, 8 takes it off."""
    stored = _found(account, ask.carrier, ask.number)
    return Answer(_edit(account, stored, an_object(ask.body)))


def edit_many(account: Account, ask: Ask) -> Answer:
    """Change up to 40 parcels."""

    def one(item: Json) -> Json:
        answer = _edit(account, _found(account, *_key(item)), item)
        return {name: value for name, value in answer.items() if name != "customer_phone"}

    return _each(ask, "updated", one)


def delete(account: Account, ask: Ask) -> Answer:
    """Take a parcel out of the account."""
    stored = _found(account, ask.carrier, ask.number)
    del account.stored[stored.life.carrier.code, stored.life.number]
    return Answer([])


def delete_many(account: Account, ask: Ask) -> Answer:
    """Take up to 40 parcels out of the account."""

    def one(item: Json) -> Json:
        _found(account, *_key(item))
        del account.stored[_key(item)]
        return {"meta": {**_named(item), "code": 200, "type": "Success", "message": "Success"}}

    return _each(ask, "delete", one)


def stop(account: Account, ask: Ask) -> Answer:
    """Refresh up to 40 parcels no more."""

    def one(item: Json) -> Json:
        stored = _found(account, *_key(item))
        stored.stopped = min(stored.stopped, account.now)
        return _named(item)

    return _each(ask, "change", one)


def look(account: Account, ask: Ask) -> Answer:
    """Ask the carrier now; within two hours of a look, answer what is known already."""
    carrier, number = _key(an_object(ask.body))
    if ask.faults.not_activated:
        raise Refused(4018)
    now, life = account.now, account.life(carrier, number)
    stored = account.stored.get((carrier, number))
    looked = account.looks.get((carrier, number))
    again = looked is not None and now - looked < LOOK_AGAIN_AFTER
    if again and ask.faults.realtime_twice_is_429:
        raise Refused(429)
    if ask.faults.quota_gone:
        raise Refused(4021)
    if not again:
        if ask.faults.realtime_costs:
            pay(account, ask, 1)
        account.looks[carrier, number] = looked = now
        if stored:
            stored.touched = now
    until = max(looked or now, (stored and stored.refreshed(now)) or 0)
    answer = wire.looked(stored or account.onlooker(life), until, account.quirks(number))
    return Answer({"items": [answer]})


def change_carrier(account: Account, ask: Ask) -> Answer:
    """Give a parcel to another carrier: a new one, whose history begins again; costs 1."""
    body = an_object(ask.body)
    carrier, number = _key(body)
    new = body.get("update_carrier_code")
    if not new:
        raise Refused(4012)
    if str(new).lower() not in carriers():
        raise Refused(4015)
    stored = _found(account, carrier, number)
    if (str(new).lower(), number) in account.stored:
        raise Refused(4016)
    pay(account, ask, 1)
    del account.stored[carrier, number]
    account.keep(account.life(str(new).lower(), number), stored.fields, stored.ordered)
    return Answer({"Usertag": ""})


def an_object(body: object) -> Json:
    """Return the body as an object."""
    if not isinstance(body, dict):
        raise Refused(4012)
    return body


def some(body: object) -> list[Json]:
    """Return the body as a list of 1 to 40 objects."""
    if not isinstance(body, list) or not body or not all(isinstance(item, dict) for item in body):
        raise Refused(4012)
    if len(body) > MOST_AT_ONCE:
        raise Refused(4020)
    return body


def check_pair(carrier: str, number: str) -> None:
    """Check the forms of a number and of a carrier."""
    if not re.fullmatch(r"[0-9a-zA-Z_-]{5,}", number):
        raise Refused(4014)
    if carrier.lower() not in carriers():
        raise Refused(4015)


def _each(ask: Ask, counted: str, one: Callable[[Json], Json | None], *, code: int = 200) -> Answer:
    """Do the same for each item of the body; what fails is told one by one."""
    done, errors = [], []
    for item in some(ask.body):
        try:
            done.append(one(item))
        except Refused as refused:
            errors.append({**_named(item), "code": refused.code, "message": CODES[refused.code][1]})
    told = [answer for answer in done if answer]
    found = {"submitted": len(ask.body), counted: len(told), "trackings": told, "errors": errors}
    return Answer(found, code)


def _named(item: Json) -> Json:
    return {name: item.get(name) for name in ("tracking_number", "carrier_code")}


def _key(item: Json) -> tuple[str, str]:
    number, carrier = item.get("tracking_number"), item.get("carrier_code")
    if not number:
        raise Refused(4013)
    if not carrier:
        raise Refused(4012)
    check_pair(str(carrier), str(number))
    return str(carrier).lower(), str(number).upper()


def _find(account: Account, carrier: str, number: str) -> Stored | None:
    check_pair(carrier, number)
    return account.stored.get((carrier.lower(), number.upper()))


def _found(account: Account, carrier: str, number: str) -> Stored:
    stored = _find(account, carrier, number)
    if stored is None:
        raise Refused(4017)
    return stored


def _create(account: Account, ask: Ask, item: Json) -> Stored | None:
    carrier, number = _key(item)
    if not re.fullmatch(r"[a-zA-Z]{2}", str(item.get("lang") or "en")):
        raise Refused(4012)
    if ask.faults.quota_gone or account.quota.left < 1:
        raise Refused(4021)
    if (carrier, number) in account.stored:
        if ask.faults.existing_is_201:
            return None
        raise Refused(4016)
    pay(account, ask, 1)
    return account.keep(account.life(carrier, number), _texts(item), _ordered(item.get("order_create_time")))


def _ordered(said: object) -> int:
    """Return an order's time in unix seconds, 0 if it is none."""
    text = str(said or "").replace("/", "-")
    if text.isdigit():
        return int(text)
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        with suppress(ValueError):
            return int(datetime.strptime(text, form).replace(tzinfo=wire.BEIJING).timestamp())
    return 0


def _edit(account: Account, stored: Stored, item: Json) -> Json:
    status = None if item.get("status") is None else str(item["status"])
    archived = None if item.get("archived") is None else str(item["archived"]).lower()
    if archived not in {None, "true", "false"}:
        raise Refused(4012)
    if status is not None and status not in MARKS:
        raise Refused(4033)
    if status is not None:
        stored.mark = MARKS[status]
    if archived is not None:
        stored.archived = archived == "true"
    texts = _texts(item)
    texts.pop("comment", None)
    stored.fields.update(texts)
    return wire.edited(stored, account.now, status)


def _texts(item: Json) -> dict[str, str]:
    """Return what was said of a parcel; null says nothing."""
    said = {name: item[name] for name in _TEXTS if item.get(name) is not None}
    return {name: str(value[0] if isinstance(value, list) and value else value) for name, value in said.items()}
