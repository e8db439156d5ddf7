"""Who is told what of a change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Change, marked
from bot.domain.parcel import ChannelSettings, Mark, ParcelKey, Place, Subscription
from bot.domain.records import InboxItem, Notification, card_row, notifications
from bot.domain.status import BY_PEOPLE, Aloud, Event, Preset, Status
from tests.unit.domain.journeys import KEY, NOW, OUT, followed

HERE = Place("T", "C-ORDERS")


def subscribed(channel: str = HERE.channel) -> Subscription:
    return Subscription(place=Place("T", channel), key=KEY, added_by="UADA", added_at=NOW)


def change_of(*events: Event) -> Change:
    parcel = replace(followed(), status=Status.PICKUP, revision=7)
    return Change(parcel=parcel, before=Status.IN_TRANSIT, events=events, checkpoints=(OUT,))


def row_of(change: Change, preset: Preset = Preset.ESSENTIALS, aloud: Aloud = Aloud.IMPORTANT) -> Notification:
    settings = ChannelSettings(place=HERE, preset=preset, aloud=aloud)
    (row,) = notifications(change, [(subscribed(), settings)], NOW)
    return row


QUIET = {Event.PROBLEM, Event.ATTEMPT, Event.RETURNED, Event.STALLED, Event.REVERSED}
ESSENTIALS = QUIET | {Event.COLLECT, Event.OUT, Event.DELIVERED}


@pytest.mark.parametrize(
    ("preset", "told"),
    [(Preset.QUIET, QUIET), (Preset.ESSENTIALS, ESSENTIALS), (Preset.EVERYTHING, set(Event) - BY_PEOPLE)],
)
def test_the_preset_decides_which_changes_make_a_line(preset: Preset, told: set[Event]) -> None:
    lines = {event for event in set(Event) - BY_PEOPLE if row_of(change_of(event), preset).event is event}

    assert lines == told


@pytest.mark.parametrize("preset", Preset)
def test_what_people_did_is_a_line_everywhere(preset: Preset) -> None:
    assert {row_of(change_of(event), preset).event for event in BY_PEOPLE} == BY_PEOPLE


def test_a_change_the_preset_does_not_name_only_redraws_the_card() -> None:
    row = row_of(change_of(Event.MOVING))

    assert (row.event, row.aloud) == (None, False)


def test_the_first_event_that_the_preset_names_is_the_line() -> None:
    change = change_of(Event.DELIVERED, Event.ATTEMPT)

    assert row_of(change, Preset.ESSENTIALS).event is Event.DELIVERED
    assert row_of(change, Preset.QUIET).event is Event.ATTEMPT


@pytest.mark.parametrize(
    ("aloud", "shown"),
    [
        (Aloud.IMPORTANT, {Event.PROBLEM, Event.RETURNED, Event.REVERSED, Event.DELIVERED}),
        (Aloud.ALL, set(Event) - BY_PEOPLE),
        (Aloud.NONE, set()),
    ],
)
def test_a_channel_chooses_what_is_also_shown_in_the_channel(aloud: Aloud, shown: set[Event]) -> None:
    assert {event for event in Event if row_of(change_of(event), Preset.EVERYTHING, aloud).aloud} == shown


def test_all_in_the_channel_means_all_of_its_preset() -> None:
    assert not row_of(change_of(Event.MOVING), Preset.ESSENTIALS, Aloud.ALL).aloud


def test_each_place_that_follows_gets_one_row() -> None:
    followers = [
        (subscribed("C-ORDERS"), ChannelSettings(place=HERE)),
        (subscribed("C-OPS"), ChannelSettings(place=Place("T", "C-OPS"), preset=Preset.EVERYTHING)),
    ]

    rows = notifications(change_of(Event.MOVING), followers, NOW)

    assert [(row.place.channel, row.event) for row in rows] == [("C-ORDERS", None), ("C-OPS", Event.MOVING)]


def test_a_row_holds_facts_and_is_due_at_once() -> None:
    row = row_of(change_of(Event.OUT))

    assert (row.key, row.revision, row.before, row.status) == (KEY, 7, Status.IN_TRANSIT, Status.PICKUP)
    assert (row.checkpoints, row.created_at, row.until) == ((OUT,), NOW, NOW)


def test_what_a_person_did_is_told_with_what_people_see_and_the_carriers_news_with_its_own_status() -> None:
    mark = Mark(status=Status.DELIVERED, by="UADA", at=NOW, note="left at the door")
    act = marked(change_of().parcel, mark, now=NOW)
    news = Change(parcel=act.parcel, before=Status.DELIVERED, events=(Event.OUT,))

    told, carriers = row_of(act), row_of(news)

    assert (told.status, told.by, told.note) == (Status.DELIVERED, "UADA", "left at the door")
    assert carriers.status is Status.PICKUP


def test_there_is_one_row_for_a_place_a_parcel_a_revision_and_an_event() -> None:
    row = row_of(change_of(Event.OUT))
    others = [
        replace(row, place=Place("T", "C-OPS")),
        replace(row, place=Place("T2", "C-ORDERS")),
        replace(row, key=ParcelKey("ups", "1ZX000020300000023")),
        replace(row, revision=8),
        replace(row, event=None),
    ]

    assert len({row.id, *(other.id for other in others)}) == 6
    assert replace(row, attempts=3, until=NOW + timedelta(hours=1), stamp="x").id == row.id
    assert row.id.startswith("T/")


def test_rows_of_one_place_and_parcel_sort_by_revision() -> None:
    row = row_of(change_of(Event.OUT))

    assert replace(row, revision=9).id < replace(row, revision=10).id


def test_a_card_row_says_nothing_but_redraws() -> None:
    row = card_row(subscribed(), 3, NOW)

    assert (row.place, row.key, row.revision, row.event) == (HERE, KEY, 3, None)


def test_the_same_delivery_is_one_item_and_starts_with_the_workspace() -> None:
    item = InboxItem(workspace="T", delivery="123.456", channel="C", user="U", words="list", received_at=NOW)

    assert replace(item, words="other", received_at=NOW + timedelta(seconds=5)).id == item.id
    assert replace(item, delivery="123.457").id != item.id
    assert replace(item, workspace="T2").id != item.id
    assert item.id.startswith("T/")


def test_a_parcel_nobody_follows_is_told_nowhere() -> None:
    assert notifications(change_of(Event.DELIVERED), [], NOW) == []
