"""What others wrote stays text: no mention, link or markup of theirs, nothing hidden, nothing too long."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.parcel import Mark, ParcelKey
from bot.domain.status import Event, Status
from bot.services.results import Here
from bot.slack import messages
from bot.slack.blocks import actions, button, confirm, context, escape, person, plain, section
from bot.slack.exchange import Message
from tests.unit.slack import examples
from tests.unit.slack.limits import problems

TRICKS = st.sampled_from(
    [
        *(
            "<!channel>",
            "<!here|here>",
            "<@U012AB3CD>",
            "<#C012AB3CD|x>",
            "<https://evil.example|slack.com>",
            "&lt;!here&gt;",
        ),
        *(
            "&amp;lt;!channel&amp;gt;",
            "<!subteam^S1>",
            "<!date^1^{date}^https://evil.example|x>",
            "<",
            ">",
            "&",
            "|",
            "`",
            "*",
        ),
        *(
            "\u202egnp.exe",
            "\u2066x\u2069",
            "\u200b",
            "\u200d",
            "\u2060",
            "\ufeff",
            "\u00ad",
            "\u034f",
            "\u3164",
            "\u2800",
        ),
        *(
            "\U000e0041",
            "\ufe0f",
            "\x00",
            "\x1b[31m",
            "\x85",
            "\u2028",
            "\ud83d",
            "👩\u200d👧",
            "😀",
            "\n",
            "\r\n",
            "\t",
            " ",
        ),
    ]
)
HOSTILE = st.lists(TRICKS | st.text(max_size=20), max_size=12).map("".join)
SHOWN_AS_NOTHING = {"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
BETWEEN_EMOJI = re.compile("(?<=[\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff])\u200d(?=.)")


@pytest.mark.promise("S6")
@given(HOSTILE)
def test_text_of_others_has_no_token_no_markup_and_nothing_hidden(text: str) -> None:
    shown = escape(text, 3000)

    assert not re.search(r"[<>*_~`\n\r\t]|&(?!amp;|lt;|gt;)", shown)
    rest = BETWEEN_EMOJI.sub("", shown)
    assert not {unicodedata.category(char) for char in rest} & SHOWN_AS_NOTHING
    assert not set(rest) & set("\u034f\u115f\u1160\u2800\u3164\uffa0\ufe00")


@pytest.mark.promise("S6")
@given(HOSTILE, st.integers(min_value=1, max_value=200))
def test_text_of_others_is_cut_before_it_is_escaped_so_no_entity_is_cut(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", escape(text, limit))


@pytest.mark.promise("S6")
@given(HOSTILE)
def test_a_mention_is_built_of_an_id_and_of_nothing_else(user: str) -> None:
    assert person(user) in {"somebody", f"<@{user}>"}
    assert re.fullmatch(r"somebody|<@[UW][A-Z0-9]+>", person(user))


@pytest.mark.promise("S6")
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_message_calls_hides_or_outgrows_whatever_stands_in_it(title: str, words: str, note: str) -> None:
    line = examples.scan(words, 3, Status.EXCEPTION, location=note)
    mark = Mark(status=Status.DELIVERED, by=note, at=examples.NOW, note=words)
    key = ParcelKey(note or "ups", words[:64] or "1")
    parcel = replace(examples.PARCEL, key=key, word=words, checkpoints=(line,), mark=mark)
    mugs = replace(examples.MUGS, key=key, title=title, order=words, person=note, added_by=words)
    row = examples.row(Event.MARKED, Status.DELIVERED, line, note=words)
    here = Here(parcel=parcel, subscription=mugs)

    shown = [
        messages.parcel_card(parcel, mugs),
        messages.news([row], parcel, mugs),
        messages.timeline(here, examples.HEALTHY),
        messages.list_page([here] * 9, examples.HEALTHY, words=words, page=1, command="/track"),
        messages.delete_sure(here),
        messages.pick(words, [here] * 3, lambda name: f"status {name}"),
        messages.not_a_verb(words, "/track"),
    ]

    assert [fault for one in shown for fault in problems(one)] == []


@pytest.mark.promise("S6")
@given(st.text(max_size=9000).map("x{}".format))
def test_every_kind_of_block_keeps_to_slacks_lengths(text: str) -> None:
    sure = confirm(text, text, yes=text)

    blocks = [section(escape(text, 9000)), context(escape(text, 9000)), actions(button(text, text, confirm=sure))]

    assert problems(Message(text="x", blocks=blocks)) == []
