"""JSON from outside: what is tolerated, and what is not."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import AnswerNotUnderstood
from bot.providers.trackingmore.reader import DEEPEST, LONGEST_TEXT, Reader, decode, rows

NOTHINGS: list[object] = [None, "", "null", "NULL", " ", [], {}, False]


@pytest.mark.promise("R26")
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"<html>", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": NaN}', "a number that is none"),
        (b'{"a": -Infinity}', "a number that is none"),
        (b'{"a": 1e999}', "a number that is none"),
        (b'{"a": 123456789012345678901}', "a number of more than 20 digits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), f"nested more than {DEEPEST} deep"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ],
)
def test_nonsense_is_refused_with_its_place(body: bytes, why: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        decode(body, "GET /trackings/get")

    assert refused.value.detail() == f"GET /trackings/get: {why}"


def test_what_is_just_deep_or_long_enough_is_read() -> None:
    assert decode(b"[" * DEEPEST + b"]" * DEEPEST, "here")
    assert decode(b"12345678901234567890", "here") == 12345678901234567890


@pytest.mark.parametrize(
    "body",
    [b'{"a": "x\\ud800"}', b'{"a": "x\xff"}', b'{"a": "x\x01"}', b'{"a": "x\\u0000"}', b'\xef\xbb\xbf{"a": "x"}'],
    ids=["half a letter", "half a byte sequence", "a control character", "NUL", "a byte order mark"],
)
def test_one_bad_letter_does_not_make_an_answer_unreadable(body: bytes) -> None:
    text = Reader(decode(body, "here"), "here").text("a")

    assert text.rstrip("\ufffd") == "x"


def test_texts_are_cleaned_of_what_a_store_or_a_screen_refuses() -> None:
    reader = Reader({"a": " Left\x00the\x1b[31m \ud800hub\r\nat\u0085dawn\x7f "}, "data")

    assert reader.text("a") == "Left the [31m  hub at dawn"


def test_no_text_is_endless() -> None:
    assert len(Reader({"a": "x" * 10**6}, "data").text("a")) == LONGEST_TEXT


@pytest.mark.parametrize("nothing", NOTHINGS)
def test_every_way_of_writing_nothing_means_none(nothing: object) -> None:
    reader = Reader({"a": nothing}, "data")

    assert reader.text_or("a", "none") == "none"
    assert reader.whole_or("a", None) is None
    assert reader.moment("a") is None
    assert reader.wall_clock("a") == (None, "")
    assert not reader.flag("a")


@pytest.mark.parametrize("nothing", [None, "", "null", [], {}, False])
def test_nothing_in_place_of_an_object_or_a_list_is_an_empty_one(nothing: object) -> None:
    reader = Reader({"a": nothing}, "data")

    assert not reader.inside("a")
    assert list(reader.items("a")) == []


@pytest.mark.parametrize("three", [3, "3", " 3 ", 3.0, "3.7", 3.7, ["3"]])
def test_a_number_is_read_whichever_way_it_comes(three: object) -> None:
    assert Reader({"a": three}, "data").whole("a") == 3


@pytest.mark.parametrize("value", ["many", "3 days", "0x3", "1e9", "9" * 30, True, "٣"])
def test_what_must_be_a_number_and_is_none_is_refused_by_name(value: object) -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        Reader({"track_number": value}, "GET /trackings/getuserinfo data").whole("track_number")

    assert refused.value.where == "GET /trackings/getuserinfo data.track_number"


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (["x"], "x"), (["", "x", "y"], "x"), (7, "7"), (0, "0")])
def test_a_text_may_be_a_number_or_in_a_list(value: object, text: str) -> None:
    assert Reader({"a": value}, "data").text("a") == text


@pytest.mark.parametrize("value", [True, "true", "True", "1", 1])
def test_yes_is_read_whichever_way_it_comes(value: object) -> None:
    assert Reader({"a": value}, "data").flag("a")


@pytest.mark.parametrize("value", ["false", "0", 0, "no", None, {"x": 1}])
def test_all_else_is_no(value: object) -> None:
    assert not Reader({"a": value}, "data").flag("a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-26 11:04:05", datetime(2026, 2, 26, 11, 4, 5)),  # noqa: DTZ001 - carriers give no zone
        ("2026-02-26 11:04", datetime(2026, 2, 26, 11, 4)),  # noqa: DTZ001 - the same
        ("2026-02-26", datetime(2026, 2, 26)),  # noqa: DTZ001 - the same
        ("2026-2-6 9:05", datetime(2026, 2, 6, 9, 5)),  # noqa: DTZ001 - the same
        ("2026/2/26 11:04", datetime(2026, 2, 26, 11, 4)),  # noqa: DTZ001 - the same
        ("2026-02-26T11:04:05+08:00", datetime(2026, 2, 26, 11, 4, 5)),  # noqa: DTZ001 - the same
        ("2026-02-26T11:04:05Z", datetime(2026, 2, 26, 11, 4, 5)),  # noqa: DTZ001 - the same
    ],
)
def test_a_carriers_time_keeps_its_wall_clock_and_gets_no_zone(text: str, expected: datetime) -> None:
    assert Reader({"Date": text}, "data").wall_clock("Date") == (expected, "")


@pytest.mark.parametrize("text", ["yesterday", "26.02.2026", "2026-13-40 11:04", "2026-02-26 25:61"])
def test_a_time_that_cannot_be_read_is_kept_as_it_came(text: str) -> None:
    assert Reader({"Date": text}, "data").wall_clock("Date") == (None, text)


def test_the_databases_zero_is_no_time_at_all() -> None:
    assert Reader({"Date": "0000-00-00 00:00:00"}, "data").wall_clock("Date") == (None, "")


def test_a_moment_is_told_in_utc() -> None:
    reader = Reader({"a": "2026-02-26T11:04:05+08:00", "b": "2026-02-26T03:04:05Z"}, "data")

    assert reader.moment("a") == reader.moment("b") == datetime(2026, 2, 26, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-26 11:04:05", "soon", "0001-01-01T00:00:00+08:00", "0000-00-00"])
def test_a_moment_without_zone_or_sense_is_none(text: str) -> None:
    assert Reader({"a": text}, "data").moment("a") is None


@pytest.mark.parametrize(
    ("value", "name", "where"),
    [
        ({"a": {"b": "??"}}, "a", "data.a.b: '??' is no object"),
        ({"a": {"b": [1, 2]}}, "a", "data.a.b: a list is no object"),
    ],
)
def test_the_wrong_shape_is_refused_by_its_path(value: object, name: str, where: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        Reader(value, "data").inside(name).inside("b")

    assert refused.value.detail() == where


def test_an_entry_of_the_wrong_shape_is_refused_by_its_place_in_the_list() -> None:
    reader = Reader({"trackinfo": [{"Date": "2026-02-26"}, "??"]}, "data.origin_info")

    with pytest.raises(AnswerNotUnderstood) as refused:
        list(reader.items("trackinfo"))

    assert refused.value.where == "data.origin_info.trackinfo[1]"


def test_the_log_gets_nothing_of_what_stands_where_it_should_not() -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        Reader({"status": {"customer": "Ada"}}, "data").text_or("status")

    assert "Ada" not in refused.value.detail()


def test_a_list_with_gaps_may_come_as_an_object_with_numbers_for_names() -> None:
    assert rows({"0": {"a": 1}, "2": {"a": 3}}, "data") == [({"a": 1}, "data[0]"), ({"a": 3}, "data[1]")]


def test_an_object_is_no_list() -> None:
    with pytest.raises(AnswerNotUnderstood, match="can't read"):
        rows({"page": 1}, "data")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON)
def test_whatever_comes_is_read_or_refused(value: object) -> None:
    reader = Reader({"a": value}, "data")

    for read in (
        reader.text,
        reader.text_or,
        reader.whole,
        reader.moment,
        reader.wall_clock,
        reader.flag,
        reader.texts,
    ):
        with contextlib.suppress(AnswerNotUnderstood):
            read("a")
    with contextlib.suppress(AnswerNotUnderstood):
        list(reader.items("a"))


@given(body=st.binary(max_size=60))
def test_whatever_bytes_come_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(AnswerNotUnderstood):
        decode(body, "here")
