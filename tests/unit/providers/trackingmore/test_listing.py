"""A page of the list is read only as far as it must be, and says what it would if it were read whole."""

import json
import logging
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, ProviderError
from bot.domain.parcel import Report, Seen
from bot.domain.reports import UNLIKE_ANY
from bot.domain.status import Status
from bot.providers.trackingmore.bodies import Search
from bot.providers.trackingmore.listing import Page, QuickPage, read_page, unwrap_page
from bot.providers.trackingmore.reader import DEEPEST
from bot.providers.trackingmore.session import unwrap
from bot.providers.trackingmore.transport import MEBIBYTE, RawAnswer
from tests.unit.providers.trackingmore.network import MUGS, NOON, Network, good

SCAN = {"Date": "2026-03-01 07:00:00", "StatusDescription": "Departed hub", "Details": "Reno"}
BARE = {"tracking_number": MUGS.number, "carrier_code": "ups", "status": "transit"}
HERE = "GET /trackings/get data"


def test_one_parcel_that_cannot_be_read_does_not_stop_the_page(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    broken = {"tracking_number": "1ZX000010300000016", "status": {"x": 1}, "origin_info": "??"}
    fine = BARE | {"tracking_number": "1ZX000020300000023", "status": "delivered"}

    page = read_page({"page": 1, "limit": 100, "total": "5", "items": [broken, "??", None, 7, fine]}, HERE, NOON)

    assert [report.key.number for report in page.reports] == ["1ZX000020300000023"]
    assert page.entries == 5
    first = vars(caplog.records[0])
    assert (first["number"], first["where"]) == ("1ZX000010300000016", f"{HERE}.items[0].carrier_code")
    assert len(caplog.records) == 4


@pytest.mark.parametrize("total", [56, "56", 56.0])
def test_a_page_counts_whichever_way_its_numbers_come(total: object) -> None:
    page = read_page({"page": "1", "limit": "25", "total": total, "items": []}, HERE, NOON)

    assert (page.total, page.limit, page.entries) == (56, 25, 0)


@pytest.mark.parametrize("data", [None, [], {}, {"items": []}, {"items": {}}, {"page": 9, "items": None}])
def test_a_page_without_parcels_is_empty(data: object) -> None:
    assert not read_page(data, HERE, NOON).reports


def test_a_page_may_be_the_list_alone() -> None:
    page = read_page([BARE], HERE, NOON)

    assert (len(page.reports), page.entries, page.total) == (1, 1, None)


@pytest.mark.parametrize("data", ["??", 17, {"items": "??"}])
def test_a_page_of_another_shape_is_refused(data: object) -> None:
    with pytest.raises(AnswerNotUnderstood):
        read_page(data, HERE, NOON)


# ── read quickly and read whole ───────────────────────────────────────────────────────────────────────────────────────

_TEXTS: st.SearchStrategy[object] = st.sampled_from(
    [None, "", "null", [], False, "transit", "delivered", "Customs_Hold", 4, "7", ["pickup"], {"x": 1}]
)
_DATES = st.sampled_from(["2026-03-01 07:00:00", "2026-03-01 07:00", "0000-00-00", "last week", None, 20260301])
_LINES = st.fixed_dictionaries(
    {"Date": _DATES, "StatusDescription": st.text(max_size=8) | st.none(), "Details": st.sampled_from(["Reno", None])},
    optional={"checkpoint_status": _TEXTS, "substatus": _TEXTS},
)
_LEGS: st.SearchStrategy[object] = st.sampled_from([None, [], "", False, "??"]) | st.fixed_dictionaries(
    {"carrier_code": st.sampled_from(["ups", None]), "trackinfo": st.lists(_LINES, max_size=3) | st.none()}
)
_ENTRIES: st.SearchStrategy[object] = st.fixed_dictionaries(
    {
        "tracking_number": st.sampled_from(
            [f"1ZX{at:06}" for at in range(6)] + ["1zx 000009", "null", "", None, 77, "é9999"]
        ),
        "carrier_code": st.sampled_from(["ups", "UPS", "usps", None, "null", 5]),
    },
    optional={
        "status": _TEXTS,
        "substatus": _TEXTS,
        "updated_at": st.sampled_from(["2026-03-02T10:00:00+08:00", "2026-03-02", "null", None, "", 7, False]),
        "stayTimeLength": st.sampled_from([0, 12, "10", "9.9", "many", None, "", [], False, 10**25, 1.5]),
        "archived": st.sampled_from([True, False, "true", None]),
        "origin_info": _LEGS,
        "destination_info": _LEGS,
    },
) | st.sampled_from([None, "??", 7, [], {}])
_PAGES = st.lists(_ENTRIES, max_size=5)


def answer_of(*entries: object) -> bytes:
    return json.dumps(good({"page": 1, "limit": "100", "total": len(entries), "items": entries})).encode()


def opened(body: bytes) -> Page:
    """Read the page in an answer as the client does."""
    return read_page(unwrapped(body), HERE, NOON)


def unwrapped(body: bytes) -> object:
    """Unwrap an answer; one as small as these needs no thread, so it goes on whenever others have had their turn."""
    unwrapping = unwrap_page(RawAnswer(status=200, headers={}, body=body), HERE)
    while True:
        try:
            unwrapping.send(None)
        except StopIteration as done:
            return done.value[1]


def read_whole(body: bytes) -> Page:
    """Read the page in an answer as any other answer is read."""
    _, data = unwrap(RawAnswer(status=200, headers={}, body=body), HERE)
    return read_page(data, HERE, NOON)


def said(page: Page) -> tuple[object, ...]:
    reports = {replace(report, fingerprint=0) for report in page.reports}
    return reports, page.entries, page.total, page.limit


@pytest.mark.promise("R26")
@given(_PAGES)
@settings(max_examples=300, deadline=None)
def test_a_page_says_the_same_read_quickly_or_whole(entries: list[object]) -> None:
    body = answer_of(*entries)
    try:
        whole = said(read_whole(body))
    except AnswerNotUnderstood:  # a number of 25 digits: read whole it spoils the page, else only its parcel
        reject()

    page = opened(body)
    assert said(page) == whole
    assert {report.key for report in page.reports} <= page.reports.seen.keys()


@pytest.mark.promise("R26")
@given(_PAGES, st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_bytes_come_a_page_is_read_or_refused_and_never_breaks_us(
    entries: list[object], data: st.DataObject
) -> None:
    body = bytearray(answer_of(*entries))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.sampled_from([len(body), len(body) // 2]))]

    with suppress(ProviderError):
        for report in opened(bytes(body)).reports:
            assert isinstance(report, Report)


def test_a_page_of_the_usual_shape_is_read_quickly_whatever_its_values_are() -> None:
    odd: dict[str, object] = BARE | {
        "status": 4,
        "archived": "true",
        "origin_info": [],
        "stayTimeLength": "2",
        "updated_at": None,
    }

    data = unwrapped(answer_of(odd))

    assert isinstance(data, QuickPage)


def test_others_have_their_turn_while_a_page_is_read_quickly() -> None:
    body = answer_of(*(BARE | {"tracking_number": f"1ZX{at:015d}"} for at in range(2000)))
    unwrapping = unwrap_page(RawAnswer(status=200, headers={}, body=body), HERE)

    turns = 0
    with suppress(StopIteration):
        while True:
            unwrapping.send(None)
            turns += 1

    assert turns == 8  # after each 250 of them: half a millisecond


# ── the fingerprint ───────────────────────────────────────────────────────────────────────────────────────────────────


def fingerprint(**facts: object) -> int:
    [seen] = opened(answer_of(BARE | facts)).reports.seen.values()
    return seen.fingerprint


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "pickup1"},
        {"substatus": "transit001"},
        {"original_country": "China"},
        {"destination_country": "China"},
        {"origin_info": {"trackinfo": [SCAN]}},
        {"destination_info": {"trackinfo": [SCAN]}},
        {"stayTimeLength": 10},
        {"archived": True},
    ],
)
def test_whatever_a_report_is_made_of_changes_the_fingerprint(facts: dict[str, object]) -> None:
    assert fingerprint(**facts) != fingerprint()


def test_a_word_for_another_of_the_same_length_changes_it_too() -> None:
    assert fingerprint(status="delivered") != fingerprint(status="exception")


def test_a_refresh_without_news_and_days_that_are_no_stall_yet_leave_it() -> None:
    names = {"id": "a", "title": "Mugs", "itemTimeLength": 4}

    assert fingerprint(updated_at="2026-03-02T10:00:00+08:00", stayTimeLength=3, **names) == fingerprint()


def test_what_is_seen_is_named_and_dated_as_its_report_is() -> None:
    page = opened(answer_of(BARE | {"carrier_code": "UPS", "updated_at": "2026-03-02T10:00:00+08:00"}))

    [report] = page.reports
    assert page.reports.seen == {report.key: Seen(report.fingerprint, report.updated_at)}
    assert report.fingerprint > 0


def test_a_parcel_that_is_listed_twice_makes_the_page_be_read_whole_and_the_later_entry_counts() -> None:
    page = opened(answer_of(BARE, BARE | {"status": "delivered"}))

    [report] = page.reports
    assert (report.status, page.entries) == (Status.DELIVERED, 2)
    assert page.reports.seen[MUGS].fingerprint == UNLIKE_ANY


# ── what is too much ──────────────────────────────────────────────────────────────────────────────────────────────────

FINE = {"tracking_number": "1ZX000020300000023", "carrier_code": "ups", "status": "delivered"}


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.promise("R26")
@pytest.mark.parametrize("value", [nested(70), nested(5000), b"9" * 25, b"NaN", b"1e999", b'"\\ud800\\u0000\\u0007"'])
@pytest.mark.parametrize("odd", [b"", b', "tracking_number": 7'])
def test_what_is_too_deep_too_long_or_no_number_is_refused_and_text_is_cleaned_on_both_ways(
    value: bytes, odd: bytes
) -> None:
    entry = (
        b'{"tracking_number": "1ZX000010300000016", "carrier_code": "ups"'
        + odd
        + b', "original_country": '
        + value
        + b"}"
    )
    body = answer_of(FINE).replace(b'"items": [', b'"items": [' + entry + b", ")

    try:
        reports = list(opened(body).reports)
    except AnswerNotUnderstood:
        return
    assert {report.key.number for report in reports} <= {"1ZX000010300000016", "7", FINE["tracking_number"]}
    for report in reports:
        assert report.origin == ""


@pytest.mark.promise("R26")
@pytest.mark.parametrize("odd", [b"", b"7, "])
def test_a_parcel_may_be_nested_to_the_limit_counted_from_the_top_of_the_answer_and_not_one_deeper(odd: bytes) -> None:
    def numbers(depth: int) -> set[str]:
        leg = b'{"trackinfo": [], "unread": ' + nested(depth) + b"}"
        entry = b'{"tracking_number": "1ZX000010300000016", "carrier_code": "ups", "origin_info": ' + leg + b"}, "
        body = answer_of(FINE).replace(b'"items": [', b'"items": [' + odd + entry)
        return {report.key.number for report in opened(body).reports}

    around = len(["answer", "data", "items", "entry", "leg"])

    assert numbers(DEEPEST - around) == {"1ZX000010300000016", FINE["tracking_number"]}
    assert numbers(DEEPEST - around + 1) == {FINE["tracking_number"]}


@pytest.mark.promise("R26")
async def test_a_page_over_its_limit_is_refused() -> None:
    async with Network(b" " * (16 * MEBIBYTE + 1)) as network:
        with pytest.raises(AnswerTooBig):
            await network.client.list_page(Search())
