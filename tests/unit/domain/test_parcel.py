"""The nouns: lines that are one journey, names that tell things apart."""

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.parcel import Checkpoint, Mark, Place, Subscription, merge
from bot.domain.status import Status
from tests.unit.domain.journeys import DELIVERED, DEPARTED, KEY, NOW, OUT, PICKED_UP, line, new_parcel

LINES = (PICKED_UP, DEPARTED, OUT, DELIVERED, replace(DEPARTED, location=""), replace(OUT, carrier="usps"))


def test_lines_of_all_legs_are_one_journey_newest_first() -> None:
    assert merge([PICKED_UP, OUT, DEPARTED]) == (OUT, DEPARTED, PICKED_UP)


def test_a_line_told_twice_is_one_and_the_one_that_knows_the_place_wins() -> None:
    bare = replace(DELIVERED, location="")

    for twins in itertools.permutations((bare, DELIVERED, bare)):
        assert merge(twins) == (DELIVERED,)


def test_both_legs_may_tell_the_same_line() -> None:
    assert len(merge([OUT, replace(OUT, carrier="usps")])) == 1


def test_the_same_words_at_two_places_are_two_lines() -> None:
    assert len(merge([line("1 07:00", "Arrived", location="Reno"), line("1 07:00", "Arrived", location="Elko")])) == 2


def test_lines_of_the_same_minute_keep_the_order_they_came_in() -> None:
    one, other = line("2 07:10", "Out for delivery"), line("2 07:10", "Item sent out")

    assert merge([one, other]) == (one, other)
    assert merge([other, one]) == (other, one)


def test_a_line_whose_time_cannot_be_read_comes_last() -> None:
    odd = Checkpoint(carrier="ups", local_time=None, raw_time="some day", text="Label printed")

    assert merge([odd, PICKED_UP]) == (PICKED_UP, odd)


@given(st.lists(st.sampled_from(LINES)))
def test_merging_again_changes_nothing_and_loses_no_minute(lines: list[Checkpoint]) -> None:
    merged = merge(lines)

    assert merge(merged) == merged
    assert {one.local_time for one in merged} == {one.local_time for one in lines}


@given(st.permutations(LINES))
def test_the_order_of_the_legs_does_not_matter(lines: list[Checkpoint]) -> None:
    assert [one.local_time for one in merge(lines)] == [one.local_time for one in merge(LINES)]


def test_a_line_is_the_same_line_whatever_is_said_of_its_status() -> None:
    assert replace(OUT, status=None, substatus="", milestone="x").id == OUT.id
    assert replace(OUT, text=f" {OUT.text} ").id == OUT.id


def test_another_time_place_text_or_carrier_is_another_line() -> None:
    others = [
        replace(OUT, local_time=DEPARTED.local_time),
        replace(OUT, location="Elsewhere"),
        replace(OUT, text="Out"),
        replace(OUT, carrier="usps"),
    ]

    assert len({OUT.id, *(other.id for other in others)}) == 5


def test_what_people_see_is_the_mark_while_one_stands() -> None:
    parcel = replace(new_parcel(), status=Status.PICKUP)
    mark = Mark(status=Status.DELIVERED, by="UADA", at=NOW)

    assert parcel.shown_status is Status.PICKUP
    assert replace(parcel, mark=mark).shown_status is Status.DELIVERED
    assert replace(parcel, mark=replace(mark, under_way=True)).shown_status is Status.PICKUP


def test_every_key_starts_with_the_workspace() -> None:
    subscription = Subscription(place=Place("T", "C"), key=KEY, added_by="UADA", added_at=NOW)

    assert new_parcel().id.startswith("T/")
    assert subscription.id.startswith("T/C/")


def test_a_parcel_without_a_title_is_called_by_its_number() -> None:
    subscription = Subscription(place=Place("T", "C"), key=KEY, added_by="UADA", added_at=NOW)

    assert (subscription.label, replace(subscription, title="Mugs").label) == (KEY.number, "Mugs")
    assert new_parcel().short_id == "P-1"
