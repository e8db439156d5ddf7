"""Every recorded answer is read through the client, and every recorded question is what the client asks.

Over 300 lines: 38 recordings, and what was asked for each.

Over 300 lines: there are thirty-eight recordings.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.errors import (
    AlreadyExists,
    AnswerNotUnderstood,
    BotError,
    CarrierRefused,
    Missing,
    NumberRefused,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from bot.domain.parcel import NewParcel, ParcelKey, Report
from bot.domain.status import Status
from bot.providers.trackingmore.bodies import Edit, Override, Search, Window
from bot.providers.trackingmore.client import Client
from bot.providers.trackingmore.codes import error_of
from bot.providers.trackingmore.lookups import Address, Route
from tests.unit.providers.trackingmore.network import Network, good

FOLDER = Path(__file__).parents[3] / "recordings" / "trackingmore"
RECORDINGS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
Call = Callable[[Client], Awaitable[Any]]

NEW = NewParcel(
    key=ParcelKey("china-post", "LX000000014CN"),
    title="Phone case x2",
    order="#1002",
    postcode="10001",
    destination="US",
    shipped="20260209",
    extra={
        "ordered": "2026/2/9 10:08",
        "language": "en",
        "note": "gift wrap",
        "logistics_channel": "Registered small packet",
    },
)
STO, DHL = ParcelKey("sto", "770000000001"), ParcelKey("dhl", "0000000001")
UPS, WISH = ParcelKey("ups", "1Z999AA10100000175"), ParcelKey("wishpost", "83000000001")
SINGAPORE, EMS = ParcelKey("singapore-post", "RP000000045SG"), ParcelKey("china-ems", "EA000000031CN")
USPS = ParcelKey("usps", "9400111899223000000001")
GERMAN = ParcelKey("deutsche-post", "RR000000062DE")
HONGKONG = NewParcel(
    key=ParcelKey("hong-kong-post", "RE000000059HK"),
    order="#123123",
    destination="CO",
    shipped="2025-10-09",
    extra={"ordered": "2025/10/8 16:51", "language": "en"},
)
BLUEDART = NewParcel(key=ParcelKey("bluedart", "00000000001"), extra={"language": "en"})
STO_EDIT = Edit(
    title="new title",
    logistics_channel="4PX Registered",
    order="986574521568",
    destination="CN",
    archived=True,
    status=Override.EXCEPTION,
)
SINGAPORE_EDIT = Edit(
    title="testtitle",
    order="#123",
    logistics_channel="Registered small packet",
    destination="US",
    status=Override.EXCEPTION,
    archived=True,
)
DECEMBER = Window(
    since=datetime.fromtimestamp(1764547200, UTC),
    until=datetime.fromtimestamp(1772668800, UTC),
)
SEARCH = Search(
    limit=25,
    created=DECEMBER,
    status=Status.IN_TRANSIT,
    numbers=("LX000000014CN", "770000000001"),
    archived=False,
    language="en",
)
ASKED: dict[str, Call] = {
    "01-trackings-post": lambda c: c.post(NEW),
    "01b-trackings-post-minimal": lambda c: c.post(NewParcel(key=DHL)),
    "02-trackings-get-single": lambda c: c.get(NEW.key, language="en"),
    "03-trackings-put": lambda c: c.put(STO, STO_EDIT),
    "04-trackings-delete-single": lambda c: c.delete(STO),
    "05-trackings-batch": lambda c: c.batch(
        [
            NewParcel(key=NEW.key),
            NewParcel(key=USPS, title="Ceramic mug", order="#1001"),
            NewParcel(key=SINGAPORE),
            NewParcel(key=UPS),
        ]
    ),
    "05b-trackings-batch-all-failed": lambda c: c.batch(
        NewParcel(key=key) for key in (NEW.key, ParcelKey("usps", "!!"), ParcelKey("no-such-carrier", "RR000000062DE"))
    ),
    "06-trackings-get-list": lambda c: c.list_page(SEARCH),
    "06b-trackings-get-list-empty": lambda c: c.list_page(Search(page=9, limit=25)),
    "07-trackings-updatemore": lambda c: c.updatemore({SINGAPORE: SINGAPORE_EDIT, EMS: Edit(title="other title")}),
    "08-trackings-delete-batch": lambda c: c.delete_many([UPS, WISH]),
    "08b-trackings-delete-batch-partial": lambda c: c.delete_many([UPS, GERMAN]),
    "09-trackings-realtime": lambda c: c.realtime(BLUEDART),
    "09b-trackings-realtime-two-legs": lambda c: c.realtime(HONGKONG),
    "09c-trackings-realtime-nothing": lambda c: c.realtime(NewParcel(key=GERMAN)),
    "10-trackings-update-carrier": lambda c: c.update(ParcelKey("china-ems", "LX000000014CN"), "usps"),
    "11-trackings-getuserinfo": lambda c: c.getuserinfo(),
    "12-trackings-getstatusnumber": lambda c: c.getstatusnumber(created=DECEMBER),
    "13-trackings-notupdate": lambda c: c.notupdate([SINGAPORE, EMS]),
    "14-trackings-remote": lambda c: c.remote(
        [Address(country="JP", postcode="7621094"), Address(country="CN", postcode="400422", company="dhl")]
    ),
    "15-trackings-costtime": lambda c: c.costtime(
        Route(carrier="dhl", origin="CN", destination=country) for country in ("US", "RU")
    ),
    "16-trackings-aircargo": lambda c: c.aircargo("172-00000011"),
    "16b-trackings-aircargo-empty": lambda c: c.aircargo("235-00000022"),
    "17-carriers": lambda c: c.carriers(),
    "18-carriers-detect": lambda c: c.detect("EA000000031CN"),
}
OBJECTS = {
    "object-01-pending-bare": (Status.PENDING, 0),
    "object-02-notfound-label-created": (Status.NOT_FOUND, 1),
    "object-03-transit-crossborder": (Status.IN_TRANSIT, 6),
    "object-04-pickup-out-for-delivery": (Status.PICKUP, 3),
    "object-05-delivered-ups": (Status.DELIVERED, 4),
    "object-06-undelivered-failed-attempt": (Status.UNDELIVERED, 5),
    "object-07-exception-returned": (Status.EXCEPTION, 4),
    "object-08-expired-old-style": (Status.EXPIRED, 2),
    "object-09-transit-chinese-domestic": (Status.IN_TRANSIT, 2),
}


def test_no_recording_is_left_unread() -> None:
    others = {"errors", "errors-odd-transports", "numbers", "webhook-v2"}

    assert len(RECORDINGS) == 38
    assert set(RECORDINGS) == set(ASKED) | set(OBJECTS) | others


async def replay(name: str) -> tuple[Network, Any]:
    """Ask what was asked in a recording, and answer what was answered."""
    recording = RECORDINGS[name]
    answer = httpx.Response(recording["http_status"], json=recording["response"])
    async with Network(answer) as network:
        return network, await ASKED[name](network.client)


@pytest.mark.parametrize("name", sorted(ASKED))
async def test_the_client_asks_what_was_recorded(name: str) -> None:
    recording = RECORDINGS[name]
    request, method = recording["request"], recording["endpoint"].split()[0]

    network, _ = await replay(name)

    path = request.get("path") or recording["endpoint"].split()[1]
    assert network.paths == [f"{method} /v2{path}"]
    assert network.queries == [{name: str(value) for name, value in request.get("query", {}).items()}]
    assert [tidy(body) for body in network.bodies] == [tidy(request.get("body"))]


def tidy(body: object) -> object:
    """Return a body as text, without the customer, whom we never name, and the fields that only we send."""
    if not isinstance(body, dict):
        return [tidy(entry) for entry in body] if isinstance(body, list) else str(body)
    left_out = {"auto_correct", "tracking_destination_country", "specialNumberDestination"}
    fields = {name: value for name, value in body.items() if name not in left_out and not name.startswith("customer_")}
    return {name: str(value[0] if isinstance(value, list) else value) for name, value in fields.items()}


async def test_a_created_parcel_is_new() -> None:
    assert (await replay("01-trackings-post"))[1] is True
    assert (await replay("01b-trackings-post-minimal"))[1] is True


async def test_a_single_parcel_is_read_over_both_legs() -> None:
    _, report = await replay("02-trackings-get-single")

    assert report.key == NEW.key
    assert (report.status, report.substatus) == (Status.IN_TRANSIT, "transit005")
    assert [line.carrier for line in report.checkpoints] == ["usps"] * 2 + ["china-post"] * 4
    assert report.checkpoints[0].is_customs
    assert report.updated_at == datetime(2026, 2, 27, 12, 22, 35, tzinfo=UTC)
    assert (report.origin, report.destination, report.days_silent) == ("China", "United States", 1)


@pytest.mark.parametrize("name", ["03-trackings-put", "04-trackings-delete-single"])
async def test_an_echo_is_not_taken_for_a_parcel(name: str) -> None:
    assert (await replay(name))[1] is None


async def test_a_batch_tells_what_became_of_each() -> None:
    _, outcome = await replay("05-trackings-batch")
    _, nothing = await replay("05b-trackings-batch-all-failed")

    assert outcome.done == (USPS, SINGAPORE, UPS)
    assert [type(error) for error in outcome.refused.values()] == [AlreadyExists]
    assert nothing.done == ()
    assert [type(error) for error in nothing.refused.values()] == [AlreadyExists, NumberRefused, CarrierRefused]


async def test_a_page_is_read() -> None:
    _, page = await replay("06-trackings-get-list")
    _, empty = await replay("06b-trackings-get-list-empty")

    assert [report.key for report in page.reports] == [STO, NEW.key]
    assert (page.entries, page.total, page.limit) == (2, 2, 25)
    assert (len(empty.reports), empty.entries, empty.total) == (0, 0, 0)


async def test_calls_for_many_tell_what_became_of_each() -> None:
    _, edited = await replay("07-trackings-updatemore")
    _, deleted = await replay("08-trackings-delete-batch")
    _, partly = await replay("08b-trackings-delete-batch-partial")
    _, stopped = await replay("13-trackings-notupdate")

    assert (edited.done, [type(error) for error in edited.refused.values()]) == ((SINGAPORE,), [Missing])
    assert (deleted.done, deleted.refused) == ((UPS, WISH), {})
    assert (set(partly.done), partly.refused) == ({UPS, GERMAN}, {})
    assert (stopped.done, list(stopped.refused)) == ((SINGAPORE,), [EMS])


async def test_looks_are_read() -> None:
    _, delivered = await replay("09-trackings-realtime")
    _, two_legs = await replay("09b-trackings-realtime-two-legs")
    _, nothing = await replay("09c-trackings-realtime-nothing")

    assert (delivered.status, len(delivered.checkpoints), delivered.updated_at) == (Status.DELIVERED, 2, None)
    assert [line.carrier for line in two_legs.checkpoints] == ["colombia-post", "colombia-post", "hong-kong-post"]
    assert {line.status for line in two_legs.checkpoints} == {None}
    assert two_legs.origin == "Hong Kong [CN]"
    assert (nothing.status, nothing.checkpoints) == (Status.NOT_FOUND, ())


async def test_a_changed_carrier_is_read_again_under_its_new_key() -> None:
    assert (await replay("10-trackings-update-carrier"))[1] == ParcelKey("usps", "LX000000014CN")


async def test_the_account_is_read_without_its_owner() -> None:
    _, account = await replay("11-trackings-getuserinfo")

    assert (account.left, account.money) == (9999, 999)
    assert "example.com" not in repr(account)


async def test_counts_are_read() -> None:
    _, counts = await replay("12-trackings-getstatusnumber")

    assert counts[Status.DELIVERED] == 120
    assert sum(counts.values()) == 168


async def test_lookups_are_read() -> None:
    _, check = await replay("14-trackings-remote")
    _, times = await replay("15-trackings-costtime")
    _, air = await replay("16-trackings-aircargo")
    _, no_air = await replay("16b-trackings-aircargo-empty")

    assert [(area.company, area.country_code, area.postcode) for area in check.remote] == [
        ("ups", "JP", "7621094"),
        ("tnt", "JP", "7621094"),
    ]
    assert [(time.samples, time.shares["0-7"], time.average_days) for time in times.times] == [
        (1200, 0.62, 7.4),
        (0, 0, 0),
    ]
    assert (air.origin, air.destination, air.pieces, air.status_number) == ("LIN", "MEX", 2, 4)
    assert [event.status for event in air.events] == ["DLV", "ARR", "DEP", "RCS"]
    assert (air.flights[0].number, air.flights[0].departure) == ("CV6684", "2026-02-17 01:32")
    assert no_air is None


async def test_carriers_are_read() -> None:
    _, carriers = await replay("17-carriers")
    _, detected = await replay("18-carriers-detect")

    assert [(one.code, one.type) for one in carriers] == [("dhl", "express"), ("china-post", "globalpost")]
    assert [one.code for one in detected] == ["china-ems", "china-post"]


async def one(tracking: dict[str, Any]) -> Report:
    key = ParcelKey(tracking["carrier_code"], tracking["tracking_number"])
    async with Network(good(tracking)) as network:
        return await network.client.get(key)


@pytest.mark.parametrize("name", sorted(OBJECTS))
async def test_every_kind_of_parcel_is_read(name: str) -> None:
    report = await one(RECORDINGS[name]["tracking"])

    assert (report.status, len(report.checkpoints)) == OBJECTS[name]
    assert all(line.local_time for line in report.checkpoints)
    assert "example.com" not in repr(report)


async def test_a_push_holds_a_parcel_like_any_other() -> None:
    report = await one(RECORDINGS["webhook-v2"]["body"]["data"])

    assert (report.key, report.status, len(report.checkpoints)) == (UPS, Status.DELIVERED, 4)


@pytest.mark.parametrize("code", sorted(RECORDINGS["errors"]["envelopes"]))
async def test_every_recorded_error_is_the_error_of_its_code(code: str) -> None:
    recorded = RECORDINGS["errors"]["envelopes"][code]
    async with Network(httpx.Response(recorded["http_status"], json=recorded["response"])) as network:
        with pytest.raises(ProviderError) as raised:
            await network.client.get(UPS)

    expected = error_of(int(code))
    assert (type(raised.value), str(raised.value)) == (type(expected), str(expected))


ODD: dict[str, type[BotError] | None] = {
    "gateway error with HTML": ProviderUnavailable,
    "rate limit answered with HTTP 200": ProviderBusy,
    "empty body": AnswerNotUnderstood,
    "code as string": Missing,  # a success that holds no parcel
    "data null": Missing,
}


async def test_every_odd_answer_is_an_error_of_ours() -> None:
    met: dict[str, type[BotError]] = {}
    for case in RECORDINGS["errors-odd-transports"]["cases"]:
        text = case.get("body_text", json.dumps(case.get("response")))
        answer = httpx.Response(case["http_status"], headers=case.get("headers"), text=text)
        async with Network(answer) as network:
            with pytest.raises(BotError) as raised:
                await network.client.get(UPS)
        met[case["name"]] = type(raised.value)

    assert met == ODD


@pytest.mark.parametrize("number", sorted(RECORDINGS["numbers"]["numbers"].values()))
async def test_every_recorded_number_comes_back_as_it_went_out(number: str) -> None:
    report = await one({"tracking_number": number.lower(), "carrier_code": "UPS", "status": "transit"})
    async with Network(good([])) as network:
        await network.client.delete(ParcelKey("ups", number))

    assert report.key.number.upper() == number.upper()
    assert network.paths == [f"DELETE /v2/trackings/ups/{number}"]
