"""The operations on parcels: adding, finding, editing, removing, counting."""

from datetime import timedelta

import pytest

from bot.sandbox.trackingmore import Checkpoint
from tests.unit.sandbox.trackingmore.conftest import MUGS, START, Service

TEA = {"tracking_number": "RB400013711GB", "carrier_code": "royal-mail"}
CHAIR = {"tracking_number": "700000001017", "carrier_code": "fedex"}


async def test_adding_a_parcel_twice_is_refused_and_free(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)

    assert await service.code("POST /trackings/post", MUGS) == 4016
    assert service.tm.quota.spent == 1


async def test_adding_a_parcel_twice_can_also_be_answered_with_201_and_nothing(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.tm.faults.existing_is_201 = True

    answer = (await service.call("POST /trackings/post", json=MUGS)).json()

    assert (answer["meta"]["code"], answer["data"]) == (201, [])


async def test_one_number_with_two_carriers_is_two_parcels(service: Service) -> None:
    await service.data("POST /trackings/batch", [CHAIR, CHAIR | {"carrier_code": "purolator"}])

    found = await service.data("GET /trackings/get?numbers=700000001017")

    assert {item["carrier_code"] for item in found["items"]} == {"fedex", "purolator"}


async def test_a_batch_adds_what_it_can_and_tells_the_rest_one_by_one(service: Service) -> None:
    answer = await service.data("POST /trackings/batch", [MUGS, MUGS, {"carrier_code": "ups"}, CHAIR])

    assert (answer["submitted"], answer["added"]) == (4, 2)
    assert [error["code"] for error in answer["errors"]] == [4016, 4013]
    assert {item["tracking_number"] for item in answer["trackings"]} == {"1ZX000010300000016", "700000001017"}


async def test_what_was_said_of_a_parcel_is_kept(service: Service) -> None:
    said = {"title": "Blue mugs", "order_id": "#7", "comment": "fragile", "destination_code": "US"}

    added = await service.data("POST /trackings/post", MUGS | said | {"order_create_time": "2026/2/9 10:08"})

    read = await service.parcel()
    assert added["order_create_time"] == 1770602880
    assert read["order_create_time"] == "2026-02-09 10:08"
    assert {name: read[name] for name in said} == said


async def test_an_edit_changes_what_it_names(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS | {"title": "Mugs", "order_id": "#7"})

    answer = await service.data("PUT /trackings/ups/1ZX000010300000016", {"title": "Blue mugs", "order_id": None})

    assert (answer["title"], answer["order_id"]) == ("Blue mugs", "#7")
    assert answer["status"] == "0"


async def test_archiving_is_said_in_words_and_read_as_a_fact(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    await service.data("POST /trackings/post", CHAIR)

    answer = await service.data("PUT /trackings/ups/1ZX000010300000016", {"archived": "true"})

    counted = {name: (await service.data(f"GET /trackings/get?archived={name}"))["total"] for name in ("true", "x")}
    assert answer["archived"] == "true"
    assert (await service.parcel())["archived"] is True
    assert counted == {"true": "1", "x": "2"}


async def test_a_mark_stands_until_it_is_taken_off_while_checkpoints_go_on(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.tm.touch("1ZX000010300000016")

    answer = await service.data("PUT /trackings/ups/1ZX000010300000016", {"status": 7})
    service.tm.move("1ZX000010300000016")
    marked = await service.parcel()
    await service.data("PUT /trackings/ups/1ZX000010300000016", {"status": "8"})
    unmarked = await service.parcel()

    assert answer["status"] == "7"
    assert marked["status"] == "exception"
    assert marked["origin_info"]["trackinfo"][0]["checkpoint_status"] == "transit"
    assert unmarked["status"] == "transit"


@pytest.mark.parametrize("status", [1, "5", "delivered"])
async def test_people_can_set_two_statuses_only(service: Service, status: object) -> None:
    await service.data("POST /trackings/post", MUGS)

    assert await service.code("PUT /trackings/ups/1ZX000010300000016", {"status": status}) == 4033


async def test_many_are_edited_at_once(service: Service) -> None:
    await service.data("POST /trackings/batch", [MUGS, CHAIR])

    answer = await service.data("POST /trackings/updatemore", [MUGS | {"status": "4"}, CHAIR | {"status": "5"}, TEA])

    assert (answer["submitted"], answer["updated"]) == (3, 1)
    assert [error["code"] for error in answer["errors"]] == [4033, 4017]
    assert "customer_phone" not in answer["trackings"][0]
    assert (await service.parcel())["status"] == "delivered"


async def test_what_was_deleted_is_gone(service: Service) -> None:
    await service.data("POST /trackings/batch", [MUGS, CHAIR])

    one = await service.data("DELETE /trackings/ups/1ZX000010300000016")
    many = await service.data("POST /trackings/delete", [MUGS, CHAIR])

    assert one == []
    assert many["delete"] == 1
    assert (await service.data("GET /trackings/get"))["items"] == []


async def test_an_unknown_parcel_has_two_codes(odd_service: Service) -> None:
    codes = {await odd_service.code(f"GET /trackings/dhl/000000{n}") for n in range(20)}

    assert codes == {4017, 4031}


async def test_another_carrier_begins_anew(service: Service) -> None:
    await service.data("POST /trackings/post", CHAIR | {"carrier_code": "purolator", "title": "Chair"})
    service.tm.touch("700000001017")
    wrong = await service.parcel("700000001017", "purolator")

    answer = await service.data(
        "POST /trackings/update", CHAIR | {"carrier_code": "purolator", "update_carrier_code": "fedex"}
    )

    right = await service.parcel("700000001017", "fedex")
    assert answer == {"Usertag": ""}
    assert wrong["status"] == "notfound"
    assert (right["status"], right["title"]) == ("pending", "Chair")
    assert await service.code("GET /trackings/purolator/700000001017") == 4031
    assert service.tm.quota.spent == 2


async def test_another_carrier_must_not_have_it_already(service: Service) -> None:
    await service.data("POST /trackings/batch", [CHAIR, CHAIR | {"carrier_code": "purolator"}])

    code = await service.code("POST /trackings/update", CHAIR | {"update_carrier_code": "purolator"})

    assert code == 4016


async def test_a_list_comes_in_pages_newest_first(service: Service) -> None:
    for n in range(5):
        service.passes(seconds=1)
        service.tm.put(f"1ZPAGE{n}", "ups", created_at=service.clock.now())

    pages = [await service.data(f"GET /trackings/get?limit=2&page={page}") for page in (1, 2, 3, 4)]

    assert [[item["tracking_number"][-1] for item in page["items"]] for page in pages] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
        [],
    ]
    assert [(page["total"], page["count"]) for page in pages] == [("5", 2), ("5", 2), ("5", 1), ("5", 0)]


async def test_filters_narrow_a_list_together(service: Service) -> None:
    at = int(START.timestamp())
    service.tm.put("1ZOLD00", "ups", status="transit", created_at=START - timedelta(days=9), order_id="#1")
    service.tm.put("1ZNEW00", "ups", status="delivered", created_at=START - timedelta(days=1), order_id="#2")
    service.passes(minutes=10)
    service.tm.put("1ZLATE0", "ups", status="delivered", created_at=START)
    await service.data("POST /trackings/post", CHAIR | {"order_create_time": str(at - 60)})

    async def found(query: str) -> set[str]:
        items = (await service.data(f"GET /trackings/get?{query}"))["items"]
        return {item["tracking_number"] for item in items}

    assert await found("status=delivered") == {"1ZNEW00", "1ZLATE0"}
    assert await found("status=delivered&orders=%231,%232") == {"1ZNEW00"}
    assert await found(f"created_at_max={at - 2 * 86400}") == {"1ZOLD00"}
    assert await found(f"update_time_max={at}") == {"1ZOLD00", "1ZNEW00"}
    assert await found(f"update_time_min={at + 1}") == {"1ZLATE0"}
    assert await found(f"order_created_time_min={at - 60}&order_created_time_max={at}") == {"700000001017"}
    assert await found("numbers=1zold00,NOBODY") == {"1ZOLD00"}


@pytest.mark.parametrize(("empty", "code", "data"), [("list", 200, []), ("4031", 4031, [])])
async def test_an_empty_list_has_other_forms_too(service: Service, empty: str, code: int, data: object) -> None:
    service.tm.faults.set("empty_list", empty)

    answer = (await service.call("GET /trackings/get")).json()

    assert (answer["meta"]["code"], answer["data"]) == (code, data)


async def test_parcels_are_counted_by_status_archived_ones_too(service: Service) -> None:
    service.tm.put("1ZONE00", "ups", status="transit", created_at=START - timedelta(days=9))
    service.tm.put("1ZTWO00", "ups", status="transit")
    service.tm.put("1ZTHREE", "ups", status="delivered")
    await service.data("PUT /trackings/ups/1ZTWO00", {"archived": "true"})

    everything = await service.data("GET /trackings/getstatusnumber")
    recent = await service.data(f"GET /trackings/getstatusnumber?created_at_min={int(START.timestamp()) - 2 * 86400}")

    assert (everything["transit"], everything["delivered"], everything["pending"]) == (2, 1, 0)
    assert recent["transit"] == 1


async def test_thousands_of_parcels_are_told_apart_by_the_time_of_their_refresh(service: Service) -> None:
    at = START.timestamp()
    scans = [Checkpoint(at=at - 3600 * n, text=f"Scan {n}") for n in range(6)]
    for n in range(4_000):
        service.tm.put(f"1ZMANY{n:05}", "ups", checkpoints=scans)
    service.passes(hours=6)
    now = int(service.clock.now().timestamp())

    window = await service.data(f"GET /trackings/get?limit=2000&update_time_min={now - 299}&update_time_max={now}")
    three_hours = await service.data(f"GET /trackings/get?limit=2000&page=2&update_time_min={now - 3 * 3600}")

    assert 80 < int(window["total"]) < 145  # 4,000 in three hours are 111 in five minutes
    assert (three_hours["total"], three_hours["count"]) == ("4000", 2000)
