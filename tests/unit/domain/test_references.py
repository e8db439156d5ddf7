"""Which parcels a reference means."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.parcel import Parcel, ParcelKey, Place, Subscription
from bot.domain.references import Pair, matches
from tests.unit.domain.journeys import NOW


def pair(serial: int, number: str, *, title: str = "", order: str = "", carrier: str = "ups") -> Pair:
    key, added_at = ParcelKey(carrier, number), NOW + timedelta(minutes=serial)
    return (
        Parcel(workspace="T", key=key, serial=serial, added_at=added_at),
        Subscription(place=Place("T", "C"), key=key, added_by="UADA", added_at=added_at, title=title, order=order),
    )


MUGS = pair(1, "1ZX000010300000016", title="Blue mugs", order="1042")
VASE = pair(2, "1ZX000020300001042", title="Vase", order="#77")
LAMP = pair(14, "RB123456785DE", title="Lamp for the office")
HERE = (MUGS, VASE, LAMP)


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("P-1", [MUGS]),
        ("p-14", [LAMP]),
        ("1ZX000010300000016", [MUGS]),
        ("1zx 0000 1030 0000 016", [MUGS]),
        ("rb123456785de", [LAMP]),
        ("85DE", [LAMP]),
        ("0016", [MUGS]),
        ("Blue mugs", [MUGS]),
        ('"blue MUGS"', [MUGS]),
        ("office", [LAMP]),
        ("order:1042", [MUGS]),
        ("order=77", [VASE]),
        ("order: #77", [VASE]),
        ("#77", [VASE]),
        ("  P-2  ", [VASE]),
        ("last", [LAMP]),
        ("LAST", [LAMP]),
    ],
)
def test_a_parcel_is_named_by_short_id_number_tail_title_order_or_last(reference: str, meant: list[Pair]) -> None:
    assert matches(reference, HERE) == {one[1].id for one in meant}


@pytest.mark.parametrize("reference", ["", '""', "   ", "P-3", "016", "Mug", "nothing", "order:", "order:9", "-", "🚚"])
def test_what_fits_nothing_means_nothing(reference: str) -> None:
    assert matches(reference, HERE) == frozenset()


def test_the_exact_meaning_wins_over_the_loose_one() -> None:
    assert matches("1042", HERE) == {MUGS[1].id}  # an order, and the tail of the vase's number


def test_a_short_id_of_another_parcel_is_never_taken_for_the_tail_of_a_number() -> None:
    ends_alike = pair(20, "LX00P1423")

    assert matches("P-1423", [ends_alike]) == frozenset()
    assert matches("P1423", [ends_alike]) == {ends_alike[1].id}


def test_a_reference_that_fits_several_means_all_of_them() -> None:
    dhl = pair(5, "RB123456785DE", carrier="dhl-germany")

    assert matches("85DE", (LAMP, dhl)) == {LAMP[1].id, dhl[1].id}
    assert matches("RB123456785DE", (LAMP, dhl)) == {LAMP[1].id, dhl[1].id}


def test_last_is_the_newest_that_is_not_archived() -> None:
    archived = (LAMP[0], replace(LAMP[1], archived_at=NOW))

    assert matches("last", (MUGS, VASE, archived)) == {VASE[1].id}
    assert matches("last", [archived]) == frozenset()


def test_nothing_here_means_nothing() -> None:
    assert matches("last", []) == matches("P-1", []) == frozenset()
