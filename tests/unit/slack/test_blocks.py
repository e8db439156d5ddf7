"""Block Kit in a few words: each block as Slack wants it, and outside text made safe."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import blocks
from bot.slack.blocks import escape, person, plain, shorten

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OTHER = {"type": "plain_text", "emoji": True}


@pytest.mark.promise("S6")
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("&lt;", "&amp;lt;"),
        ("*b* _i_ ~s~ `c`", "\u2217b\u2217 \uff3fi\uff3f \u223cs\u223c \u02cbc\u02cb"),
        ("a\u200bb\u202ec\ufeffd\ue000e\u0378f", "abcdef"),
        ("a\u3164b\u115fc\u2800d\ufe00e", "abcde"),
        ("a\u200db\ufe0f ❤\ufe0f\ufe0f", "ab ❤\ufe0f"),
        ("line\nline\ttab\x00nul\x1b[31m\u2028end", "line line tab nul [31m end"),
        ("  many   blanks\u00a0 here ", "many blanks here"),
        ("\ud800half", "half"),
        ("family 👩\u200d👧", "family 👩\u200d👧"),
        ("", ""),
    ],
)
def test_what_others_write_is_text_and_nothing_else(written: str, shown: str) -> None:
    assert escape(written) == shown


@pytest.mark.promise("S6")
@given(st.text(max_size=500), st.integers(min_value=2, max_value=400))
def test_escaped_text_keeps_its_limit_and_its_entities(text: str, limit: int) -> None:
    safe = escape(text, limit)

    assert len(safe.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")) <= limit
    assert not set(safe) & set("<>*_~`\n\t\r")
    assert safe.count("&") == safe.count("&amp;") + safe.count("&lt;") + safe.count("&gt;")


def test_text_is_cut_at_300_characters_when_nobody_says_otherwise() -> None:
    assert (plain("x" * 300), escape("x" * 300)) == ("x" * 300, "x" * 300)
    assert (plain("x" * 301), escape("x" * 301)) == ("x" * 299 + "…", "x" * 299 + "…")


def test_text_is_cut_to_its_limit_with_a_mark_and_no_blank_before_it() -> None:
    assert plain("four words are here", 19) == "four words are here"
    assert plain("four words are here", 18) == "four words are he…"
    assert plain("four words are here", 12) == "four words…"
    assert plain("<<<<", 3) == "<<…"
    assert escape("<<<<", 3) == "&lt;&lt;…"


@pytest.mark.promise("S6")
@pytest.mark.parametrize("user", ["U012AB3CD", "W012AB3CD", "UADA", "U1"])
def test_a_person_is_mentioned_by_an_id(user: str) -> None:
    assert person(user) == f"<@{user}>"


@pytest.mark.promise("S6")
@pytest.mark.parametrize(
    "user", ["", "U", "channel", "here", "u012ab3cd", "UÄÖ", "U٣", "B012AB3CD", "U1|ada", "U1>", "U1\n", "U" * 40]
)
def test_nothing_but_an_id_makes_a_mention(user: str) -> None:
    assert person(user) == "somebody"


def test_a_section_is_text_in_which_slack_looks_for_nothing() -> None:
    text = {"type": "mrkdwn", "text": "*hello*", "verbatim": True}

    assert blocks.section("*hello*") == {"type": "section", "text": text}
    assert blocks.section("") == {"type": "section", "text": {**text, "text": "-"}}
    assert blocks.section("*hello*", accessory={"type": "button"}) == {
        "type": "section",
        "text": text,
        "accessory": {"type": "button"},
    }


def test_a_context_has_at_most_ten_texts_and_no_empty_one() -> None:
    block = blocks.context("one", "", *(str(number) for number in range(20)))

    assert block["type"] == "context"
    assert [element["text"] for element in block["elements"]] == ["one", *"012345678"]
    assert all(element["verbatim"] is True and element["type"] == "mrkdwn" for element in block["elements"])


def test_a_divider_is_a_line() -> None:
    assert blocks.divider() == {"type": "divider"}


def test_a_button_is_a_command_already_typed() -> None:
    assert blocks.button("Archive", "archive P-142") == {
        "type": "button",
        "action_id": "say",
        "text": {**OTHER, "text": "Archive"},
        "value": "archive P-142",
    }


def test_a_button_may_have_a_colour_and_a_question() -> None:
    asking = blocks.confirm("Delete?", "For all.", yes="Delete", danger=True)

    button = blocks.button("Delete", "delete P-142", style="danger", confirm=asking)

    assert (button["style"], button["confirm"]) == ("danger", asking)


def test_a_button_keeps_slacks_limits() -> None:
    button = blocks.button("x" * 76, "y" * 2001)

    assert button["text"]["text"] == "x" * 74 + "…"
    assert button["value"] == "y" * 2000


def test_buttons_in_a_row_have_ids_of_their_own_and_stay_as_they_were() -> None:
    archive, mark = blocks.button("Archive", "archive P-1"), blocks.button("Lost", "mark lost P-1")

    row = blocks.actions(archive, mark)

    assert row == {
        "type": "actions",
        "elements": [{**archive, "action_id": "say:0"}, {**mark, "action_id": "say:1"}],
    }
    assert archive["action_id"] == "say"


def test_a_menu_is_a_list_of_commands_within_slacks_limits() -> None:
    assert blocks.overflow([("Lost", "mark lost P-1"), ("x" * 76, "y" * 151)]) == {
        "type": "overflow",
        "action_id": "say",
        "options": [
            {"text": {**OTHER, "text": "Lost"}, "value": "mark lost P-1"},
            {"text": {**OTHER, "text": "x" * 74 + "…"}, "value": "y" * 150},
        ],
    }


def test_a_question_has_a_way_out() -> None:
    assert blocks.confirm("Delete?", "It goes.", yes="Delete") == {
        "title": {"type": "plain_text", "text": "Delete?"},
        "text": {"type": "plain_text", "text": "It goes."},
        "confirm": {"type": "plain_text", "text": "Delete"},
        "deny": {"type": "plain_text", "text": "Cancel"},
    }
    assert blocks.confirm("a", "b", yes="c", no="d", danger=True)["style"] == "danger"
    assert blocks.confirm("a", "b", yes="c", no="d")["deny"]["text"] == "d"


def test_a_question_keeps_slacks_limits() -> None:
    long = blocks.confirm("x" * 101, "x" * 301, yes="x" * 31, no="x" * 31)

    assert [len(long[part]["text"]) for part in ("title", "text", "confirm", "deny")] == [100, 300, 30, 30]
    assert all(long[part]["text"].endswith("…") for part in ("title", "text", "confirm", "deny"))


def test_a_text_too_long_ends_at_a_line_and_says_how_many_are_left_out() -> None:
    whole, long = "x" * 3000, "\n".join(["x" * 99] * 31)

    assert shorten(whole) == whole
    assert shorten(long) == "\n".join([*["x" * 99] * 29, "…and 2 more"])
    assert shorten("ab\ncd", 4) == "…and 2 more"
    assert shorten("a b\nc d", 27) == "a b\nc d"
    assert shorten(f"a b\nc d\n{'x' * 30}", 28) == "a b\nc d\n…and 1 more"
    assert shorten(f"a b\nc d\n{'x' * 30}", 27) == "a b\n…and 2 more"
    assert shorten(f"{'x' * 19}\n{'y' * 100}", 40) == f"{'x' * 19}\n…and 1 more"
    assert shorten(f"{'x' * 20}\n{'y' * 100}", 40) == "…and 2 more"
    assert blocks.mrkdwn(long)["text"] == shorten(long)


def test_a_time_is_shown_in_each_readers_own_zone() -> None:
    assert blocks.when(NINE) == "<!date^1772442000^{date_short_pretty} {time}|2026-03-02 09:00 UTC>"
    assert blocks.ago(NINE) == "<!date^1772442000^{ago}|2026-03-02 09:00 UTC>"
