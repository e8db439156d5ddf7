"""What annoys or harms people: too much, too little, too late, or what is nobody's business."""

import logging

import pytest

from tests.contract.answers import DELIVERED, QUOTA, good, line, record
from tests.contract.seen import everything
from tests.contract.whole import BEN, Whole

UPS = "1ZX000010300000016"


async def test_scans_redraw_the_card_and_say_nothing(whole: Whole) -> None:
    await whole.follows(UPS)
    hours = ("01 08", "01 09", "01 10", "01 11", "02 08", "02 09")
    scans = [line(f"2026-03-{hour}:00:00", f"Scan {at}") for at, hour in enumerate(hours)]

    for count in range(1, 7):
        await whole.polls(record(UPS, "transit", *reversed(scans[:count])))

    assert len(whole.posts()) <= 1
    assert "Scan 5" in everything(whole.card(UPS))
    assert len(whole.cards()) == 1


async def test_a_delivery_is_told_whatever_came_before_it(whole: Whole) -> None:
    await whole.follows(UPS)

    await whole.polls(record(UPS, "delivered", DELIVERED))

    [told] = whole.posts()
    assert "✅ Delivered" in told


async def test_a_parcel_that_stands_still_is_said_once(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    still = record(UPS, "transit", line("2026-02-20 07:00:00", "Arrived", "Reno"), stayTimeLength="10")

    for minutes in (60, 360, 1080, 5):
        await whole.polls(still, minutes=minutes)

    [told] = whole.posts()
    assert "No movement for 10 days" in told


async def test_news_names_the_title_first_then_carrier_number_and_who_added_it(whole: Whole) -> None:
    await whole.follows(UPS, "transit", title="Mugs for fair", user=BEN)

    await whole.polls(record(UPS, "delivered", DELIVERED))

    [told] = whole.posts()
    assert told.startswith(f"Mugs for fair: ✅ Delivered · UPS `{UPS}` · added by <@U0BEN>")


@pytest.mark.promise("S13")
async def test_what_is_known_of_the_customer_is_shown_to_nobody(whole: Whole, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await whole.follows(UPS, "transit")
    signed = line("2026-03-02 11:00:00", "Delivered, signed by K. EXAMPLE", "Springfield", "delivered")
    customer = {
        "customer_name": "Kim Example",
        "customer_email": "kim@example.com",
        "customer_phone": "+15550100199",
        "singed_by": "K. EXAMPLE",
    }

    await whole.polls(record(UPS, "delivered", signed, **customer))
    seen = [*whole.posts(), everything(whole.card(UPS)), await whole.types(f"status {UPS}"), await whole.types("list")]

    assert "✅ Delivered" in seen[0]
    logged = [str(vars(one)) for one in caplog.records if one.name.startswith("bot")]
    for text in (*seen, *logged):
        assert not [secret for secret in ("Kim Example", "kim@example.com", "5550100199") if secret in text]


async def test_a_delivered_parcel_stays_in_the_list(whole: Whole) -> None:
    await whole.follows(UPS, "transit")

    await whole.polls(record(UPS, "delivered", DELIVERED))
    listed = await whole.types("list")

    assert "Delivered* · 1" in listed
    assert UPS in listed


async def test_little_quota_is_said_to_be_little(whole: Whole) -> None:
    whole.service.script(QUOTA, good({"money": 0, "track_number": 9}))

    answer = await whole.types("quota")

    assert "*9* left of the tracking quota: that is low" in answer
