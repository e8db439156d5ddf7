"""The decoders: mutated answers of the provider, read through the whole client; what is read must be storable."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.domain.changes import observe
from bot.domain.errors import ProviderError
from bot.domain.parcel import NewParcel, Parcel, ParcelKey, Report
from bot.providers.trackingmore.bodies import Search
from bot.providers.trackingmore.client import Client
from bot.providers.trackingmore.codes import GOOD
from bot.providers.trackingmore.listing import Page, read_page
from bot.providers.trackingmore.lookups import Address, Route
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.session import Session, unwrap
from bot.providers.trackingmore.transport import RawAnswer, Transport
from bot.slack import messages
from bot.stores.memory import memory_store
from tests.fakes import START, FakeClock
from tests.fuzz import mutators
from tests.unit.slack.examples import MUGS
from tests.unit.slack.limits import problems

FOLDER = Path(__file__).parents[1] / "recordings" / "trackingmore"
KEY = ParcelKey("sto", "770000000001")
DATE = "Mon, 02 Mar 2026 12:00:00 GMT"
Call = Callable[[Client], Awaitable[Any]]
OPERATIONS: Mapping[str, Call] = {
    "01": lambda client: client.post(NewParcel(key=KEY)),
    "02": lambda client: client.get(KEY),
    "05": lambda client: client.batch([NewParcel(key=KEY), NewParcel(key=ParcelKey("ups", "1ZX000010300000016"))]),
    "06": lambda client: client.list_page(Search(limit=2000)),
    "08": lambda client: client.delete_many([KEY]),
    "09": lambda client: client.realtime(NewParcel(key=KEY)),
    "11": lambda client: client.getuserinfo(),
    "12": lambda client: client.getstatusnumber(),
    "13": lambda client: client.notupdate([KEY]),
    "14": lambda client: client.remote([Address(country="CN", postcode="1")]),
    "15": lambda client: client.costtime([Route(carrier="dhl", origin="CN", destination="US")]),
    "16": lambda client: client.aircargo("160-00000001"),
    "17": lambda client: client.carriers(),
    "18": lambda client: client.detect("1"),
}
SHARES = {"06": 8, "02": 3, "09": 3}


def _recordings() -> tuple[dict[str, list[Any]], list[Any]]:
    """Return the recorded answers by operation, and parts of them to put where they don't belong."""
    found: dict[str, list[Any]] = {name: [] for name in OPERATIONS}
    parcels: list[Any] = []
    for path in sorted(FOLDER.glob("*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        answer = recorded.get("response") if isinstance(recorded, dict) else None
        if path.stem[:2] in found and isinstance(answer, dict):
            found[path.stem[:2]].append(answer)
        if path.stem.startswith("object-") and isinstance(recorded, dict):
            parcels.append(recorded.get("object", recorded))
    envelope = {"code": 200, "type": "Success", "message": "Success"}
    found["06"].append({"meta": envelope, "data": {"page": 1, "limit": 100, "total": len(parcels), "items": parcels}})
    found["02"] += [{"meta": envelope, "data": one} for one in parcels]
    return found, [*parcels, *(answers[0] for answers in found.values() if answers)]


ANSWERS, PARTS = _recordings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer, and to which operation."""

    operation: str
    raw: RawAnswer


class _Wire(Transport):
    """Gives one answer to whatever is asked."""

    def __init__(self, raw: RawAnswer) -> None:
        self.raw = raw

    async def send(self, where: str, path: str, **more: Any) -> RawAnswer:  # noqa: ANN401 - as asked
        more["on_sent"]()
        return self.raw

    async def close(self) -> None:
        """Hold nothing."""


class Decoders:
    """Answers the client with what is nearly right."""

    def make(self, luck: Random) -> Given:
        """Return a recorded answer, spoilt."""
        operation = luck.choices(list(OPERATIONS), [SHARES.get(name, 1) for name in OPERATIONS])[0]
        start = luck.choice(ANSWERS[operation] or PARTS)
        body = mutators.written(luck, mutators.value(luck, start, PARTS))
        headers = {
            "Date": luck.choice(
                ("", "Mon, 02 Mar 2026 12:00:00 GMT", mutators.text(luck, "Mon, 02 Mar 2026 12:00:00"))
            ),
            "Retry-After": luck.choice(("", "120", "-1", "1e9", mutators.text(luck, "30"))),
        }
        status = luck.choice((200, 200, 200, 200, 201, 204, 400, 401, 404, 429, 500, 503))
        return Given(operation=operation, raw=RawAnswer(status=status, headers=headers, body=body))

    async def run(self, given: Given) -> None:
        """Ask; what was read must be told and stored without another check."""
        clock = FakeClock()
        session = Session(_Wire(given.raw), clock, pacer=Pacer(spacing=timedelta()))
        try:
            read = await OPERATIONS[given.operation](Client(session))
            await _moment(session.now())
        finally:
            await session.close()
        for report in read.reports if isinstance(read, Page) else [read] if isinstance(read, Report) else ():
            await _take(report)
        if isinstance(read, Page):
            _same_both_ways(given.raw, [replace(report, fingerprint=0) for report in read.reports])


async def _moment(now: datetime) -> None:
    assert now.tzinfo is not None, "a moment without a zone"


def _same_both_ways(raw: RawAnswer, quick: Sequence[Report]) -> None:
    """Hold what was read of a page in a hurry against the same page read in full."""
    try:
        code, data = unwrap(raw, "page")
        if code not in GOOD:  # in full it was not understood, and judged by its HTTP status
            return
        full = read_page(data, "page", START).reports
    except ProviderError:
        return
    same = {report.key: replace(report, fingerprint=0, asked_at=None) for report in full}
    assert {report.key: replace(report, asked_at=None) for report in quick} == same, "a page read in two ways differs"


async def _take(report: Report) -> None:
    """Take a report as the sweep does: observe it, store the parcel, draw its card."""
    assert report.key.number, "a parcel without a number"
    assert report.key.carrier, "a parcel without a carrier"
    before = Parcel(workspace="T", key=report.key, serial=1, added_at=START)
    after, _ = observe(before, report, START)
    store = memory_store()
    await store.save(after)
    await store.close()
    found = problems(messages.parcel_card(after, MUGS))
    assert not found, found
