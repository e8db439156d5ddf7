"""Parcels move with the carrier clock; the service sees it when it asks, by itself or in real time."""

import math
from datetime import datetime, timedelta

import pytest

from bot.sandbox.trackingmore import STORIES, Checkpoint
from bot.sandbox.trackingmore.tables import ROUTES, carriers, detect
from tests.unit.sandbox.trackingmore.conftest import MUGS, START, Json, Service

NUMBER = MUGS["tracking_number"]
LAMPS = {"tracking_number": "1ZX000700300000011", "carrier_code": "ups"}  # delivered, then not
RIBBONS = {"tracking_number": "LV700002028CN", "carrier_code": "china-post"}  # silent for two months
POSTCARDS = {"tracking_number": "9400100000000700000016", "carrier_code": "usps"}  # a label and nothing else


async def test_a_new_parcel_is_pending_until_the_service_asks(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)

    new = await service.parcel()
    service.passes(minutes=3)
    asked = await service.parcel()

    assert (new["status"], new["updated_at"], new["origin_info"]["trackinfo"]) == ("pending", None, None)
    assert (asked["status"], asked["updated_at"]) == ("transit", "2026-03-02T17:02:00+08:00")


async def test_a_parcel_goes_from_label_to_delivery(service: Service) -> None:
    service.tm.put("1ZWHOLE", "ups", fresh=False, created_at=START - timedelta(minutes=1))
    service.tm.set_story("1ZWHOLE", "smooth ups")

    seen = []
    for _ in range(30):
        answer = await service.parcel("1ZWHOLE")
        seen += [answer["status"]] if answer["status"] not in seen else []
        service.passes(hours=2)

    assert seen == ["pending", "notfound", "transit", "pickup", "delivered"]


@pytest.mark.parametrize(("carrier", "hours"), [("ups", 3), ("usps", 6)])
async def test_the_service_asks_express_carriers_every_three_hours_and_posts_every_six(
    service: Service, carrier: str, hours: int
) -> None:
    service.tm.put("ROUND01", carrier, status="transit", fresh=False)

    moments = set()
    for _ in range(24 * 4):
        moments.add(datetime.fromisoformat((await service.parcel("ROUND01", carrier))["updated_at"]))
        service.passes(minutes=15)

    first, second, *_ = sorted(moments)
    assert second - first == timedelta(hours=hours)
    assert len(moments) in {24 // hours, 24 // hours + 1}


async def test_what_the_carrier_knows_is_seen_at_the_next_refresh(service: Service) -> None:
    service.tm.put("1ZSEEN0", "ups", checkpoints=[Checkpoint(at=START.timestamp() - 60, text="Origin Scan")])
    service.passes(minutes=1)
    told = [
        Checkpoint(at=START.timestamp() - 60, text="Origin Scan"),
        Checkpoint(at=START.timestamp(), text="Delivered", status="delivered"),
    ]

    service.tm.put("1ZSEEN0", "ups", checkpoints=told)
    before = await service.parcel("1ZSEEN0")
    service.tm.touch("1ZSEEN0")
    after = await service.parcel("1ZSEEN0")

    assert (before["status"], after["status"]) == ("transit", "delivered")
    assert (before["updated_at"], after["updated_at"]) == ("2026-03-02T17:00:00+08:00", "2026-03-02T17:01:00+08:00")
    assert [point["Date"] for point in after["origin_info"]["trackinfo"]] == [
        "2026-03-02 04:00:00",
        "2026-03-02 03:59:00",
    ]


async def test_a_delivered_parcel_is_refreshed_no_more(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.tm.finish(NUMBER)

    then = await service.parcel()
    service.passes(days=40)
    later = await service.parcel()

    assert (then["status"], then["track_update"]) == ("delivered", False)
    assert later["updated_at"] == then["updated_at"]


async def test_a_delivery_that_is_taken_back_is_seen(service: Service) -> None:
    await service.data("POST /trackings/post", LAMPS)

    seen = []
    for _ in range(20):
        service.passes(hours=3)
        answer = await service.parcel(LAMPS["tracking_number"])
        seen += [(answer["status"], answer["track_update"])]

    assert ("delivered", True) in seen
    assert seen[-1] == ("exception", True)


async def test_nobody_asks_for_a_parcel_that_is_to_be_left_alone(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.passes(hours=1)

    await service.data("POST /trackings/notupdate", [MUGS])
    stopped = await service.parcel()
    service.passes(days=2)
    later = await service.parcel()

    assert stopped["track_update"] is False
    assert later["updated_at"] == stopped["updated_at"]
    assert later["status"] == "transit"


async def test_a_parcel_that_is_silent_for_too_long_expires(service: Service) -> None:
    await service.data("POST /trackings/batch", [RIBBONS, POSTCARDS])

    service.passes(hours=1)
    ribbons = await service.parcel(RIBBONS["tracking_number"], "china-post")
    postcards = await service.parcel(POSTCARDS["tracking_number"], "usps")
    service.passes(days=61)
    later = await service.parcel(POSTCARDS["tracking_number"], "usps")

    assert (ribbons["status"], ribbons["track_update"]) == ("expired", False)
    assert (postcards["status"], postcards["substatus"]) == ("notfound", "notfound001")
    assert later["status"] == "expired"


async def test_a_look_in_real_time_sees_at_once_and_moves_the_refresh(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.passes(minutes=1)

    (looked,) = (await service.data("POST /trackings/realtime", MUGS))["items"]

    stored = await service.parcel()
    assert looked["status"] == stored["status"] == "transit"
    assert stored["updated_at"] == "2026-03-02T17:01:00+08:00"
    assert "title" not in looked


async def test_within_two_hours_a_look_sees_what_was_seen(service: Service) -> None:
    async def look() -> Json:
        return (await service.data("POST /trackings/realtime", LAMPS))["items"][0]["status"]

    seen = []
    for _ in range(5):
        seen.append(await look())
        service.passes(minutes=59)

    assert seen == ["pickup", "pickup", "pickup", "delivered", "delivered"]
    assert service.tm.stored == {}  # a look puts nothing into the account


async def test_a_second_look_can_also_be_too_many(service: Service) -> None:
    service.tm.faults.set("realtime_twice_is_429", value=True)
    service.tm.faults.set("penalty_box", value=False)

    codes = [await service.code("POST /trackings/realtime", MUGS) for _ in range(2)]
    service.passes(hours=2)
    codes.append(await service.code("POST /trackings/realtime", MUGS))

    assert codes == [200, 429, 200]


async def test_a_hand_moves_a_parcel_one_checkpoint_on(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.passes(minutes=5)
    before = await service.parcel()

    service.tm.move(NUMBER)
    after = await service.parcel()

    assert len(after["origin_info"]["trackinfo"]) == len(before["origin_info"]["trackinfo"]) + 1
    assert after["updated_at"] == "2026-03-02T17:05:00+08:00"
    assert after["origin_info"]["trackinfo"][0]["Date"] == "2026-03-02 04:05:00"  # as on a wall in Texas
    (view,) = [view for view in service.tm.parcels() if view.stored]
    assert view.next_in == timedelta(hours=8)


async def test_a_hand_gives_a_parcel_another_story(service: Service) -> None:
    await service.data("POST /trackings/post", MUGS)
    service.tm.touch(NUMBER)

    service.tm.set_story(NUMBER, "returned")
    service.tm.finish(NUMBER)

    answer = await service.parcel()
    texts = [point["StatusDescription"] for point in answer["origin_info"]["trackinfo"]]
    assert (answer["status"], answer["substatus"]) == ("exception", "exception010")
    assert texts[0] == "Returned to sender"
    assert "Origin Scan" in texts
    with pytest.raises(LookupError, match="no story"):
        service.tm.set_story(NUMBER, "flown away")


async def test_a_hand_lets_everything_be_refreshed(service: Service) -> None:
    service.tm.put("1ZOPEN0", "ups", status="transit")
    service.tm.put("1ZDONE0", "ups", status="delivered")
    service.passes(minutes=1)

    service.tm.refresh_all()

    updated = [(await service.parcel(number))["updated_at"][14:19] for number in ("1ZOPEN0", "1ZDONE0")]
    assert updated == ["01:00", "00:00"]


def test_the_road_is_full_of_parcels_of_many_carriers_and_kinds(service: Service) -> None:
    views = service.tm.routes()

    assert 28 <= len(views) <= 34
    assert len({view.carrier for view in views}) >= 20
    assert {view.story for view in views} >= STORIES.keys() - {"unknown"}
    assert {view.status for view in views} >= {"notfound", "transit", "pickup", "exception", "expired"}
    assert not any(view.stored for view in views)
    for number, route in ROUTES.items():
        assert route.carrier in {carrier.code for carrier in detect(number)} | {"bluedart"}, number


def test_any_other_number_has_a_life_mostly_a_smooth_one(service: Service) -> None:
    numbers = [f"1ZLUCK{n:03}" for n in range(400)]

    lives = [service.tm.life("ups", number) for number in numbers]

    smooth = sum(life.route.story == "smooth ups" for life in lives)
    assert 0.65 < smooth / len(lives) < 0.85
    assert lives[0] is service.tm.life("ups", numbers[0])


def test_the_service_knows_all_carriers() -> None:
    assert len(carriers()) == 663
    assert math.isclose(carriers()["ups"].refresh_hours, 3)
    assert carriers()["usps"].expires_after_days == 60
