"""The carrier guessed from a number's form and check digit."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.formats import (
    SURE,
    check_digit_fault,
    likely_carriers,
    mistyped_for,
    sure,
)

RECORDING = Path(__file__).parents[2] / "recordings" / "tracking_numbers.json"
SAMPLES: list[dict[str, Any]] = [
    form
    for courier in json.loads(RECORDING.read_text(encoding="utf-8"))["couriers"]
    for form in courier["formats"]
    if form["carrier"]
]


def samples(kind: str) -> list[Any]:
    return [
        pytest.param(form["carrier"], number, id=f"{form['format']} {number}")
        for form in SAMPLES
        for number in sorted(set(form[kind]))
    ]


def codes(number: str) -> list[str]:
    return [guess.carrier.code for guess in likely_carriers(number)]


def surely(number: str) -> str | None:
    carrier = sure(likely_carriers(number))
    return carrier.code if carrier else None


@pytest.mark.parametrize(("code", "number"), samples("valid"))
def test_the_carrier_of_a_valid_number_is_among_the_likely_ones(code: str, number: str) -> None:
    assert code in codes(number)


@pytest.mark.parametrize(("code", "number"), samples("invalid"))
def test_a_carrier_is_not_guessed_for_a_number_it_would_refuse(code: str, number: str) -> None:
    of_another_form = {valid for form in SAMPLES if form["carrier"] == code for valid in form["valid"]}

    assert code not in codes(number) or number in of_another_form


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1ZX000010300000016", "ups"),
        ("1zx0 0001 0300 0000 16", "ups"),
        ("9400100000000010000010", "usps"),
        ("9400100000000040000042", "usps"),
        ("700000001017", "fedex"),
        ("700000004049", "fedex"),
        ("700000002024", "fedex"),
        ("0073938000123459", "canada-post"),
        ("7000011115", "dhl"),
        ("RB400013711GB", "royal-mail"),
        ("RR600009111SE", "sweden-posten"),
        ("LK500027191CN", "china-post"),
        ("EA000000031CN", "china-ems"),
        ("RE000000059HK", "hong-kong-post"),
        ("RP000000045SG", "singapore-post"),
        ("YT2229521272164446", "yunexpress"),
        ("4PX0000000000000001CN", "4px"),
        ("LP00123456789012", "cainiao"),
        ("SF1234567890123", "sf-express"),
        ("00340434161094042557", "dhl-germany"),
        ("JJD0002257639032011", "yodel"),
        ("09980000020033F", "dpd"),
    ],
)
def test_exactly_one_carrier_is_sure_for_a_form_that_tells(number: str, code: str) -> None:
    assert surely(number) == code


@pytest.mark.parametrize(
    ("number", "several"),
    [
        ("9261290983497923666238", {"usps", "fedex"}),  # SmartPost goes the last mile by USPS
        ("287809468872", {"fedex", "purolator"}),
        ("78045768393", {"dhl", "old-dominion"}),
        ("RR000000062DE", {"deutsche-post", "dhl-germany"}),
        ("3SABCD0123456789", {"postnl-parcels", "postnl-3s"}),
    ],
)
def test_several_carriers_that_fit_leave_the_choice_to_the_asker(number: str, several: set[str]) -> None:
    guesses = likely_carriers(number)

    assert {guess.carrier.code for guess in guesses if guess.confidence > 0.5} == several
    assert sure(guesses) is None


def test_digits_alone_without_a_check_digit_are_never_sure() -> None:
    assert set(codes("12345678901")) == {"gls", "aramex"}
    assert all(guess.confidence < SURE for guess in likely_carriers("12345678901"))


@pytest.mark.parametrize("number", ["", "ZZ99887766XY", "TBA000000000000", "RB123456785CF", "???", "1" * 64])
def test_a_number_of_no_carrier_in_the_table_has_no_candidates_and_no_fault(number: str) -> None:
    assert likely_carriers(number) == ()
    assert check_digit_fault(number) is None


def test_guesses_come_best_first_and_say_why() -> None:
    guesses = likely_carriers("700000001017")

    assert [guess.confidence for guess in guesses] == sorted((g.confidence for g in guesses), reverse=True)
    assert guesses[0].reason == "check digit fits FedEx 12"
    assert likely_carriers("YT2229521272164446")[0].reason == "has the form of YunExpress"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("1ZX000010300000017", "the check digit is wrong for UPS; one digit may be mistyped"),
        ("RB400068557GB", "the check digit is wrong for Royal Mail; one digit may be mistyped"),
        ("9400100000000010000011", "the check digit is wrong for USPS; one digit may be mistyped"),
        ("1Z999AA1012345678", "one character short for UPS"),
        ("1Z999AA101234567845", "one character too long for UPS"),
        ("RB40001371GB", "one character short for Royal Mail"),
        ("940010000000001000001", "one character short for USPS"),
    ],
)
def test_a_fault_names_the_carrier_and_what_is_wrong(number: str, fault: str) -> None:
    assert check_digit_fault(number) == fault


@pytest.mark.parametrize(
    "number",
    ["1ZX000010300000016", "5002847016405018", "3318810010", "802269000000000017", "ZZ99887766XY", "RB123456786XY"],
)
def test_nothing_is_said_of_a_number_that_fits_or_whose_form_is_not_known(number: str) -> None:
    assert check_digit_fault(number) is None


def test_a_mistyped_number_still_tells_whose_it_would_be() -> None:
    assert [one.code for one in mistyped_for("1ZX000010300000017")] == ["ups"]
    assert mistyped_for("1ZX000010300000016") == mistyped_for("ZZ99887766XY") == ()


def test_every_single_digit_mistyped_in_a_number_with_a_telling_form_is_noticed() -> None:
    for number, places in (("1ZX000010300000016", range(3, 18)), ("RB400013711GB", range(2, 11))):
        for place in places:
            wrong = str((int(number[place]) + 1) % 10)

            assert check_digit_fault(number[:place] + wrong + number[place + 1 :])
