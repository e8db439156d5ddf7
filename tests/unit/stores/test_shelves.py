"""Shelves by themselves: what is found by what, and what is no longer."""

from typing import Any

import pytest

from bot.domain.errors import StoreError
from bot.domain.parcel import ParcelKey, Place, Subscription
from bot.domain.records import InboxItem, Memo
from bot.stores.shelf import Shelf
from bot.stores.subscriptions import SubscriptionShelf
from bot.stores.tables import Rows, pack, table_of, unpack
from tests.contract.stores.examples import HERE, item, one_of_each, parcel, subscription

THERE = Place("T-ONE", "C-RETURNS")
KEY = parcel(1).key


def inbox() -> Shelf[InboxItem]:
    return Shelf(InboxItem, done=lambda one: one.done_at is not None, who=lambda one: one.user or None)


def test_a_record_is_found_by_its_id_and_by_what_it_shares_with_others() -> None:
    shelf = inbox()
    first, second, third = item("1"), item("2"), item("3", done=True)

    for number, one in enumerate((first, second, third), 1):
        shelf.put(number, shelf.name(one), one)

    assert shelf.all() == [first, second, third]
    assert (shelf.get(second.id), shelf.number(second.id)) == (second, 2)
    assert (shelf.where("done", value=False), shelf.where("done", value=True)) == ([first, second], [third])
    assert (shelf.values("done"), shelf.values("who")) == ([False, True], ["U-ANN"])


def test_a_record_that_is_not_there_is_not_found() -> None:
    shelf = inbox()

    shelf.put(1, item().id, None)

    assert (shelf.get("x"), shelf.number("x"), shelf.all(), shelf.where("done", value=True)) == (None, None, [], [])
    assert shelf.values("done") == []


def test_what_a_record_no_longer_shares_it_is_not_found_by() -> None:
    shelf = inbox()
    open_one, other, done = item("1"), item("2"), item("1", done=True)
    shelf.put(1, open_one.id, open_one)
    shelf.put(2, other.id, other)

    shelf.put(1, done.id, done)
    both = shelf.where("done", value=False), shelf.where("done", value=True)
    shelf.put(2, other.id, None)

    assert both == ([other], [done])
    assert (shelf.values("done"), shelf.all(), shelf.number(other.id)) == ([True], [done], None)


def test_documents_become_records_and_records_documents() -> None:
    shelf, memo = Shelf(Memo), Memo(workspace="T", name="n", value="v")

    shelf.load({"memos": {5: pack(memo)}, "inbox": {6: b"{}"}})

    assert (shelf.all(), shelf.number(memo.id)) == ([memo], 5)
    assert shelf.rows(5, memo, {}) == [("memos", 5, pack(memo))]
    assert shelf.rows(5, None, {}) == [("memos", 5, None)]
    Shelf(Memo).load({})


@pytest.mark.parametrize("kind", ["memos", "subscriptions"])
def test_a_document_that_cannot_be_read_is_named_by_its_number(kind: str) -> None:
    rows: Rows = {kind: {8: b'{"workspace":5}'}}
    shelf: Any = Shelf(Memo) if kind == "memos" else SubscriptionShelf(rows)

    with pytest.raises(ValueError, match="8") as refused:
        shelf.load(rows)

    number, why = refused.value.args
    assert number == 8
    assert "xpected" in why or "missing" in why


# ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def shelved(*records: Subscription) -> tuple[SubscriptionShelf, Rows]:
    rows: Rows = {"subscriptions": {number: pack(one) for number, one in enumerate(records, 1)}}
    shelf = SubscriptionShelf(rows)
    shelf.load(rows)
    return shelf, rows


def test_subscriptions_are_found_by_place_and_by_parcel() -> None:
    here, also_here, there = subscription(1), subscription(2), subscription(1, place=THERE)
    shelf, _ = shelved(here, also_here, there)

    assert (shelf.get((HERE, KEY)), shelf.get((THERE, KEY))) == (here, there)
    assert (shelf.number((HERE, also_here.key)), shelf.number((THERE, also_here.key))) == (2, None)
    assert (shelf.of(HERE), shelf.of(THERE), shelf.of(Place("T-TWO", "C"))) == ([here, also_here], [there], [])
    assert shelf.followers("T-ONE", KEY) == [here, there]
    assert (shelf.followers("T-TWO", KEY), shelf.followers("T-ONE", ParcelKey("x", "1"))) == ([], [])
    assert shelf.all() == [here, also_here, there]
    assert shelf.get((Place("T-TWO", "C"), KEY)) is None


def test_a_subscription_that_is_removed_is_found_by_neither() -> None:
    here, there = subscription(1), subscription(1, place=THERE)
    shelf, _ = shelved(here, there)

    shelf.put(1, (HERE, KEY), None)
    left = shelf.followers("T-ONE", KEY)
    shelf.put(2, (THERE, KEY), None)

    assert (left, shelf.followers("T-ONE", KEY), shelf.all(), shelf.of(HERE)) == ([there], [], [], [])


def test_a_subscription_saved_again_follows_once_and_reads_as_it_was_saved_last() -> None:
    shelf, rows = shelved(subscription(1), subscription(1, place=THERE))
    renamed = subscription(1, title="Shoes")

    ((table, number, text),) = shelf.rows(1, renamed, {})
    assert text is not None
    rows[table][number] = text
    shelf.put(number, (HERE, KEY), renamed)

    assert [one.title for one in shelf.followers("T-ONE", KEY)] == ["", "Shoes"]
    assert shelf.get((HERE, KEY)) == renamed
    assert shelf.rows(1, None, {}) == [("subscriptions", 1, None)]


# ── documents ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_record_comes_back_from_its_document_as_it_was() -> None:
    records = one_of_each()

    assert [unpack(type(one), pack(one)) for one in records] == records
    assert {table_of(one) for one in records} == {"parcels", "subscriptions", "channels", "outbox", "inbox", "memos"}


@pytest.mark.parametrize(
    ("value", "why"),
    [("\ud800", "can't be stored: "), (object(), "can't be stored: "), (5, "Expected `str`, got `int`")],
)
def test_what_no_document_can_hold_is_refused(value: Any, why: str) -> None:  # noqa: ANN401 - anything
    with pytest.raises(StoreError) as refused:
        pack(Memo(workspace="T", name="n", value=value))

    assert str(refused.value).startswith("A Memo can't be stored: ")
    assert why in str(refused.value)
    assert str(refused.value).endswith(". Nothing was changed.")
