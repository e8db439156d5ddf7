"""Everything that can go wrong at the service, and what things cost."""

import asyncio
import json

import pytest

from bot.sandbox.trackingmore import Faults
from tests.unit.sandbox.trackingmore.conftest import MUGS, Json, Service


async def test_down_is_a_gateways_page(service: Service) -> None:
    service.tm.faults.down = True

    answer = await service.call("GET /trackings/get")

    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert service.tm.calls[-1].code is None


async def test_too_many_calls_may_name_a_time_to_wait(service: Service) -> None:
    service.tm.faults.set("rate_limited", "on")
    service.tm.faults.set("retry_after", 7)

    answer = await service.call("GET /trackings/get")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("mode", "missing", "busy"), [("documented", 200, 429), ("all 200", 200, 200), ("real", 404, 429)]
)
async def test_http_may_say_another_thing_than_the_code(service: Service, mode: str, missing: int, busy: int) -> None:
    service.tm.faults.set("http_status", mode)

    lost = await service.call("GET /trackings/ups/1ZNOBODY")
    service.tm.faults.set("rate_limited", value=True)
    limited = await service.call("GET /trackings/get")

    assert (lost.status_code, limited.status_code) == (missing, busy)
    assert limited.json()["meta"]["code"] == 429


@pytest.mark.parametrize(
    ("fault", "value", "codes"),
    [
        ("quota_gone", True, [4021, 4021, 4019, 200, 200]),
        ("trial_over", True, [4021, 4021, 4021, 4021, 200]),
        ("key_refused", 4002, [4002] * 5),
        ("not_activated", True, [200, 4018, 4018, 200, 200]),
    ],
)
async def test_the_account_may_be_refused(service: Service, fault: str, value: object, codes: list[int]) -> None:
    service.tm.faults.set(fault, value)

    answered = [
        await service.code("POST /trackings/post", MUGS),
        await service.code("POST /trackings/realtime", MUGS),
        await service.code("POST /trackings/aircargo", {"track_number": "172-00000011"}),
        await service.code("GET /trackings/get"),
        await service.code("GET /trackings/getuserinfo"),
    ]

    assert answered == codes


async def test_answers_may_be_written_badly(service: Service) -> None:
    async def text(fault: str) -> str:
        service.tm.faults.clear()
        service.tm.faults.set(fault, value=True)
        return (await service.call("GET /trackings/getuserinfo")).text

    assert await text("empty_body") == ""
    assert json.loads(await text("code_as_string"))["meta"]["code"] == "200"
    assert json.loads(await text("data_null"))["data"] is None
    assert len(await text("too_big")) > 4 * 2**20


@pytest.mark.parametrize(("limit", "large"), [(2000, True), (1000, False)])
async def test_a_long_page_may_be_too_big_where_half_of_it_is_not(service: Service, *, limit: int, large: bool) -> None:
    service.tm.faults.too_big = True

    answer = await service.call(f"GET /trackings/get?limit={limit}")

    assert (len(answer.content) > 32 * 2**20) is large


async def test_a_dropped_connection_leaves_the_work_done(service: Service) -> None:
    service.tm.faults.next(1, "POST /trackings/post", drop=True)

    with pytest.raises(AssertionError):  # httpx: the application left before its answer was complete
        await service.call("POST /trackings/post", json=MUGS)

    assert service.tm.calls[-1].http is None
    assert await service.code("POST /trackings/post", MUGS) == 4016


async def test_a_call_hangs_until_the_fault_is_off(service: Service) -> None:
    service.tm.faults.hang = True

    waiting = asyncio.ensure_future(service.call("GET /trackings/getuserinfo"))
    for _ in range(50):
        await asyncio.sleep(0)
    hung = not waiting.done()
    service.tm.faults.hang = False

    assert (await waiting).status_code == 200
    assert hung


async def test_a_fault_may_meet_the_next_calls_of_one_operation_only(service: Service) -> None:
    service.tm.faults.next(2, "GET /trackings/get", rate_limited=True)

    listed = [await service.code("GET /trackings/get") for _ in range(3)]
    account = await service.code("GET /trackings/getuserinfo")

    assert listed == [429, 429, 200]
    assert account == 200


async def test_faults_may_meet_one_operation_only(service: Service) -> None:
    service.tm.faults.set("rate_limited", value=True)
    service.tm.faults.set("only", "GET /v2/trackings/{carrier}/{number}")

    assert await service.code("GET /trackings/ups/1ZNOBODY") == 429
    assert await service.code("GET /trackings/get") == 200


def test_an_unknown_fault_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ValueError, match="rate_limited"):
        Faults().set("sulking", value=True)
    with pytest.raises(ValueError, match="sulking"):
        Faults().next(1, sulking=True)


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [("down", "off", False), ("slow", "2.5", 2.5), ("slow", "", 0.0), ("key_refused", "4001", 4001)],
)
def test_faults_are_set_by_words(name: str, said: str, meant: object) -> None:
    faults = Faults()

    faults.set(name, said)

    assert faults.state()[name] == meant


async def test_an_answer_can_be_ordered_word_for_word(service: Service) -> None:
    ordered = {"meta": {"code": "4018", "type": "Odd", "message": "Odd"}, "data": {}}
    service.tm.script("GET /v2/trackings/{carrier}/{number}", ordered, http=418, headers={"X-Odd": "1"}, times=1)
    service.tm.script("GET /trackings/get", "<html>", where="page=2")

    first = await service.call("GET /trackings/ups/1ZNOBODY/en")
    second = await service.code("GET /trackings/ups/1ZNOBODY")
    page_one = await service.code("GET /trackings/get?page=1")
    page_two = (await service.call("GET /trackings/get?page=2")).text

    assert (first.status_code, first.json(), first.headers["X-Odd"]) == (418, ordered, "1")
    assert (second, page_one, page_two) == (4031, 200, "<html>")


async def test_the_newest_order_for_good_holds_until_all_are_forgotten(service: Service) -> None:
    def answer(code: int) -> Json:
        return {"meta": {"code": code}, "data": []}

    service.tm.script("GET /trackings/get", answer(4001))
    service.tm.script("GET /trackings/get", answer(4002))
    service.tm.script("GET /trackings/get", answer(500), times=1)

    codes = [await service.code("GET /trackings/get") for _ in range(3)]
    service.tm.unscript()

    assert codes == [500, 4002, 4002]
    assert await service.code("GET /trackings/get") == 200


@pytest.mark.parametrize(
    ("operation", "body", "cost"),
    [
        ("POST /trackings/batch", [MUGS, MUGS, MUGS | {"carrier_code": "usps"}], 2),
        ("POST /carriers/detect", {"tracking_number": "EA000000031CN"}, 0.2),
        ("POST /trackings/remote", [{"country": "JP", "postcode": "1"}, {"country": "Japan", "postcode": "2"}], 0.4),
        ("POST /trackings/costtime", [{"carrier_code": "dhl", "original": "CN", "destination": "US"}], 0.2),
        ("POST /trackings/aircargo", {"track_number": ["172-00000011", "23500000022"]}, 40),
        ("POST /trackings/realtime", MUGS, 0),
    ],
)
async def test_what_costs_is_taken_from_the_quota(service: Service, operation: str, body: Json, cost: float) -> None:
    await service.data(operation, body)

    left = (await service.data("GET /trackings/getuserinfo"))["track_number"]
    assert service.tm.quota.spent == cost
    assert left == int(412 - cost)


async def test_a_batch_adds_as_many_as_the_quota_lasts(service: Service) -> None:
    service.tm.quota.bought = 1

    answer = await service.data("POST /trackings/batch", [MUGS, MUGS | {"carrier_code": "usps"}])
    code = await service.code("POST /trackings/batch", [MUGS | {"carrier_code": "dhl"}])

    assert (answer["added"], [error["code"] for error in answer["errors"]]) == (1, [4021])
    assert code == 4021


async def test_a_look_may_cost(service: Service) -> None:
    service.tm.faults.realtime_costs = True

    await service.data("POST /trackings/realtime", MUGS)
    await service.data("POST /trackings/realtime", MUGS)

    assert service.tm.quota.spent == 1
