"""Odd answers of the tracking service and the network: each becomes the right word in the channel, or none.

Long, since each oddity is a test of its own.

Over 300 lines: each odd answer is written out as it came.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.domain.status import Status
from bot.engines.local import LocalEngine
from tests.contract.answers import (
    CREATE,
    DELIVERED,
    DEPARTED,
    EDIT,
    LIST,
    LOOK,
    ONE,
    QUOTA,
    READS,
    bad,
    good,
    line,
    record,
)
from tests.contract.seen import everything
from tests.contract.whole import CHI, ORDERS, RETURNS, Whole
from tests.unit.providers.trackingmore.network import KEY

UPS, OTHER, THIRD = "1ZX000010300000016", "1ZX000020300000023", "1ZX000030300000030"
MAIL = "LK500027191CN"
GATEWAY = "<html><head><title>502 Bad Gateway</title></head></html>"


# --- the envelope


async def test_out_of_quota_inside_a_200_is_no_success(whole: Whole) -> None:
    whole.service.script(CREATE, bad(4021, "Remaining quota is deficient"), http=200)

    answer = await whole.types(f"add {UPS}")

    assert "quota" in answer
    assert await whole.followed() == []
    assert whole.asked(CREATE) == 1
    assert whole.posts() == []


async def test_a_parcel_that_the_service_has_already_is_followed_here_too(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.service.script(CREATE, bad(4016, "Tracking already exists."))
    whole.holds(record(UPS, "transit", DEPARTED))
    await whole.types(f"add {UPS}", channel=RETURNS)

    await whole.polls(record(UPS, "delivered", DELIVERED, DEPARTED))

    assert await whole.followed(ORDERS) == await whole.followed(RETURNS) == [UPS]
    assert len(whole.posts(ORDERS)) == 1
    card, news = whole.posts(RETURNS)
    assert "Delivered" in whole.posts(ORDERS)[0]
    assert "Delivered" in card
    assert "✅ Delivered" in news


async def test_a_number_that_exists_at_the_service_only_is_followed_for_nothing(whole: Whole) -> None:
    whole.service.script(CREATE, bad(4016, "Tracking already exists."))
    whole.holds(record(UPS, "transit", DEPARTED))

    answer = await whole.types(f"add {UPS}")

    assert "In transit" in answer
    assert "No quota used" in answer
    assert await whole.followed() == [UPS]


async def test_an_error_page_changes_no_parcel_and_is_said_kindly(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.answers(GATEWAY, http=502)

    await whole.polls()
    status = await whole.types(f"status {UPS}")

    assert whole.posts() == []
    assert "In transit" in status
    assert "The tracking service has not answered since <!date^" in status
    assert "News may be late; nothing is lost." in status
    assert not [word for word in ("html", "JSON", "Traceback") if word in status]
    whole.service.unscript()
    await whole.polls()
    assert "not answered" not in await whole.types(f"status {UPS}")


async def test_a_deleted_key_ends_the_round_and_is_told_to_the_admins_once(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = await whole.follows_many(10)
    refused = {"meta": {"code": 4002, "type": "Unauthorized", "message": "API key has been deleted"}, "data": []}
    whole.answers(refused, http=401)
    whole.service.script(QUOTA, refused, http=401)

    await whole.polls()
    await whole.polls()
    status = await whole.types(f"status {numbers[1]}")

    assert whole.posts() == []
    assert whole.asked(*READS) <= 3
    assert "In transit" in status
    assert ": The tracking service refuses our key;" in status
    assert len(whole.whispers(CHI)) == 1
    assert "TRACKINGMORE_API_KEY" in whole.whispers(CHI)[0]
    said = [str(vars(one)) for one in caplog.records]
    assert len([one for one in said if "KeyRefused" in one]) == 1
    assert not [one for one in said if KEY in one]


async def test_too_many_requests_are_followed_by_two_minutes_of_silence(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.answers(bad(429, "Too Many Requests"), http=429)
    await whole.polls()
    called = len(whole.service.calls)
    whole.service.unscript()
    whole.holds(record(UPS, "delivered", DELIVERED))

    answer = await whole.types(f"refresh {UPS}")
    whole.passes(seconds=60)
    await whole.services.sweep.run_once()
    called_in_silence = len(whole.service.calls) - called
    whole.passes(seconds=70)
    await whole.services.sweep.run_once()
    await whole.settled()

    assert "asked me to wait 2 minutes" in answer
    assert called_in_silence == 0
    assert "Delivered" in whole.posts()[0]


async def test_a_redirect_is_not_followed_and_the_key_stays_at_home(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.answers("", http=301, headers={"Location": "http://other.example/v2/trackings/get"})

    await whole.polls()

    assert {(request.url.scheme, request.url.host) for request in whole.wire.sent} == {("https", "api.example.com")}
    assert "In transit" in await whole.types(f"status {UPS}")
    whole.service.unscript()
    await whole.polls(record(UPS, "delivered", DELIVERED))
    assert len(whole.posts()) == 1


# --- nothing, written in many ways


async def test_an_empty_list_for_an_object_holds_up_nobody(whole: Whole) -> None:
    await whole.follows(UPS)
    await whole.follows(OTHER, "transit")

    empty = record(UPS, "pending", origin_info=[], destination_info=[])
    await whole.polls(empty, record(OTHER, "delivered", DELIVERED))

    [told] = whole.posts()
    assert OTHER in told
    assert "The tracking service has not asked UPS yet." in await whole.types(f"status {UPS}")
    assert (await whole.parcel(UPS)).updated_at == datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # it was read, too


async def test_parts_that_are_null_are_parts_that_are_missing(whole: Whole) -> None:
    await whole.follows(UPS)
    leg = {"weblink": None, "phone": None, "carrier_code": "ups", "trackinfo": None}
    nulls: dict[str, Any] = dict.fromkeys(("updated_at", "lastEvent", "lastUpdateTime"))

    await whole.polls(record(UPS, "transit", **nulls, origin_info=leg, destination_info=leg | {"carrier_code": None}))

    status = await whole.types(f"status {UPS}")
    assert "In transit" in status
    assert "The carrier gives no details." in status
    assert "None" not in status


async def test_the_word_null_is_no_title_and_no_name(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    words = dict.fromkeys(("title", "customer_name", "customer_email"), "null")

    await whole.polls(record(UPS, "delivered", DELIVERED, **words))

    [told] = whole.posts()
    assert UPS in told
    assert "null" not in told + everything(whole.card(UPS))
    assert "None" not in told + everything(whole.card(UPS))


async def test_delivered_without_a_checkpoint_is_told_without_details(whole: Whole) -> None:
    await whole.follows(UPS, "transit")

    await whole.polls(record(UPS, "delivered"))

    [told] = whole.posts()
    assert "✅ Delivered" in told
    assert "The carrier gives no details." in told
    assert not [word for word in ("None", "null") if word in told]
    assert "The carrier gives no details." in await whole.types(f"status {UPS}")


@pytest.mark.parametrize("expected", ["0000-00-00", None, "2026-03-09 00:00:00"])
async def test_a_promised_day_that_is_none_is_not_shown(whole: Whole, expected: str | None) -> None:
    await whole.follows(UPS, "transit")

    await whole.polls(record(UPS, "transit", line("2026-03-01 07:00:00", "Scan"), ScheduledDeliveryDate=expected))

    status = await whole.types(f"status {UPS}")
    assert "Scan" in status
    assert not [word for word in ("Invalid", "None", "0000-", "1970") if word in status]


# --- shapes and types


@pytest.mark.parametrize("shape", ["alone", "a list", "items"])
async def test_a_parcel_is_read_in_each_of_three_shapes(whole: Whole, shape: str) -> None:
    mine = record(UPS, "transit", DEPARTED)
    whole.service.put(UPS, "ups")
    whole.service.script(ONE, good({"alone": mine, "a list": [mine], "items": {"items": [mine]}}[shape]))
    whole.service.script(LIST, good({"page": 1, "limit": 25, "total": "1", "items": [mine]}))

    answer = await whole.types(f"add {UPS}")
    await whole.polls()

    assert "In transit" in answer
    assert "Departed hub" in await whole.types(f"status {UPS}")


async def test_a_parcel_that_the_service_no_longer_has_loses_nothing(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    await whole.polls(record(UPS, "transit", DEPARTED))
    whole.answers(good([]))

    answer = await whole.types(f"refresh {UPS}")

    assert "has no such parcel, or no longer. What is known here is kept" in answer
    assert "Departed hub" in await whole.types(f"status {UPS}")


async def test_numbers_that_come_as_text_are_numbers(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.service.script(LIST, good({"page": "1", "limit": "25", "total": "56", "items": []}))
    whole.service.script(QUOTA, good({"money": "12.50", "track_number": "431"}))

    await whole.polls()

    assert "*431* left" in await whole.types("quota")
    assert "Last checked" in await whole.types("quota")


async def test_a_time_is_read_with_and_without_seconds(whole: Whole) -> None:
    await whole.follows(MAIL, carrier="china-ems")
    lines = (
        line("2026-03-02 17:45", "Left Suzhou centre", "CN"),
        line("2026-03-01 16:16:09", "Sealed", "CN"),
        line("last week", "Posted", "CN"),
    )

    await whole.polls(record(MAIL, "transit", *lines, carrier="china-ems"))

    status = await whole.types(f"status {MAIL}")
    assert "02 Mar 17:45 · Left Suzhou centre · CN\n01 Mar 16:16 · Sealed · CN" in status
    assert "last week · Posted" in status


async def test_a_carriers_time_is_shown_as_it_stands_wherever_we_are(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    await whole.follows(UPS, "transit")

    await whole.polls(record(UPS, "delivered", line("2026-03-02 17:03:00", "Delivered", "Springfield", "delivered")))
    status = await whole.types(f"status {UPS}")
    monkeypatch.undo()
    time.tzset()

    assert "02 Mar 17:03 local" in whole.posts()[0]
    assert "02 Mar 17:03 · Delivered" in status
    assert "Times are local to the scan." in status
    assert "hours ago" not in status


async def test_a_carriers_own_language_is_shown_whole(whole: Whole) -> None:
    await whole.types("subscribe everything")
    await whole.follows(MAIL, carrier="china-ems")
    text = "离开【苏州市大宗邮件处理中心】，下一站【苏州中心】"

    await whole.polls(record(MAIL, "transit", line("2026-03-01 17:45", text, "CN"), carrier="china-ems"))

    [told] = whole.posts()
    assert text in told
    assert text in everything(whole.card(MAIL))


# --- journeys


async def test_a_line_that_comes_twice_is_told_once_and_with_its_place(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    bare = line("2026-03-02 11:00:00", "Delivered", "", "delivered")

    await whole.polls(record(UPS, "delivered", bare, DELIVERED, DEPARTED, DEPARTED))

    status = await whole.types(f"status {UPS}")
    assert len(whole.posts()) == 1
    assert status.count("Departed hub") == 1
    assert status.count("· Delivered") == 1
    assert "Delivered · Springfield" in status


async def test_the_newest_line_is_the_one_with_the_latest_time(whole: Whole) -> None:
    await whole.types("subscribe everything")
    await whole.follows(UPS)
    lines = (
        line("2026-02-28 09:00:00", "Picked up", "Reno"),
        line("2026-03-02 04:00:00", "Arrived", "Provo"),
        line("2026-03-01 22:10:00", "Departed", "Elko"),
    )

    await whole.polls(record(UPS, "transit", *lines))

    status = await whole.types(f"status {UPS}")
    [told] = whole.posts()
    assert "\n> Arrived · Provo" in told
    assert "Arrived · Provo" in everything(whole.card(UPS))
    assert status.index("Arrived") < status.index("Departed") < status.index("Picked up")


async def test_of_two_lines_in_one_minute_the_parcels_own_status_decides(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    lines = (
        line("2026-03-02 07:10:00", "Out for delivery", "Provo", "pickup"),
        line("2026-03-02 07:10:00", "Item sent out"),
    )

    await whole.polls(record(UPS, "pickup", *lines))
    await whole.polls()

    [told] = whole.posts()
    assert "Out for delivery" in told
    assert (await whole.parcel(UPS)).status is Status.PICKUP


async def test_a_detail_that_changes_at_each_read_is_told_once(whole: Whole) -> None:
    await whole.follows(UPS, "transit")

    for number, hour in ((1, 10), (2, 12), (2, 12)):
        signed = DELIVERED | {"signature": f"https://x.test/{number}"}
        await whole.polls(record(UPS, "delivered", signed, updated_at=f"2026-03-02T{hour}:00:00+08:00"))

    assert len(whole.posts()) == 1


async def test_a_status_that_goes_to_and_fro_is_told_once_each_way(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    out = line("2026-03-02 07:10:00", "Out", "", "pickup")

    for status in ("pickup", "transit") * 3:
        await whole.polls(record(UPS, status, out))

    assert 1 <= len(whole.posts()) <= 2


# --- what words mean


async def test_the_third_button_sends_8_and_never_speaks_of_a_return(whole: Whole) -> None:
    await whole.follows(UPS, "transit")

    await whole.presses("Delivered", UPS)
    marked = everything(whole.card(UPS))
    await whole.presses("Return to carrier status", UPS)

    assert whole.sent(EDIT) == [{"status": 4}, {"status": 8}]
    assert "Marked delivered" in marked
    assert "*🚚 In transit*" in everything(whole.card(UPS))
    said = " ".join([*whole.posts(), everything(whole.card(UPS))])
    assert not [words for words in ("returned to sender", "returning", "Returned") if words in said]


async def test_status_words_that_nobody_planned_for_are_shown_as_they_are(whole: Whole) -> None:
    for number in (UPS, OTHER, THIRD):
        await whole.follows(number)

    await whole.polls(record(UPS, "inforeceived"), record(OTHER, "Customs_Hold_2"), record(THIRD, ""))

    listed = await whole.types("list")
    assert all(number in listed for number in (UPS, OTHER, THIRD))
    assert "Moving* · 2" in listed  # the third names no status, and keeps the one it has
    assert "❔ inforeceived" in listed
    assert "Hold" in listed


async def test_a_delay_is_told_as_one_and_never_as_a_return(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    delayed = line("2026-03-02 09:00:00", "Delayed, high demand", "", "exception")

    await whole.polls(record(UPS, "exception", delayed, substatus="exception005"))

    [told] = whole.posts()
    assert "Problem: Delayed, high demand" in told
    assert "eturn" not in told.replace("Return to carrier status", "")


async def test_a_parcel_to_be_collected_is_not_out_for_delivery(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    waits = line("2026-03-02 07:00:00", "Awaiting collection", "Post office", "pickup")

    await whole.polls(record(UPS, "pickup", waits, substatus="pickup002"))

    [told] = whole.posts()
    assert "Ready to collect" in told
    assert "Out for delivery" not in told


async def test_the_echo_of_a_mark_is_not_taken_for_the_parcel(whole: Whole) -> None:
    await whole.follows(UPS, "transit", title="Vase")
    await whole.polls(record(UPS, "transit", DEPARTED))
    whole.service.script(EDIT, good(record(UPS, "7", title="Vase", archived="true")))

    await whole.presses("Exception", UPS)
    status, listed = await whole.types(f"status {UPS}"), await whole.types("list")

    assert "Marked exception by <@U0ADA>" in status
    assert "Departed hub" in status
    assert "Marked exception" in listed
    assert "Archived" not in listed
    parcel = await whole.parcel(UPS)
    assert (parcel.shown_status, parcel.status) == (Status.EXCEPTION, Status.IN_TRANSIT)


# --- the network


async def test_a_slow_answer_costs_one_round(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.wire.fault("/trackings/get", httpx.ReadTimeout("slow"))

    await whole.polls(record(UPS, "delivered", DELIVERED))
    after_one = len(whole.posts())
    await whole.polls()

    assert (after_one, len(whole.posts())) == (0, 1)


async def test_an_hour_without_the_service_is_made_up_for_by_one_line(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    await whole.follows(UPS, "transit")
    whole.holds(record(UPS, "delivered", DELIVERED))
    caplog.set_level(logging.INFO)

    for _ in range(4):
        whole.wire.fault("/trackings/get", httpx.ConnectError("Name or service not known"), times=2)
        await whole.polls()
    in_the_dark = list(whole.posts())
    await whole.polls()

    assert in_the_dark == []
    assert len(whole.posts()) == 1
    said = [one.levelname for one in caplog.records if one.name == "bot.services.sweep"]
    assert said == ["WARNING", "INFO"]


async def test_an_answer_that_never_comes_ends_its_round_and_not_the_next(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.holds(record(UPS, "delivered", DELIVERED))
    whole.wire.silence("/trackings/get")
    engine, ended = LocalEngine(), asyncio.Event()

    async def one_round() -> None:
        await whole.services.sweep.run_once()
        ended.set()

    whole.passes(hours=1)
    engine.every(0.05, "sweep", one_round, limit=timedelta(seconds=0.1))
    engine.start()
    await asyncio.wait_for(ended.wait(), 10)
    await engine.stop(timedelta(seconds=1))
    await whole.settled()

    assert len(whole.posts()) == 1


# --- many, gone and broken


async def test_every_parcel_of_a_list_of_many_pages_is_looked_at(whole: Whole) -> None:
    numbers = await whole.follows_many(130, status=Status.PENDING)
    everybody = [record(number, "transit", DEPARTED, carrier="yunexpress") for number in numbers]
    for page in range(6):
        mine = {"page": page + 1, "limit": 25, "total": "130", "items": everybody[page * 25 : page * 25 + 25]}
        whole.service.script(LIST, good(mine), where=f"page={page + 1}&")

    await whole.services.sweep.run_once()

    parcels = await whole.store.parcels()
    assert len(parcels) == 130
    assert {parcel.status for parcel in parcels} == {Status.IN_TRANSIT}
    listed = await whole.types("list")
    assert "130 parcels" in listed
    assert "Last checked" in listed


async def test_a_parcel_that_is_gone_is_said_once_and_no_longer_asked_for(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.answers(bad(4017, "Tracking does not exist."))
    whole.passes(hours=9)

    for _ in range(4):
        await whole.polls(minutes=130)  # a carrier is asked once in two hours

    [told] = whole.posts()
    assert "no longer has it" in told
    assert whole.asked(LOOK, ONE) == 2
    assert "no longer at the tracking service" in await whole.types("list")
    assert "[Add again]" in everything(whole.card(UPS))


async def test_a_record_that_cannot_be_read_is_named_and_holds_up_nobody(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    await whole.follows(UPS, "transit")
    await whole.follows(OTHER, "transit")
    broken = {"tracking_number": UPS, "status": {"x": 1}, "origin_info": "??"}

    await whole.polls(broken, record(OTHER, "delivered", DELIVERED))

    [told] = whole.posts()
    assert OTHER in told
    assert [one for one in caplog.records if vars(one).get("number") == UPS]
    assert "In transit" in await whole.types(f"status {UPS}")
