"""What people paste after `add`, read as they mean it. Long, since every habit of theirs is a test of one reading.

Over 300 lines: people paste numbers in many ways.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.domain.errors import UserError
from bot.domain.numbers import (
    InvalidTrackingNumber,
    NoTrackingNumber,
    NumberShortened,
    NumberTooLong,
    PastedTooMuch,
    normalise,
    read_number,
    read_pasted,
)

UPS = "1ZX000010300000016"
MAIL = "RB400013711GB"
MAIL_TOO = "RB400027429GB"


def numbers_in(text: str) -> list[str]:
    return [one.number for one in read_pasted(text).numbers]


def title_of(text: str) -> str | None:
    return read_pasted(text).title


# --- the number itself


def test_blanks_that_group_one_number_are_dropped() -> None:
    pasted = read_pasted("9400 1000 0000 0010 0000 10 Printer ink")

    assert [one.number for one in pasted.numbers] == ["9400100000000010000010"]
    assert pasted.title == "Printer ink"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1Z 999 AA1 01 2345 678 4", "1Z999AA10123456784"),
        ("420 11213 92 6129098349792366623 8", "420112139261290983497923666238"),
        ("00 81827 0998 0000 0200 33 350 276 C", "008182709980000020033350276C"),
        ("1LS CX VE00 58631Y", "1LSCXVE0058631Y"),
        ("dhl 70 0001 1115", "7000011115"),
        ("gls 1234 5678 901", "12345678901"),
    ],
)
def test_groups_as_printed_on_labels_make_one_number(text: str, number: str) -> None:
    assert numbers_in(text) == [number]


def test_groups_with_a_wrong_check_digit_are_one_faulty_number_and_not_a_shorter_one_that_fits_by_chance() -> None:
    (one,) = read_pasted("9400 1000 0000 0010 0000 11 Printer").numbers

    assert one.number == "9400100000000010000011"
    assert one.fault == "the check digit is wrong for USPS; one digit may be mistyped"


def test_dashes_inside_a_number_of_a_known_form_are_dropped_and_others_stay() -> None:
    assert numbers_in("1Z-X00001-03-00000016") == [UPS]
    assert numbers_in("1LS7119013618127-1") == ["1LS7119013618127-1"]
    assert numbers_in("ACME-2024-00017") == ["ACME-2024-00017"]


def test_invisible_characters_and_odd_blanks_around_and_inside_a_number_are_dropped() -> None:
    pasted = read_pasted("\ufeffRB\u200b4000\u00a013711GB\u2060 Mug")

    assert [one.number for one in pasted.numbers] == [MAIL]
    assert pasted.title == "Mug"


def test_full_width_letters_and_digits_are_folded_to_plain_ones() -> None:
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in "LK500027191CN")

    assert numbers_in(full_width) == ["LK500027191CN"]


def test_small_letters_are_the_same_number() -> None:
    assert numbers_in("1zx000020300000023") == ["1ZX000020300000023"]
    assert numbers_in("rb400041139gb") == numbers_in("RB400041139GB")


def test_a_telephone_link_is_the_number_it_shows() -> None:
    pasted = read_pasted("<tel:700000001017|700000001017> Shelf")

    assert [one.number for one in pasted.numbers] == ["700000001017"]
    assert pasted.title == "Shelf"


def test_marks_around_a_number_are_dropped() -> None:
    assert numbers_in("(RB400109689GB).") == ["RB400109689GB"]
    assert numbers_in(f"*{UPS}*, `{MAIL}` #{MAIL_TOO}!") == [UPS, MAIL, MAIL_TOO]


def test_the_apostrophe_that_a_sheet_puts_before_a_number_goes_and_its_zeros_stay() -> None:
    pasted = read_pasted("'0073938000123459 Lamp")

    assert [one.number for one in pasted.numbers] == ["0073938000123459"]
    assert pasted.title == "Lamp"


@pytest.mark.parametrize("number", ["9.4001E+21", "9,4001E+21", "7E+11", "7.00E11"])
def test_a_number_that_a_sheet_shortened_is_refused_with_the_cure(number: str) -> None:
    with pytest.raises(NumberShortened, match="format the column as text") as error:
        read_pasted(f"{number} Kettle")

    assert number in str(error.value)
    assert isinstance(error.value, InvalidTrackingNumber)


def test_a_number_longer_than_any_is_refused_and_only_its_beginning_repeated() -> None:
    with pytest.raises(NumberTooLong, match="64 characters") as error:
        read_pasted("7" * 2000)

    assert "7" * 20 + "…" in str(error.value)
    assert len(str(error.value)) < 200


def test_sixty_four_characters_are_still_a_number() -> None:
    assert numbers_in("7" * 64) == ["7" * 64]


def test_a_wrong_check_digit_is_a_fault_of_that_number_alone() -> None:
    numbers = read_pasted(f"{MAIL}\nRB400068557GB\n{UPS}").numbers

    assert [one.fault for one in numbers] == [
        None,
        "the check digit is wrong for Royal Mail; one digit may be mistyped",
        None,
    ]


# --- where the number is not


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "this parcel",
        "<@U012AB3CD|sam> <#C012AB3CD|orders>",
        "<!channel>",
        "Room 10:30:45 :100:",
        "2 chairs",
        "sofa 120 200 85 cm",
        "fedex 2026-05-01",
        ":1234567890:",
        "2nd-hand lamp",
        "<https://example.com/sofa|sofa>",
        '"',
        "---",
    ],
)
def test_without_a_number_the_answer_is_help(text: str) -> None:
    with pytest.raises(NoTrackingNumber, match="no tracking number"):
        read_pasted(text)


@pytest.mark.parametrize(
    "title",
    [
        "Room 10:30:45 :100: set",
        "2 chairs",
        "10 chairs",
        "the new sofa from 4500012345 chairs",
        "due 2026-12-24",
        "60x60cm frame",
        "Пакет 包裹 📦",
    ],
)
def test_times_dates_amounts_and_words_of_a_title_are_no_numbers(title: str) -> None:
    pasted = read_pasted(f"1ZX000080300000085 {title}")

    assert [one.number for one in pasted.numbers] == ["1ZX000080300000085"]
    assert pasted.title == title


def test_a_number_of_unknown_form_counts_when_it_is_the_only_candidate() -> None:
    assert numbers_in("ZZ99887766XY") == ["ZZ99887766XY"]
    assert numbers_in("ZZ99887766XY Lamp 60x60cm") == ["ZZ99887766XY"]
    assert numbers_in("mondialrelay AB1C2") == ["AB1C2"]


# --- many numbers


def test_each_line_of_a_list_is_a_number() -> None:
    text = "\n1ZX000040300000047\n1ZX000050300000054\n1ZX000060300000061\nRB400068557GB\nRB400082266GB"

    assert numbers_in(text) == text.split()


def test_commas_semicolons_slashes_and_tabs_part_numbers_and_a_repeat_counts_once() -> None:
    pasted = read_pasted("RB400068556GB,RB400082266GB;RB400068556GB\tRB400095976GB ,")

    assert [one.number for one in pasted.numbers] == ["RB400068556GB", "RB400082266GB", "RB400095976GB"]
    assert pasted.repeats == 1
    assert pasted.title is None
    assert numbers_in(f"{MAIL}/{MAIL_TOO}") == [MAIL, MAIL_TOO]


def test_the_and_between_numbers_is_no_title() -> None:
    pasted = read_pasted(f"{MAIL}, {MAIL_TOO} and {UPS}")

    assert [one.number for one in pasted.numbers] == [MAIL, MAIL_TOO, UPS]
    assert pasted.title is None


def test_what_is_too_short_in_a_list_of_numbers_is_named_and_not_taken_for_a_title() -> None:
    pasted = read_pasted(f"royal-mail {MAIL} {MAIL_TOO} BAD1")

    assert [(one.number, one.fault) for one in pasted.numbers] == [
        (MAIL, None),
        (MAIL_TOO, None),
        ("BAD1", "too short for a tracking number"),
    ]
    assert pasted.title is None


def test_a_number_of_unknown_form_in_a_list_is_one_of_them() -> None:
    assert numbers_in(f"ZZ99887766XY {MAIL}") == ["ZZ99887766XY", MAIL]
    assert numbers_in(f"{MAIL}\nZZ99887766XY\n{UPS}") == [MAIL, "ZZ99887766XY", UPS]


# --- the carrier


@pytest.mark.parametrize(
    ("text", "words", "number", "title"),
    [
        ("UPS 1ZX000050300000054", "UPS", "1ZX000050300000054", None),
        ('"DHL Express" 7000011115', "DHL Express", "7000011115", None),
        ("fedexx 700000002024", "fedexx", "700000002024", None),
        ("fedex 700000001017 Chair", "fedex", "700000001017", "Chair"),
        ("ups 802269000000000017", "ups", "802269000000000017", None),
        ("mondialrelay 12345678", "mondialrelay", "12345678", None),
        ("UPS tracking number: 1ZX000010300000016 mugs", "UPS", UPS, "mugs"),
        ("UPS:1ZX000010300000016", "UPS", UPS, None),
        ("please track this 1ZX000010300000016", None, UPS, None),
        ("lamp from ikea 1ZX000010300000016", None, UPS, "lamp from ikea"),
        ("please add fedex 700000001017", "fedex", "700000001017", "add"),
        ("7000011115 dhl express", "dhl express", "7000011115", None),
        ("7000011115 carrier:dhl Desk", "dhl", "7000011115", "Desk"),
        ('7000011115 "dhl express"', None, "7000011115", "dhl express"),
        ("1ZX000010300000016 Echo", None, UPS, "Echo"),
        (":package: RR600009111SE 🎁 gift :tada:", None, "RR600009111SE", ":package: 🎁 gift :tada:"),
    ],
)
def test_the_carrier_stands_before_the_number_or_alone_behind_it(
    text: str, words: str | None, number: str, title: str | None
) -> None:
    pasted = read_pasted(text)

    assert pasted.carrier_words == words
    assert [one.number for one in pasted.numbers] == [number]
    assert pasted.title == title


def test_the_carrier_above_a_list_is_for_all_of_it() -> None:
    pasted = read_pasted("fedex\n700000001017\n700000004049")

    assert pasted.carrier_words == "fedex"
    assert [one.number for one in pasted.numbers] == ["700000001017", "700000004049"]


# --- web addresses


def test_a_carriers_web_address_gives_the_number_and_the_carrier() -> None:
    link = "https://www.ups.com/track?loc=en_US&amp;tracknum=1ZX000030300000030&amp;requester=WT/trackdetails"

    pasted = read_pasted(f"<{link}|ups.com/track> Boots")

    (one,) = pasted.numbers
    assert one.number == "1ZX000030300000030"
    assert one.carrier is not None
    assert one.carrier.code == "ups"
    assert pasted.title == "Boots"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://gls-group.eu/track/12345678901", [("12345678901", "gls")]),
        ("<https://www.dhl.com/tracking?tracking-id=00340434161094042557>", [("00340434161094042557", "dhl-germany")]),
        (
            "https://tools.usps.com/go/Track?tLabels=9400100000000010000010%2C9400100000000030000038",
            [("9400100000000010000010", "usps"), ("9400100000000030000038", "usps")],
        ),
        ("https://shop.example.com/orders?trackingNumber=ZZ99887766XY", [("ZZ99887766XY", None)]),
        (f"<https://t.example.com/x|{MAIL}>", [(MAIL, None)]),
    ],
)
def test_the_number_is_found_wherever_it_stands_in_an_address(
    address: str, found: list[tuple[str, str | None]]
) -> None:
    numbers = read_pasted(address).numbers

    assert [(one.number, one.carrier and one.carrier.code) for one in numbers] == found


# --- title and options


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("Mum's lamp", "Mum's lamp"),
        ("“Blue chair”", "Blue chair"),
        ("Mum\u2019s lamp", "Mum's lamp"),
        ("*big* _box_ `x` ~y~", "*big* _box_ `x` ~y~"),
        ("&lt;!channel&gt; sofa", "<!channel> sofa"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ('27" screen', '27" screen'),
        ('"Blue mugs', "Blue mugs"),
        ("for <@U012AB3CD|sam> in <#C012AB3CD|orders>", "for @sam in #orders"),
        ("- Desk", "Desk"),
        ("Chairs – oak", "Chairs – oak"),
        ("title:Mugs", "Mugs"),
        ('title="Blue mugs" 2 boxes', "Blue mugs 2 boxes"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_the_title_is_what_is_left_as_typed(typed: str, title: str) -> None:
    assert title_of(f"{UPS} {typed}") == title


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("order:1042", {"order": "1042"}),
        ("postcode=75011", {"postcode": "75011"}),
        ("—postcode 75011", {"postcode": "75011"}),
        ('--order "A 17"', {"order": "A 17"}),
        ("Order: 1042", {"order": "1042"}),
        ("for:<@U012AB3CD|ada>", {"for": "U012AB3CD"}),
        ("owner=@ben to:DE notify:quiet", {"owner": "@ben", "to": "DE", "notify": "quiet"}),
        ("anyway:yes", {"anyway": "yes"}),
        ("--anyway", {"anyway": "yes"}),
        ("shipped:2026-11-20 ordered:2026-11-18", {"shipped": "2026-11-20", "ordered": "2026-11-18"}),
    ],
)
def test_options_stand_anywhere_and_are_no_title(typed: str, options: dict[str, str]) -> None:
    before, after = read_pasted(f"{typed} {UPS} Mugs"), read_pasted(f"{UPS} Mugs {typed}")

    assert before.options == after.options == options
    assert before.title == after.title == "Mugs"


def test_a_colon_after_any_other_word_makes_no_option() -> None:
    pasted = read_pasted(f"{UPS} size:XL")

    assert pasted.options == {}
    assert pasted.title == "size:XL"


def test_text_is_made_plain_the_way_clients_made_it_fancy() -> None:
    assert normalise("“a” „b” «c» \u2018d\u2019 e…\u00a0f\u3000g") == '"a" "b" "c" \'d\' e... f g'
    assert normalise("–note x—y z‑w") == "--note x-y z-w"  # noqa: RUF001  the marks that phones put there
    assert normalise("a\u200bb\u00ad\u202ec\ud800") == "abc"
    assert normalise("&lt;&amp;amp;&gt;\r\nx") == "<&amp;>\nx"


# --- one number


def test_a_reference_is_one_number_and_nothing_else() -> None:
    assert read_number(" 1zx0 0001 0300 0000 16 ") == UPS

    for other in ("mugs", "P-142", f"{UPS} {MAIL}", f"ups {UPS}", f"{UPS} mugs", f"{UPS} order:7"):
        with pytest.raises(NoTrackingNumber):
            read_number(other)


# --- any text


PIECES = (
    f"""{UPS}|{MAIL}|9400 1000|ups|"|“|<@U1|a>|<https://a.b/c=|<|>|&lt;|&amp;|:a:|--|order:|title=|9.4E+21|,| |/|-"""
)
PIECE = some.sampled_from(
    [*PIECES.split("|"), "|", "<|>", "7" * 70, "\n", "\u200b", "\ue000", "\uff11\uff3a", "\ud800", "\0"]
)


@given(some.text() | some.lists(PIECE | some.text(max_size=5)).map("".join))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        pasted = read_pasted(text)
    except UserError as error:
        assert 10 < len(str(error)) < 400  # noqa: PT017  only one of the two outcomes is an exception
    else:
        assert pasted.numbers
        assert all(4 <= len(one.number) <= 64 and one.number.isascii() for one in pasted.numbers)
        assert len({one.number for one in pasted.numbers}) == len(pasted.numbers)
        assert not set(pasted.title or "") & set("\n\0\ue000\ud800")


HOSTILE: list[Callable[[int], str]] = [
    lambda size: " " * size,
    lambda size: "7" * size,
    lambda size: "7 " * (size // 2),
    lambda size: '"' * size,
    lambda size: "<" * size,
    lambda size: ":a" * (size // 2),
    lambda size: "a." * (size // 2),
    lambda size: "&amp;" * (size // 5),
    lambda size: "12345678," * (size // 9),
    lambda size: "http://a.b/" + "c=1&" * (size // 4),
    lambda size: "9400 " * (size // 5),
    lambda size: "lamp " * (size // 5) + UPS,
    lambda size: "-" * size + "x",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_read_in_time_that_grows_with_its_length_only(hostile: Callable[[int], str]) -> None:
    text = hostile(100_000)  # were it the square of the length, the test's time limit would end this

    with suppress(UserError):
        read_pasted(text)

    assert len(text) > 90_000


def test_more_than_is_read_at_once_is_refused() -> None:
    for text in ("x" * (1024 * 1024 + 1), "包" * 400_000, "a " * 10_001, f"{UPS} " * 2_001, "1," * 10_001):
        with pytest.raises(PastedTooMuch, match="Nothing was added"):
            read_pasted(text)


def test_a_carrier_may_stand_between_the_number_and_a_quoted_title() -> None:
    pasted = read_pasted('7000011115 dhl "Spare parts"')

    assert (pasted.carrier_words, pasted.title) == ("dhl", "Spare parts")
