"""What every call goes through: address, key, rate, and the form of what was sent."""

import pytest

from tests.unit.sandbox.trackingmore.conftest import MUGS, Json, Service

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("operation", "how", "code"),
    [
        ("GET /nowhere", {}, 404),
        ("GET /trackings/post", {}, 405),
        ("PATCH /trackings/ups/1ZX000010300000016", {}, 405),
        ("GET /trackings/get", {"headers": {"Trackingmore-Api-Key": "sandbox-other"}}, 4001),
        ("POST /trackings/post", {"content": "tracking_number=1", "headers": FORM}, 4015),
        ("POST /trackings/post", {"content": "{'not': json}"}, 4012),
        ("POST /trackings/post", {}, 4012),
        ("POST /trackings/post", {"json": [MUGS]}, 4012),
        ("POST /trackings/post", {"json": {"carrier_code": "ups"}}, 4013),
        ("POST /trackings/post", {"json": {"tracking_number": "1ZX000010300000016"}}, 4012),
        ("POST /trackings/post", {"json": MUGS | {"tracking_number": "!!"}}, 4014),
        ("POST /trackings/post", {"json": MUGS | {"tracking_number": "1Z9"}}, 4014),
        ("POST /trackings/post", {"json": MUGS | {"carrier_code": "no-such-carrier"}}, 4015),
        ("POST /trackings/post", {"json": MUGS | {"lang": "english"}}, 4012),
        ("POST /trackings/batch", {"json": MUGS}, 4012),
        ("POST /trackings/batch", {"json": [MUGS] * 41}, 4020),
        ("GET /trackings/get?limit=2001", {}, 4012),
        ("GET /trackings/get?page=0", {}, 4012),
        ("GET /trackings/get?update_time_min=yesterday", {}, 4012),
        ("GET /trackings/get?status=arrived", {}, 4033),
        ("GET /trackings/get?numbers=" + ",".join(f"N{n}" for n in range(41)), {}, 4020),
        ("GET /trackings/ups/1ZX000010300000016", {}, 4031),
        ("PUT /trackings/ups/1ZX000010300000016", {"json": {}}, 4017),
        ("DELETE /trackings/ups/1ZX000010300000016", {}, 4017),
        ("POST /trackings/update", {"json": MUGS}, 4012),
        ("POST /trackings/update", {"json": MUGS | {"update_carrier_code": "nobody"}}, 4015),
        ("POST /trackings/update", {"json": MUGS | {"update_carrier_code": "usps"}}, 4017),
        ("POST /trackings/remote", {"json": [{"country": "JP"}]}, 4012),
        ("POST /trackings/costtime", {"json": [{"carrier_code": "dhl", "original": "CN"}]}, 4012),
        ("POST /trackings/aircargo", {"json": {"track_number": "17-2"}}, 4014),
        ("POST /trackings/aircargo", {"json": {}}, 4012),
        ("POST /carriers/detect", {"json": {}}, 4013),
        ("POST /carriers/detect", {"json": {"tracking_number": "ZZ99887766XY"}}, 4032),
    ],
)
async def test_what_is_out_of_order_is_refused(
    service: Service, operation: str, how: dict[str, Json], code: int
) -> None:
    answer = await service.call(operation, **how)

    assert answer.json()["meta"]["code"] == code
    assert answer.json()["data"] == []
    assert answer.status_code == (code if code < 1000 else 200)


async def test_without_a_key_nothing_is_answered(service: Service) -> None:
    del service.http.headers["Trackingmore-Api-Key"]

    assert await service.code("GET /trackings/getuserinfo") == 4001


async def test_complaints_come_in_the_services_order(service: Service) -> None:
    service.tm.quota.bought = 0
    wrong = {"content": "[", "headers": {"Trackingmore-Api-Key": "sandbox-other"}}

    assert await service.code("POST /nowhere", **wrong) == 404
    assert await service.code("POST /trackings/post", **wrong) == 4001
    assert await service.code("POST /trackings/post", content="[") == 4012
    assert await service.code("POST /trackings/post", MUGS | {"tracking_number": ""}) == 4013
    assert await service.code("POST /trackings/post", MUGS) == 4021


async def test_one_call_a_second_for_each_operation_and_three_looks(service: Service) -> None:
    service.tm.faults.penalty_box = False

    lists = [await service.code("GET /trackings/get", hurry=True) for _ in range(2)]
    looks = [await service.code("POST /trackings/realtime", MUGS, hurry=True) for _ in range(4)]
    later = await service.code("GET /trackings/get")

    assert lists == [200, 429]
    assert looks == [200, 200, 200, 429]
    assert later == 200


async def test_who_asks_too_much_gets_nothing_for_two_minutes(service: Service) -> None:
    await service.code("GET /trackings/get", hurry=True)
    await service.code("GET /trackings/get", hurry=True)

    service.real_seconds[0] += 118
    during = await service.call("GET /trackings/getuserinfo")
    service.real_seconds[0] += 1
    after = await service.code("GET /trackings/getuserinfo")

    assert during.status_code == 429
    assert during.json()["meta"]["code"] == 429
    assert "Retry-After" not in during.headers
    assert after == 200


async def test_filters_are_read_from_the_query_or_from_a_body(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS | {"order_id": "#1002"})

    by_query = await service.data("GET /trackings/get?orders=%231002&limit=5")
    by_body = await service.data("GET /trackings/get", {"orders": "#1002", "limit": 5})
    by_other = await service.data("GET /trackings/get", {"orders": "#1003"})

    assert by_query == by_body
    assert by_query["count"] == 1
    assert by_other["count"] == 0


@pytest.mark.parametrize("ending", ["", "/", "//", "/en", "/en/"])
async def test_a_language_and_slashes_may_follow(service: Service, ending: str) -> None:
    await service.data("POST /trackings/post/", MUGS)

    answer = await service.data(f"GET /trackings/UPS/1zx000010300000016{ending}")

    assert answer["tracking_number"] == "1ZX000010300000016"


async def test_answers_are_dated_in_carrier_time(service: Service) -> None:
    service.passes(days=3)

    answer = await service.call("GET /trackings/get")

    assert answer.headers.get_list("Date") == ["Thu, 05 Mar 2026 09:00:00 GMT"]


async def test_calls_are_kept_for_who_wants_to_see_them(service: Service) -> None:
    await service.code("POST /trackings/post", MUGS)
    await service.code("GET /trackings/get?limit=5")

    create, listing = service.tm.calls

    assert (create.operation, create.body, create.code) == ("POST /trackings/post", MUGS, 200)
    assert (listing.operation, listing.query, listing.http) == ("GET /trackings/get", {"limit": "5"}, 200)
