"""The operations: what each sends, and what it makes of the answer.

Over 300 lines: 18 operations, each with its own rows.

Over 300 lines: there are eighteen operations.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, Missing, ProviderBusy, ProviderUnavailable, QuotaSpent
from bot.domain.parcel import NewParcel, ParcelKey
from bot.domain.status import Status
from bot.providers.trackingmore.bodies import Edit, Override, Search, Window
from bot.providers.trackingmore.client import Client
from bot.providers.trackingmore.lookups import Address, Route
from bot.providers.trackingmore.transport import MEBIBYTE
from tests.unit.providers.trackingmore.network import MUGS, NOON, Network, bad, good

MINE = {"tracking_number": MUGS.number, "carrier_code": "ups", "status": "transit"}
UNIX_NOON = "1772452800"
ITEM = {"tracking_number": MUGS.number, "carrier_code": "ups"}
FULL = NewParcel(
    key=MUGS,
    title="Blue mugs",
    order="#1042",
    postcode="10115",
    destination="DE",
    shipped="2026-02-09",
    extra={"account": "77", "language": "de", "ordered": "2026/2/8 10:08", "note": "gift"},
)


@pytest.mark.parametrize(
    ("call", "path", "body", "query"),
    [
        (lambda c: c.post(NewParcel(key=MUGS)), "POST /v2/trackings/post", ITEM | {"auto_correct": 1}, {}),
        (lambda c: c.get(MUGS), "GET /v2/trackings/ups/1ZX000010300000016", None, {}),
        (lambda c: c.get(MUGS, language="de"), "GET /v2/trackings/ups/1ZX000010300000016/de", None, {}),
        (
            lambda c: c.put(MUGS, Edit(status=Override.EXCEPTION)),
            "PUT /v2/trackings/ups/1ZX000010300000016",
            {"status": 7},
            {},
        ),
        (lambda c: c.delete(MUGS), "DELETE /v2/trackings/ups/1ZX000010300000016", None, {}),
        (lambda c: c.batch([NewParcel(key=MUGS)]), "POST /v2/trackings/batch", [ITEM | {"auto_correct": 1}], {}),
        (lambda c: c.list_page(Search()), "GET /v2/trackings/get", None, {"page": "1", "limit": "100"}),
        (
            lambda c: c.updatemore({MUGS: Edit(title="Cups", archived=True)}),
            "POST /v2/trackings/updatemore",
            [ITEM | {"title": "Cups", "archived": "true"}],
            {},
        ),
        (lambda c: c.delete_many([MUGS, MUGS]), "POST /v2/trackings/delete", [ITEM], {}),
        (lambda c: c.realtime(NewParcel(key=MUGS)), "POST /v2/trackings/realtime", ITEM, {}),
        (
            lambda c: c.update(MUGS, "usps"),
            "POST /v2/trackings/update",
            ITEM | {"update_carrier_code": "usps"},
            {},
        ),
        (
            lambda c: c.getstatusnumber(created=Window(since=NOON), ordered=Window(until=NOON)),
            "GET /v2/trackings/getstatusnumber",
            None,
            {"created_at_min": UNIX_NOON, "order_created_time_max": UNIX_NOON},
        ),
        (lambda c: c.notupdate([MUGS]), "POST /v2/trackings/notupdate", [ITEM], {}),
        (
            lambda c: c.remote(
                [Address(country="JP", postcode="7621094"), Address(country="CN", postcode="4", company="dhl")]
            ),
            "POST /v2/trackings/remote",
            [{"country": "JP", "postcode": "7621094"}, {"country": "CN", "postcode": "4", "company": "dhl"}],
            {},
        ),
        (
            lambda c: c.costtime([Route(carrier="dhl", origin="CN", destination="US")]),
            "POST /v2/trackings/costtime",
            [{"carrier_code": "dhl", "original": "CN", "destination": "US"}],
            {},
        ),
        (
            lambda c: c.aircargo("172-00000011"),
            "POST /v2/trackings/aircargo",
            {"track_number": ["172-00000011"], "lang": "en"},
            {},
        ),
        (lambda c: c.carriers(), "GET /v2/carriers", None, {}),
        (lambda c: c.detect("1ZX000"), "POST /v2/carriers/detect", {"tracking_number": "1ZX000"}, {}),
    ],
)
async def test_each_operation_asks_as_the_contract_says(
    call: Callable[[Client], Awaitable[object]], path: str, body: object, query: dict[str, str]
) -> None:
    lists = {"carriers", "detect", "costtime", "aircargo"}
    data: object = [] if path.rpartition("/")[2] in lists else {"items": [MINE]}
    async with Network(good(data)) as network:
        await call(network.client)

    assert (network.paths, network.bodies, network.queries) == ([path], [body], [query])


async def test_getuserinfo_asks_for_nothing_but_itself() -> None:
    async with Network(good({"track_number": 1})) as network:
        await network.client.getuserinfo()

    assert (network.paths, network.bodies) == (["GET /v2/trackings/getuserinfo"], [None])


async def test_all_that_is_known_of_a_new_parcel_is_sent_in_the_services_words() -> None:
    async with Network(good(MINE)) as network:
        await network.client.post(FULL)

    assert network.bodies == [
        {
            "tracking_number": MUGS.number,
            "carrier_code": "ups",
            "title": "Blue mugs",
            "order_id": "#1042",
            "tracking_postal_code": "10115",
            "destination_code": "DE",
            "tracking_destination_country": "DE",
            "specialNumberDestination": "DE",
            "tracking_ship_date": "20260209",
            "tracking_account_number": "77",
            "lang": "de",
            "order_create_time": "2026/2/8 10:08",
            "comment": "gift",
            "auto_correct": 1,
        }
    ]


async def test_a_look_names_the_order_otherwise_and_leaves_out_what_no_carrier_needs() -> None:
    async with Network(good({"items": [MINE]})) as network:
        await network.client.realtime(FULL)

    [body] = network.bodies
    assert body["order"] == "#1042"
    assert not {"title", "comment", "order_id", "auto_correct"} & set(body)


async def test_what_people_wrote_is_sent_clean_and_cut() -> None:
    async with Network(good(MINE)) as network:
        await network.client.post(NewParcel(key=MUGS, title="\ud800Mugs\x00 " + "x" * 300))

    assert network.bodies[0]["title"] == "Mugs  " + "x" * 194


async def test_both_parts_of_a_path_are_encoded() -> None:
    odd = ParcelKey("a/b", "1Z X?#%é")
    async with Network(good([])) as network:
        await network.client.delete(odd)

    assert network.paths == ["DELETE /v2/trackings/a%2Fb/1Z%20X%3F%23%25%C3%A9"]


async def test_an_edit_sends_only_what_is_to_change_and_an_emptied_field_is_a_change() -> None:
    async with Network(good([])) as network:
        await network.client.put(
            MUGS, Edit(title="", order="#7", destination="DE", logistics_channel="x", archived=False)
        )

    assert network.bodies == [
        {"title": "", "order_id": "#7", "destination_code": "DE", "logistics_channel": "x", "archived": "false"}
    ]


async def test_a_search_names_every_filter_it_has() -> None:
    search = Search(
        page=3,
        limit=25,
        status=Status.NOT_FOUND,
        created=Window(since=NOON, until=NOON),
        updated=Window(since=NOON - timedelta(seconds=1)),
        ordered=Window(until=NOON),
        numbers=("1Z1", "1Z2"),
        orders=("#1", "#2"),
        archived=False,
        language="en",
    )
    async with Network(good([])) as network:
        await network.client.list_page(search)

    assert network.queries == [
        {
            "page": "3",
            "limit": "25",
            "created_at_min": UNIX_NOON,
            "created_at_max": UNIX_NOON,
            "update_time_min": "1772452799",
            "order_created_time_max": UNIX_NOON,
            "status": "notfound",
            "numbers": "1Z1,1Z2",
            "orders": "#1,#2",
            "archived": "false",
            "lang": "en",
        }
    ]
    assert "orders=%231%2C%232" in str(network.calls[0].url)


@pytest.mark.parametrize(
    "search", [Search(limit=2001), Search(limit=0), Search(numbers=["1Z"] * 41), Search(orders=["#"] * 41)]
)
async def test_a_search_for_more_than_the_service_takes_is_not_sent(search: Search) -> None:
    async with Network(good([])) as network:
        with pytest.raises(ValueError, match="2000"):
            await network.client.list_page(search)

    assert network.calls == []


@pytest.mark.parametrize("empty", [bad(4031), bad(4017), good([]), good(None), good({"items": []})])
async def test_a_page_without_parcels_is_no_error(empty: object) -> None:
    async with Network(empty) as network:
        page = await network.client.list_page(Search(page=9))

    assert not page.reports


async def test_a_page_may_be_larger_than_all_other_answers() -> None:
    five_mebibytes = json.dumps(good([MINE])) + " " * (5 * MEBIBYTE)
    async with Network(five_mebibytes) as network:
        page = await network.client.list_page(Search())
        with pytest.raises(AnswerTooBig):
            await network.client.get(MUGS)

    assert [report.key for report in page.reports] == [MUGS]


@pytest.mark.parametrize(
    ("answer", "new"), [(good(MINE), True), (good(MINE, 201), True), (good([]), True), (good([], 201), False)]
)
async def test_a_creation_answered_with_201_and_nothing_was_there_before(answer: object, *, new: bool) -> None:
    async with Network(answer) as network:
        assert await network.client.post(NewParcel(key=MUGS)) is new


def keys(count: int) -> list[ParcelKey]:
    return [ParcelKey("ups", f"1ZX{number:05}") for number in range(count)]


async def test_many_are_sent_forty_at_a_time_and_each_once() -> None:
    many = keys(81)
    async with Network(good({"submitted": 40})) as network:
        outcome = await network.client.notupdate([*many, *many])

    assert [len(body) for body in network.bodies] == [40, 40, 1]
    assert outcome.done == tuple(many)


async def test_a_failure_half_way_is_told_with_what_was_done_before_it() -> None:
    many = keys(100)
    async with Network(good({"submitted": 40}), bad(4021)) as network:
        outcome = await network.client.batch(NewParcel(key=key) for key in many)

    assert len(network.calls) == 2
    assert outcome.done == tuple(many[:40])
    assert list(outcome.refused) == many[40:]
    assert all(isinstance(error, QuotaSpent) for error in outcome.refused.values())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (bad(4021), QuotaSpent),
        (bad(429), ProviderBusy),
        (bad(500), ProviderUnavailable),
        (good("??"), AnswerNotUnderstood),
    ],
)
async def test_a_failure_of_the_first_call_is_raised(answer: object, error: type[Exception]) -> None:
    async with Network(answer) as network:
        with pytest.raises(error):
            await network.client.batch(NewParcel(key=key) for key in keys(50))

    assert len(network.calls) == 1


async def test_to_delete_what_is_gone_is_done() -> None:
    one, two = keys(2)
    gone = {"tracking_number": one.number, "carrier_code": "ups", "code": 4017}
    async with Network(good({"submitted": 2, "delete": 1, "errors": [gone]})) as network:
        outcome = await network.client.delete_many([one, two])

    assert (set(outcome.done), outcome.refused) == ({one, two}, {})


async def test_nothing_to_do_asks_nothing() -> None:
    async with Network(good([])) as network:
        outcome = await network.client.batch([])

    assert (outcome.done, outcome.refused, network.calls) == ((), {}, [])


async def test_addresses_that_were_not_asked_are_given_back() -> None:
    addresses = [Address(country="JP", postcode=str(number)) for number in range(50)]
    far = {"far_express_company": "ups", "two_code": "jp", "far_country": "Japan", "far_city_postcode": "7"}
    async with Network(good({"submitted": 40, "other": [], "remote": [far, far]}), bad(4019)) as network:
        check = await network.client.remote(addresses)

    assert [(area.company, area.country_code) for area in check.remote] == [("ups", "JP"), ("ups", "JP")]
    assert check.not_asked == tuple(addresses[40:])


async def test_routes_that_were_not_asked_are_given_back() -> None:
    routes = [Route(carrier="dhl", origin="CN", destination=f"{number}") for number in range(50)]
    async with Network(good([]), bad(4019)) as network:
        times = await network.client.costtime([*routes, *routes])

    assert times.not_asked == tuple(routes[40:])


@pytest.mark.parametrize(
    "shares",
    [
        {"range1": 0.62, "range3": 0.27, "range4": 0.08, "range5": 0.02, "range6": 0.01},
        {"range1": 62, "range3": 27, "range4": 8, "range5": 2, "range6": 1},
        {"range1": "62%", "range3": "27 %", "range4": "8%", "range5": "2%", "range6": "1%"},
        {"range1": "0.62", "range3": "0.27", "range4": "0.08", "range5": "0.02", "range6": "0.01"},
    ],
)
@pytest.mark.parametrize("wrap", [list, lambda rows: {"items": rows}, lambda rows: {"submitted": 1, "costtime": rows}])
async def test_transit_times_are_read_whichever_way_they_come(
    shares: dict[str, Any], wrap: Callable[[Any], Any]
) -> None:
    row = {"carrier_code": "dhl", "original": "CN", "destination": "us", "total": "1200", "delivered": 1130} | shares
    async with Network(good(wrap([row]))) as network:
        [time] = (await network.client.costtime([Route(carrier="dhl", origin="CN", destination="US")])).times

    assert time.route == Route(carrier="dhl", origin="CN", destination="US")
    assert (time.samples, time.delivered, time.average_days) == (1200, 1130, None)
    assert [round(share, 4) for share in time.shares.values()] == [0.62, 0.27, 0.08, 0.02, 0.01]


@pytest.mark.parametrize(
    "data", [[], {}, {"235-00000022": {"return_data": []}}, {"172-00000011": {"return_data": {"weight": "1K"}}}]
)
async def test_an_air_waybill_that_the_airline_does_not_know_is_none(data: object) -> None:
    async with Network(good(data)) as network:
        assert await network.client.aircargo("23500000022") is None


async def test_a_carrier_that_knows_nothing_makes_a_report_without_checkpoints() -> None:
    nothing = MINE | {"status": "notfound", "origin_info": None, "destination_info": None}
    async with Network(good({"items": [nothing]})) as network:
        report = await network.client.realtime(NewParcel(key=MUGS))

    assert (report.status, report.checkpoints) == (Status.NOT_FOUND, ())


@pytest.mark.parametrize("nothing", [bad(4031), bad(4017), good([]), good({"items": []})])
async def test_a_look_that_finds_no_parcel_says_so(nothing: object) -> None:
    async with Network(nothing) as network:
        with pytest.raises(Missing):
            await network.client.realtime(NewParcel(key=MUGS))


async def test_a_look_may_take_twice_as_long_as_the_rest() -> None:
    async with Network(good({"items": [MINE]})) as network:
        await network.client.realtime(NewParcel(key=MUGS))
        await network.client.get(MUGS)

    looked, read = (call.extensions["timeout"]["read"] for call in network.calls)
    assert (looked, read) == (60, 20)


async def test_a_changed_carrier_gives_the_parcel_a_new_key() -> None:
    async with Network(good({"Usertag": ""})) as network:
        assert await network.client.update(MUGS, "usps") == ParcelKey("usps", MUGS.number)


async def test_carriers_are_asked_for_in_a_language() -> None:
    async with Network(good([{"code": "DHL", "name": "DHL Express", "name_cn": "x", "phone": None}])) as network:
        [dhl] = await network.client.carriers(language="cn")

    assert network.calls[0].headers["Lang"] == "cn"
    assert (dhl.code, dhl.name, dhl.phone) == ("dhl", "DHL Express", "")
