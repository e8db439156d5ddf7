"""The operations that only tell: lists and counts of parcels, the account, carriers, and the paid look-ups."""

import json
import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any
from zlib import crc32

from bot.sandbox.trackingmore import wire
from bot.sandbox.trackingmore.account import Account
from bot.sandbox.trackingmore.codes import Refused
from bot.sandbox.trackingmore.life import DAY, Stored
from bot.sandbox.trackingmore.operations import MOST_A_PAGE, MOST_AT_ONCE, Answer, Ask, an_object, pay, some
from bot.sandbox.trackingmore.tables import COUNTRIES, WORLD, Carrier, carriers, country_code, detect

Json = dict[str, Any]
_REMOTE_FOR = ("dhl", "fedex", "tnt", "ups")


def parcels(account: Account, ask: Ask) -> Answer:
    """Return a page of the account's parcels, newest created first."""
    page, limit = _whole(ask.query, "page", 1, 1), _whole(ask.query, "limit", 100, 1)
    if limit > MOST_A_PAGE or not re.fullmatch(r"[a-zA-Z]{2}", ask.query.get("lang") or "en"):
        raise Refused(4012)
    chosen = list(_chosen(account, ask.query))
    items = chosen[(page - 1) * limit : page * limit]
    if not items and ask.faults.empty_list == "4031":
        raise Refused(4031)
    if not items and ask.faults.empty_list == "list":
        return Answer([])
    now = account.now
    shown = [wire.tracking(stored, now, account.quirks(stored.life.number)) for stored in items]
    return Answer({"page": page, "limit": limit, "total": str(len(chosen)), "count": len(shown), "items": shown})


def counts(account: Account, ask: Ask) -> Answer:
    """Return how many parcels have each status, archived ones included."""
    found = dict.fromkeys(wire.NUMBERS, 0)
    wanted = {name: value for name, value in ask.query.items() if name.startswith(("created_at", "order_created"))}
    for stored in _chosen(account, wanted):
        found[_status(stored, account.now)] += 1
    return Answer(found)


def owner(account: Account, _ask: Ask) -> Answer:
    """Return whose account it is and the quota that is left."""
    who = {"email": "merchant@example.com", "regtime": str(int(account.opened.timestamp()) - 90 * 86400)}
    return Answer(who | {"phone": "+8600000000000", "money": 999, "track_number": int(account.quota.left)})


def all_carriers(_account: Account, ask: Ask) -> Answer:
    """Return the carriers; their Chinese names too when the language is Chinese."""
    return Answer([_carrier(carrier, chinese=ask.language == "cn") for carrier in carriers().values()])


def detected(account: Account, ask: Ask) -> Answer:
    """Return the carriers whose number this may be: costs 0.2."""
    number = str(an_object(ask.body).get("tracking_number") or "")
    if not number:
        raise Refused(4013)
    if not re.fullmatch(r"[0-9a-zA-Z_-]{5,}", number):
        raise Refused(4014)
    pay(account, ask, 0.2, code=4019)
    found = detect(number)
    if not found:
        raise Refused(4032)
    return Answer([{"name": carrier.name, "code": carrier.code} for carrier in found])


def remote(account: Account, ask: Ask) -> Answer:
    """Return for which carriers up to 40 addresses are remote: costs 0.2 each."""
    items = some(ask.body)
    if not all(item.get("country") and item.get("postcode") for item in items):
        raise Refused(4012)
    _paid(account, ask, 0.2, len(items))
    far: list[Json] = []
    other: list[Json] = []
    for item in items:
        code, postcode = country_code(str(item["country"])), str(item["postcode"])
        companies = [str(item["company"]).lower()] if item.get("company") else _REMOTE_FOR
        hits = [name for name in companies if code and crc32(f"{code} {postcode} {name}".encode()) % 4 == 0]
        place = {"two_code": code, "far_country": COUNTRIES[code][0] if code else "", "far_city_postcode": postcode}
        far += [{"far_express_company": name} | place for name in hits]
        other += [] if hits else [item]
    return Answer({"submitted": len(items), "other": other, "remote": far})


def transit_times(account: Account, ask: Ask) -> Answer:
    """Return how long carriers take between countries, up to 40 lanes: costs 0.2 each."""
    lanes = [
        [str(item.get(name) or "") for name in ("carrier_code", "original", "destination")] for item in some(ask.body)
    ]
    if not all(all(lane) for lane in lanes):
        raise Refused(4012)
    if not all(carrier.lower() in carriers() for carrier, _, _ in lanes):
        raise Refused(4015)
    _paid(account, ask, 0.2, len(lanes))
    return Answer([_lane(*lane) for lane in lanes])


def air_waybills(account: Account, ask: Ask) -> Answer:
    """Return where air consignments are: costs 20 each."""
    wanted = an_object(ask.body).get("track_number")
    numbers = [str(number) for number in (wanted if isinstance(wanted, list) else [wanted]) if number]
    if not numbers:
        raise Refused(4012)
    if not all(re.fullmatch(r"\d{3}[ -]?\d{7,8}", number) for number in numbers):
        raise Refused(4014)
    if len(numbers) > MOST_AT_ONCE:
        raise Refused(4020)
    _paid(account, ask, 20, len(numbers))
    digits = [re.sub(r"\D", "", number) for number in numbers]
    return Answer({f"{number[:3]}-{number[3:]}": _air(account, number) for number in digits})


def _paid(account: Account, ask: Ask, cost: float, number: int) -> None:
    if ask.faults.not_activated:
        raise Refused(4018)
    pay(account, ask, cost, code=4019, number=number)


def _chosen(account: Account, query: Mapping[str, str]) -> Iterator[Stored]:
    """Go through the parcels that pass every filter, newest created first."""
    status, archived = query.get("status") or None, {"true": True, "false": False}.get(query.get("archived", ""))
    if status and status not in wire.NUMBERS:
        raise Refused(4033)
    lists = {name: [part for part in query.get(name, "").split(",") if part] for name in ("numbers", "orders")}
    if max(map(len, lists.values())) > MOST_AT_ONCE:
        raise Refused(4020)
    numbers, orders = {number.upper() for number in lists["numbers"]}, set(lists["orders"])
    added, refreshed, ordered = (_span(query, name) for name in ("created_at", "update_time", "order_created_time"))
    now = account.now
    for stored in reversed(account.stored.values()):
        if (
            (archived is None or stored.archived == archived)
            and (not numbers or stored.life.number in numbers)
            and (not orders or stored.fields.get("order_id") in orders)
            and _within(stored.created, added)
            and (refreshed is None or _within(stored.refreshed(now), refreshed))
            and _within(stored.ordered or None, ordered)
            and (status is None or _status(stored, now) == status)
        ):
            yield stored


def _span(query: Mapping[str, str], name: str) -> tuple[int, float] | None:
    """Return the moments between which something must lie, none if the query does not ask."""
    if not query.get(f"{name}_min") and not query.get(f"{name}_max"):
        return None
    return _whole(query, f"{name}_min", 0, 0), _whole(query, f"{name}_max", 1 << 40, 0)


def _within(moment: float | None, span: tuple[int, float] | None) -> bool:
    return span is None or (moment is not None and span[0] <= int(moment) <= span[1])


def _whole(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = query.get(name) or str(default)
    if not re.fullmatch(r"\d{1,15}", text) or int(text) < least:
        raise Refused(4012)
    return int(text)


def _status(stored: Stored, now: float) -> str:
    return stored.mark or stored.standing(stored.refreshed(now))[0]


def _carrier(carrier: Carrier, *, chinese: bool) -> Json:
    answer = {"name": carrier.name, "code": carrier.code, "phone": carrier.phone, "homepage": carrier.homepage}
    answer |= {"type": carrier.type, "picture": f"//s.example/images/icons/{carrier.type}/{carrier.code}.png"}
    return answer | {"name_cn": carrier.name_cn} if chinese else answer


def _lane(carrier: str, original: str, destination: str) -> Json:
    """Return a lane's statistics: made up, the same at each call, and none for one lane of five."""
    luck = crc32(f"{carrier} {original} {destination}".lower().encode())
    total, quick = (60 + luck % 2400, round(0.3 + luck % 40 / 100, 2)) if luck % 5 else (0, 0)
    rest = 1 - quick if total else 0
    shares = {f"range{name}": round(rest * part, 3) for name, part in ((3, 0.7), (4, 0.2), (5, 0.07), (6, 0.03))}
    lane: Json = {"carrier_code": carrier, "original": original, "destination": destination}
    lane |= {"total": total, "delivered": int(total * 0.94), "range1": quick}
    return lane | shares | {"average": round(3 + luck % 130 / 10, 1) if total else 0}


def _air(account: Account, number: str) -> Json:
    if number[:3] not in WORLD["airlines"]:
        return {"return_data": [], "airline_info": {"name": "", "url": "", "track_url": ""}}
    words = dict(zip(("name", "flight", "origin", "destination"), WORLD["airlines"][number[:3]], strict=True))
    date = str(wire.iso(account.now - 3 * DAY - crc32(number.encode()) % DAY, "%Y-%m-%d"))
    answer = Template(WORLD["air"]).substitute(
        words, date=date, pieces=1 + int(number[-1]), weight=100 + int(number[-3:])
    )
    found: Json = json.loads(answer)
    return found
