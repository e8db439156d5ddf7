"""What a parcel looks like in answers, and what we read of it.

Over 300 lines: every type variant of the contract has its row.

Over 300 lines: every variant of a field is written out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.errors import (
    AlreadyExists,
    AnswerNotUnderstood,
    CarrierRefused,
    Missing,
    NumberRefused,
    ProviderRefused,
)
from bot.domain.parcel import ParcelKey, Report
from bot.domain.status import Status
from bot.providers.trackingmore.reader import Reader
from bot.providers.trackingmore.wire import read_counts, read_one, read_outcome, read_report
from tests.unit.providers.trackingmore.network import MUGS, NOON

SCAN = {"Date": "2026-03-01 07:00:00", "StatusDescription": "Departed hub", "Details": "Reno"}
BARE = {"tracking_number": MUGS.number, "carrier_code": "ups", "status": "transit"}
HERE = "GET /trackings/get data"


def read(**facts: object) -> Report:
    return read_report(Reader(BARE | facts, HERE), NOON)


def leg(*lines: Mapping[str, Any] | None, **facts: object) -> dict[str, Any]:
    return {"carrier_code": "ups", "trackinfo": list(lines), **facts}


def test_a_whole_parcel_is_read() -> None:
    report = read(
        status="pickup",
        substatus="pickup002",
        updated_at="2026-03-02T10:00:00+08:00",
        archived=True,
        original_country="China",
        destination_country="United States",
        stayTimeLength=2,
        origin_info=leg(SCAN | {"checkpoint_status": "transit", "substatus": "transit001", "ItemNode": "ItemReceived"}),
    )

    [line] = report.checkpoints
    assert report.key == MUGS
    assert (report.status, report.substatus, report.word) == (Status.PICKUP, "pickup002", "")
    assert report.updated_at == datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    assert (report.asked_at, report.archived, report.days_silent) == (NOON, True, 2)
    assert (report.origin, report.destination) == ("China", "United States")
    assert (line.carrier, line.text, line.location) == ("ups", "Departed hub", "Reno")
    assert (line.status, line.substatus, line.milestone) == (Status.IN_TRANSIT, "transit001", "ItemReceived")


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNKNOWN])
def test_every_status_word_is_known(status: Status) -> None:
    assert read(status=status.value).status is status


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Delivered", Status.DELIVERED),
        ("not found", Status.NOT_FOUND),
        (" transit ", Status.IN_TRANSIT),
        ("4", Status.DELIVERED),
        ("7", Status.EXCEPTION),
        (0, Status.PENDING),
        (5, Status.EXPIRED),
        (["transit"], Status.IN_TRANSIT),
    ],
)
def test_a_status_is_read_whichever_way_it_comes(word: object, status: Status) -> None:
    assert read(status=word).status is status


@pytest.mark.parametrize(
    ("word", "shown"),
    [("inforeceived", "inforeceived"), ("Customs_Hold_2", "Customs_Hold_2"), ("", ""), (None, ""), (9, "9")],
)
def test_a_word_not_met_before_is_kept_as_it_came(word: object, shown: str) -> None:
    report = read(status=word)

    assert (report.status, report.word) == (Status.UNKNOWN, shown)


@pytest.mark.parametrize("substatus", ["exception010", "exception 010", "Exception010"])
def test_a_substatus_is_one_word(substatus: str) -> None:
    assert read(substatus=substatus).substatus == "exception010"


@pytest.mark.parametrize("none", [None, "", "null", [], {}, False])
@pytest.mark.parametrize("field", ["origin_info", "destination_info", "updated_at", "substatus", "stayTimeLength"])
def test_what_is_written_as_nothing_is_nothing(field: str, none: object) -> None:
    assert read(**{field: none}) == read()


@pytest.mark.parametrize("none", [None, "", [], {}])
def test_a_leg_may_have_no_journey_yet(none: object) -> None:
    assert read(origin_info=leg() | {"trackinfo": none}).checkpoints == ()


@pytest.mark.parametrize("milestone", [False, "", None, "2026-03-01 07:00"])
def test_milestones_of_any_form_do_no_harm(milestone: object) -> None:
    names = ("ItemReceived", "ItemDispatched", "DepartfromAirport", "ArrivalfromAbroad", "CustomsClearance")

    report = read(origin_info=leg(SCAN, **dict.fromkeys(names, milestone)))

    assert len(report.checkpoints) == 1


def test_names_mails_and_phones_are_not_read() -> None:
    secrets = {
        "customer_name": "Ada Canary",
        "customer_email": ["canary@example.com"],
        "customer_phone": "+1555canary",
        "singed_by": "Canary",
        "signed_by": "Canary",
        "comment": "canary",
        "title": "canary",
        "order_id": "canary",
    }

    report = read(**secrets, origin_info=leg(SCAN | {"RawStatus": "canary"}, phone="canary"))

    assert "canary" not in repr(report).casefold()


def test_both_legs_are_one_journey_newest_first() -> None:
    origin = leg(SCAN, SCAN | {"Date": "2026-02-28", "StatusDescription": "Picked up"})
    destination = leg(SCAN | {"Date": "2026-03-02 11:04", "StatusDescription": "Arrived"}, carrier_code="USPS")

    report = read(origin_info=origin, destination_info=destination)

    assert [line.text for line in report.checkpoints] == ["Arrived", "Departed hub", "Picked up"]
    assert [line.carrier for line in report.checkpoints] == ["usps", "ups", "ups"]


def test_a_leg_without_carrier_is_the_parcels_own() -> None:
    [line] = read(origin_info={"trackinfo": [SCAN]}).checkpoints

    assert line.carrier == "ups"


def test_the_order_of_names_and_unknown_ones_do_not_matter() -> None:
    shuffled = {"City": "RENO", **dict(reversed(SCAN.items())), "ActType": "I"}

    assert read(origin_info=leg(shuffled)).checkpoints == read(origin_info=leg(SCAN)).checkpoints


def test_a_checkpoint_status_not_met_before_is_none() -> None:
    [line] = read(origin_info=leg(SCAN | {"checkpoint_status": "teleported"})).checkpoints

    assert line.status is None


def test_a_time_that_cannot_be_read_is_shown_as_it_came() -> None:
    [line] = read(origin_info=leg(SCAN | {"Date": "early March"})).checkpoints

    assert (line.local_time, line.raw_time) == (None, "early March")


def test_a_number_is_told_without_blanks_in_capitals_and_a_carrier_small() -> None:
    report = read(tracking_number=" 1zx0000 10300000016 ", carrier_code="UPS")

    assert report.key == MUGS


def test_a_number_may_come_as_a_number() -> None:
    assert read(tracking_number=770000000001).key.number == "770000000001"


@pytest.mark.parametrize(
    ("facts", "where"),
    [
        ({"status": {"x": 1}}, f"{HERE}.status"),
        ({"carrier_code": None}, f"{HERE}.carrier_code"),
        ({"tracking_number": ""}, f"{HERE}.tracking_number"),
        ({"origin_info": "??"}, f"{HERE}.origin_info"),
        ({"origin_info": leg() | {"trackinfo": "??"}}, f"{HERE}.origin_info.trackinfo"),
        ({"origin_info": leg(SCAN, SCAN | {"Details": {"x": 1}})}, f"{HERE}.origin_info.trackinfo[1].Details"),
    ],
)
def test_a_parcel_of_another_shape_is_refused_with_its_place(facts: dict[str, Any], where: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        read(**facts)

    assert refused.value.where == where


@pytest.mark.parametrize("data", [BARE, [BARE], {"items": [BARE]}, {"items": {"0": BARE}}])
def test_one_parcel_is_found_alone_in_a_list_and_in_items(data: object) -> None:
    assert read_one(data, HERE, MUGS, NOON).key == MUGS


@pytest.mark.parametrize("data", [None, [], {}, {"items": []}, {"items": None}, ""])
def test_an_answer_without_parcel_means_there_is_none(data: object) -> None:
    with pytest.raises(Missing):
        read_one(data, HERE, MUGS, NOON)


def test_an_answer_about_another_parcel_is_not_taken() -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        read_one({"items": [BARE | {"tracking_number": "1ZX000020300000023"}]}, HERE, MUGS, NOON)

    assert refused.value.where == f"{HERE}.items[0].tracking_number"


def test_a_report_is_of_the_parcel_that_was_asked_for_however_the_answer_writes_it() -> None:
    asked = ParcelKey("dhl-germany", "00-3404")

    report = read_one(BARE | {"tracking_number": "003404", "carrier_code": "dhl"}, HERE, asked, NOON)

    assert report.key == asked


A, B, C = (ParcelKey("royal-mail", f"RB40001371{number}GB") for number in (1, 2, 3))


def named(key: ParcelKey, **facts: object) -> dict[str, Any]:
    return {"tracking_number": key.number, "carrier_code": key.carrier, **facts}


def test_what_became_of_many_is_matched_by_number() -> None:
    data = {
        "submitted": 3,
        "added": 1,
        "trackings": [named(B)],
        "errors": [named(C, code="4014"), dict(reversed(named(A, code=4016).items()))],
    }

    outcome = read_outcome(data, HERE, [A, B, C], must_be_named=True)

    assert outcome.done == (B,)
    assert {key: type(error) for key, error in outcome.refused.items()} == {A: AlreadyExists, C: NumberRefused}


@pytest.mark.parametrize(
    "data",
    [
        {"submitted": 2, "delete": 2, "trackings": [{"meta": named(A, code=200)}, {"meta": named(B)}], "errors": []},
        {"submitted": 2, "change": "2"},
        {"submitted": 2, "updated": 2, "trackings": [named(A), named(B)]},
        [named(A), named(B)],
        {},
        [],
        None,
    ],
)
def test_what_is_not_among_the_errors_is_done(data: object) -> None:
    outcome = read_outcome(data, HERE, [A, B])

    assert (outcome.done, outcome.refused) == ((A, B), {})


def test_an_entry_may_say_in_its_meta_that_it_failed() -> None:
    outcome = read_outcome({"trackings": [{"meta": named(A, code=4017)}]}, HERE, [A])

    assert isinstance(outcome.refused[A], Missing)


def test_a_creation_that_is_nowhere_in_the_answer_has_failed() -> None:
    outcome = read_outcome({"trackings": [named(A)], "errors": []}, HERE, [A, B], must_be_named=True)

    assert outcome.done == (A,)
    assert type(outcome.refused[B]) is ProviderRefused


def test_a_creation_that_the_service_gave_another_carrier_is_still_found() -> None:
    moved = ParcelKey("parcel-force", A.number)

    outcome = read_outcome({"trackings": [named(moved), named(B)]}, HERE, [A, B, C], must_be_named=True)

    assert outcome.done == (A, B)


def test_one_number_with_two_carriers_is_told_apart() -> None:
    other = ParcelKey("parcel-force", A.number)

    outcome = read_outcome({"errors": [named(other, code=4015)]}, HERE, [A, other])

    assert outcome.done == (A,)
    assert isinstance(outcome.refused[other], CarrierRefused)


def test_an_error_about_nobody_we_asked_for_is_passed_over() -> None:
    assert read_outcome({"errors": [{"code": 4012}, named(C, code=4014)]}, HERE, [A]).done == (A,)


def test_counts_may_be_text_or_missing() -> None:
    counts = read_counts(Reader({"pending": 4, "transit": "31", "delivered": None, "teleported": 9}, HERE))

    assert counts[Status.PENDING] == 4
    assert counts[Status.IN_TRANSIT] == 31
    assert counts[Status.DELIVERED] == counts[Status.EXPIRED] == 0
    assert Status.UNKNOWN not in counts


def test_a_real_time_answer_takes_the_finer_word_from_its_newest_line() -> None:
    line = {"Date": "2026-03-02 09:00", "StatusDescription": "At the shop", "substatus": "pickup002"}

    found = read(status="pickup", origin_info={"trackinfo": [line]})

    assert found.substatus == "pickup002"
