"""What is told together: one parcel's rows as one message, and many parcels' in a digest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.records import Notification, Progress
from bot.domain.status import Event
from bot.services.batches import Batch, choose
from tests.fakes import START
from tests.unit.services.core import ORDERS, key_of


def row(number: int, *, event: Event | None = Event.DELIVERED, revision: int = 1, age: float = 0) -> Notification:
    at = START - timedelta(seconds=age)
    return Notification(
        place=ORDERS, key=key_of(number), revision=revision, event=event, created_at=at, until=at, stamp=""
    )


def sending(one: Notification, stamp: str = "s", *, digest: bool = False) -> Notification:
    return replace(one, progress=Progress.SENDING, stamp=stamp, digest=digest)


def wait_of(one: Notification) -> float:
    return (one.until - START).total_seconds()


def told(batch: Batch | None) -> Sequence[Notification]:
    assert batch
    return batch.rows


@pytest.mark.promise("R19")
def test_rows_of_one_parcel_go_together_in_their_order_and_the_oldest_parcel_first() -> None:
    rows = [row(2, age=9), row(1, age=3), row(1, revision=2)]

    assert told(choose(rows, wait_of).post) == (rows[0],)
    assert told(choose(rows[1:], wait_of).post) == (rows[1], rows[2])


@pytest.mark.promise("R19")
def test_what_was_put_off_holds_back_no_other_parcel() -> None:
    put_off = replace(row(1), until=START + timedelta(hours=1))

    due = choose([put_off, row(2)], wait_of)

    assert [one.key for one in told(due.post)] == [key_of(2)]
    assert due.wait == 3600


@pytest.mark.promise("R19")
def test_nothing_is_told_sooner_than_it_was_put_off_for_and_the_next_is_the_one_to_wait_for() -> None:
    rows = [replace(row(number), until=START + timedelta(seconds=wait)) for number, wait in enumerate((0.5, 9))]

    due = choose(rows, wait_of)

    assert (due.post, due.redraw, due.wait) == (None, None, 0.5)


@pytest.mark.promise("R16")
def test_two_digests_in_doubt_are_settled_one_after_the_other() -> None:
    first = [sending(row(number, age=9), "a", digest=True) for number in range(5)]
    second = [sending(row(number), "b", digest=True) for number in range(5, 10)]

    due = choose([*first, *second], wait_of)

    assert told(due.post) == tuple(first)


@pytest.mark.promise("R19")
def test_what_is_in_doubt_holds_back_its_own_parcel_only() -> None:
    doubtful = replace(sending(row(1)), until=START + timedelta(seconds=40))

    due = choose([doubtful, row(1, revision=2), row(2)], wait_of)

    assert [one.key for one in told(due.post)] == [key_of(2)]
    assert due.wait == 40


@pytest.mark.parametrize(
    ("parcels", "told_now", "more"),
    [(1, 1, 0), (3, 1, 0), (4, 4, 0), (20, 20, 0), (21, 20, 1), (60, 20, 40), (61, 50, 11), (500, 50, 450)],
)
def test_news_of_more_than_three_parcels_is_one_message_of_twenty_lines_and_of_fifty_when_there_are_many(
    parcels: int, told_now: int, more: int
) -> None:
    due = choose([row(number) for number in range(parcels)], wait_of)

    assert due.post
    assert (len(due.post.by_parcel), due.post.more) == (told_now, more)


def test_all_rows_of_a_parcel_are_one_line_of_a_digest() -> None:
    rows = [row(number, revision=revision) for number in range(4) for revision in (1, 2)]

    due = choose(rows, wait_of)

    assert due.post
    assert [len(one) for one in due.post.by_parcel.values()] == [2] * 4


@pytest.mark.parametrize(
    "other",
    [
        replace(row(9, event=None), new=True),
        row(9, event=Event.DELETED),
        replace(row(9), refusals=1),
        sending(row(9)),
    ],
)
def test_a_first_card_a_last_word_and_what_was_refused_or_is_in_doubt_is_told_on_its_own_in_turn(
    other: Notification,
) -> None:
    rows = [*(row(number) for number in range(5)), other]

    first, second = choose(rows, wait_of), choose(rows, wait_of, digest_first=False)

    assert key_of(9) not in {one.key for one in told(first.post)}
    assert told(second.post) == (other,)


def test_a_new_card_takes_its_parcels_news_along() -> None:
    new = replace(row(9, event=None), new=True)
    rows = [*(row(number) for number in range(5)), new, row(9)]

    due = choose(rows, wait_of, digest_first=False)

    assert told(due.post) == (new, rows[-1])


def test_redraws_wait_for_no_message_and_no_message_for_them() -> None:
    due = choose([row(1, event=None), row(2)], wait_of)

    assert [one.key for one in told(due.redraw)] == [key_of(1)]
    assert [one.key for one in told(due.post)] == [key_of(2)]


@pytest.mark.promise("R16")
def test_what_a_digest_may_have_told_is_settled_as_a_whole_before_those_parcels_have_more_news() -> None:
    digested = [sending(row(number), digest=True) for number in range(5)]

    due = choose([*digested, row(3, revision=2)], wait_of)

    assert told(due.post) == tuple(digested)


def test_nothing_is_told_of_a_parcel_of_which_something_is_being_told() -> None:
    due = choose([row(1), row(2)], wait_of, busy={key_of(1)})

    assert [one.key for one in told(due.post)] == [key_of(2)]
    assert choose([row(1)], wait_of, busy={key_of(1)}).post is None
