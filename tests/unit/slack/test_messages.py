"""What the bot says: each message by example, within Slack's limits, and safe whatever people and carriers write."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from bot.domain.errors import NotFollowed
from bot.domain.parcel import Checkpoint, Mark
from bot.domain.records import Trouble
from bot.domain.status import Event, Preset, Status
from bot.services.results import Acted, ArchivedHere, Here, Refreshed
from bot.slack import messages
from bot.slack.commands import COMMANDS
from bot.slack.exchange import Message
from bot.slack.messages.answers import NAMES
from bot.slack.messages.channel import EVENT_WORDS
from tests.unit.slack import examples
from tests.unit.slack.examples import EXAMPLES, MOVING, MUGS, NOW
from tests.unit.slack.limits import problems

CODE = Path(examples.__file__).read_text(encoding="utf-8")


@pytest.fixture
def json_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


def shown(message: Message) -> str:
    return "\n".join([message.text, *re.findall(r"'text': '(.*?)'", str(message.blocks))])


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_message_looks_as_it_did(name: str, json_snapshot: SnapshotAssertion) -> None:
    message = EXAMPLES[name]

    assert {"text": message.text, "blocks": list(message.blocks)} == json_snapshot


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_message_keeps_slacks_limits(name: str) -> None:
    assert problems(EXAMPLES[name]) == []


def test_every_function_that_makes_a_message_has_an_example() -> None:
    makers = [name for name in messages.__all__ if name[0].islower() and name not in {"group_of", "status_words"}]

    assert [name for name in makers if f"messages.{name}(" not in CODE] == []


def test_every_event_and_every_trouble_has_an_example() -> None:
    assert [event for event in Event if f"Event.{event.name}, " not in CODE] == []
    assert [trouble for trouble in Trouble if f"notice_{trouble.replace(' ', '_')}" not in EXAMPLES] == []


def test_every_event_that_presets_tell_has_words() -> None:
    assert set(EVENT_WORDS) == {event for preset in Preset for event in preset.events}


@pytest.mark.parametrize(
    ("substatus", "words"),
    [
        ("exception004", "unclaimed"),
        ("exception005", "Delayed by bad weather"),
        ("exception006", "held by customs"),
        ("exception007", "damaged or lost"),
        ("exception008", "cancelled"),
        ("exception009", "refused"),
        ("exception010", "returning to sender"),
        ("exception011", "returning to sender"),
        ("", "Delayed by bad weather"),
    ],
)
def test_a_problem_is_told_by_its_kind(substatus: str, words: str) -> None:
    told = messages.status_words(Status.EXCEPTION, substatus, newest=examples.DELAYED)

    assert told.endswith(f"Problem: {words}")


@pytest.mark.parametrize(
    ("substatus", "words"),
    [
        ("pickup001", "🛵 Out for delivery"),
        ("pickup002", "📬 Ready to collect"),
        ("pickup003", "🛵 Out for delivery or ready to collect"),
        ("", "🛵 Out for delivery or ready to collect"),
        ("transit001", "🛵 Out for delivery or ready to collect"),
    ],
)
def test_pickup_is_two_things_and_says_which_when_it_is_known(substatus: str, words: str) -> None:
    assert messages.status_words(Status.PICKUP, substatus) == words


def test_a_state_is_a_symbol_and_a_word() -> None:
    for words in messages.STATUS_WORDS.values():
        symbol, _, word = words.partition(" ")

        assert not symbol.isascii()
        assert word[0].isupper()


def test_status_8_is_never_called_returned() -> None:
    buttons = [
        (element["text"]["text"], element["value"])
        for message in EXAMPLES.values()
        for block in message.blocks
        for element in block.get("elements", ())
        if element["type"] == "button"
    ]

    restoring = {label for label, words in buttons if words.startswith("restore")}
    returning = {words for label, words in buttons if "returned" in label.lower()}
    assert restoring == {"Return to carrier status"}
    assert returning == set()


def test_news_names_the_parcel_first_then_carrier_number_and_who_added_it() -> None:
    text = examples.NEWS["delivered"].text

    places = [text.index(word) for word in ("Blue mugs", "Delivered", "UPS", "1ZX000010300000016", "<@UADA>")]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["out", "collect", "delivered"])
def test_the_person_it_is_for_is_mentioned_when_it_comes(name: str) -> None:
    assert "For <@UBEN>" in examples.NEWS[name].text


@pytest.mark.parametrize("name", ["scan", "problem", "stalled", "marked_exception"])
def test_the_person_it_is_for_is_not_called_for_anything_else(name: str) -> None:
    assert "For <@UBEN>" not in examples.NEWS[name].text


def test_lines_missed_in_a_silence_are_told_in_the_same_message() -> None:
    text = examples.NEWS["delivered_after_a_silence"].text

    assert "Before that: Nobody at home" in text
    assert "and 1 more" in text
    assert text.count("Left with neighbour") == 1


def test_what_came_and_went_unseen_is_told_with_what_it_is_now() -> None:
    text = examples.NEWS["attempt_missed"].text

    assert "Delivery attempt failed. Now: ✅ Delivered" in text
    assert "Nobody at home · Berlin" in text.split("Also: Left with neighbour")[0]


def test_rows_told_together_are_one_message_and_nothing_stands_in_it_twice() -> None:
    text = examples.NEWS["several_rows"].text

    assert text.endswith("Before that: 🛵 Out for delivery; 🚪 Delivery attempt failed")


def test_no_message_says_none_or_null() -> None:
    assert [name for name, message in EXAMPLES.items() if re.search(r"\bNone\b|\bnull\b", shown(message))] == []


def test_the_carriers_time_is_shown_as_given_and_called_local() -> None:
    assert "01 Mar 17:14 local" in shown(examples.CARDS["card_in_transit"])


def test_the_year_of_a_scan_is_shown_when_it_is_not_this_one() -> None:
    line = replace(examples.ARRIVED, local_time=datetime(2025, 12, 31, 23, 50))  # noqa: DTZ001 - carriers give no zone

    card = messages.parcel_card(replace(MOVING, checkpoints=(line,)), MUGS)

    assert "31 Dec 2025 23:50 local" in card.text


def test_a_reason_that_the_news_has_told_is_not_quoted_again() -> None:
    text = examples.NEWS["problem_in_carriers_words"].text

    assert text.count("Delayed by bad weather") == 1
    assert text.endswith("Berlin hub · 02 Mar 12:14 local")


def test_what_can_be_typed_stands_as_it_is_typed_and_what_was_typed_stays_as_it_was() -> None:
    hint = messages.sorry(ArchivedHere(examples.ARCHIVED, MOVING), "/parcels")
    quoted = messages.sorry(NotFollowed("list"), "/parcels")

    assert "`/parcels unarchive P-142`" in hint.text
    assert quoted.text.startswith("Nothing here matches `list`. Nothing was changed. `/parcels list` shows")


def test_every_verb_is_known_where_errors_name_it() -> None:
    assert NAMES.split("|") == [one.name for one in COMMANDS]


def test_what_was_just_asked_was_asked_just_now() -> None:
    refreshed = messages.refreshed(Refreshed(parcel=MOVING, subscription=MUGS, looked_ago=timedelta(seconds=20)))
    marked = messages.marked(Acted(parcel=examples.MARKED, subscription=MUGS, already=True), NOW)

    assert "UPS was asked just now and can be asked again in 1 h 59 min." in refreshed.text
    assert "was already marked by <@UBEN> just now." in marked.text


def test_a_marked_parcel_that_the_carrier_has_not_seen_says_so_once() -> None:
    unseen = replace(examples.MARKED, status=Status.NOT_FOUND, checkpoints=())

    card = messages.parcel_card(unseen, MUGS)

    assert "UPS says: 🕓 Waiting for the first scan" in card.text
    assert "No carrier news yet" not in shown(card)


def test_a_round_that_fails_and_is_overdue_says_when_the_last_one_was() -> None:
    failing, overdue = examples.FAILING, replace(examples.FAILING, overdue=True)

    assert "Last checked" not in messages.quota(9, 500, failing).text
    assert "Last checked" in messages.quota(9, 500, overdue).text


def test_a_time_that_nobody_can_read_is_shown_as_it_came() -> None:
    line = Checkpoint(carrier="ups", local_time=None, raw_time="yesterday-ish", text="", location="")

    card = messages.parcel_card(replace(MOVING, checkpoints=(line,)), MUGS)

    assert "No description · yesterday-ish local" in card.text


ANYTHING = st.text(alphabet=st.characters(codec="utf-8"), max_size=400) | st.sampled_from(
    ["<!channel>", "<@U012AB3CD>", "<https://evil.example|UPS>", "&lt;!here&gt;", "`*_~", "\u202eabc\u200b", "x" * 4000]
)


@given(title=ANYTHING, text=ANYTHING, note=ANYTHING, word=ANYTHING)
def test_whatever_people_and_carriers_write_stays_text(title: str, text: str, note: str, word: str) -> None:
    line = Checkpoint(carrier="ups", local_time=None, raw_time=word, text=text, location=note)
    subscription = replace(MUGS, title=title, order=note)
    parcel = replace(
        MOVING,
        status=Status.UNKNOWN,
        word=word,
        checkpoints=(line,) * 30,
        mark=Mark(status=Status.EXCEPTION, by="UBEN", at=NOW, note=note),
    )
    row = examples.row(Event.PROBLEM, Status.EXCEPTION, line, line, note=note)

    said: list[Message] = [
        messages.parcel_card(parcel, subscription),
        messages.news([row, replace(row, event=Event.MARKED, revision=9)], parcel, subscription),
        messages.timeline(Here(parcel=parcel, subscription=subscription), examples.FAILING),
        messages.list_page(
            [Here(parcel=parcel, subscription=subscription)] * 8, examples.HEALTHY, words=word, page=1, command="/track"
        ),
        messages.delete_sure(Here(parcel=parcel, subscription=subscription)),
        messages.not_a_verb(text, "/track"),
    ]

    assert [problem for message in said for problem in problems(message)] == []


def test_the_limits_are_held_against_every_kind_of_mistake() -> None:
    def broken(**changes: Any) -> Message:  # noqa: ANN401 - any part of a block
        return Message(
            text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x", "verbatim": True} | changes}]
        )

    assert problems(broken()) == []
    assert problems(broken(text="x" * 3001))
    assert problems(broken(text=""))
    assert problems(broken(verbatim=False))
    assert problems(broken(text="<!channel>"))
    assert problems(broken(text="<https://evil.example|UPS>"))
    assert problems(Message(text="two\nlines"))
    assert problems(Message(text="x", blocks=list(broken().blocks) * 51))
