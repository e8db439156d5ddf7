"""Messages become HTML that a browser can be given: everything escaped, Slack's own tokens drawn."""

import pytest

from bot.sandbox.page.render import Viewer, glyph, message, mrkdwn, text

ADA = Viewer(user="U1", people={"U1": "Ada", "U2": "Ben"}, channels={"C1": "general"})


def drawn(words: str, *, verbatim: bool = False) -> str:
    return str(mrkdwn(words, ADA, verbatim=verbatim))


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("*Blue mugs*", "<b>Blue mugs</b>"),
        ("_soon_ and ~late~", "<i>soon</i> and <s>late</s>"),
        ("*bold and _both_*", "<b>bold and <i>both</i></b>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("*two\nlines*", "*two\nlines*"),
        ("`1Z *x*`", "<code>1Z *x*</code>"),
        ("a\n```x < 1\n*y*```\nb", "a<pre>x &lt; 1\n*y*</pre>b"),
        ("&gt; held\n&gt; at customs\nnow", "<blockquote>held\nat customs</blockquote>now"),
        ("so\n&gt;&gt;&gt;all\nof it", "so<blockquote>all\nof it</blockquote>"),
        ("", ""),
    ],
)
def test_slacks_marks_become_markup(words: str, html: str) -> None:
    assert drawn(words) == html


@pytest.mark.parametrize("words", ["\u200b*Blue*\u200b", "*\u200bBlue\u200b*", "\u2060_Blue_\u2060", "~Blue\u2060~"])
def test_an_invisible_joiner_beside_a_mark_switches_it_off(words: str) -> None:
    assert drawn(words) == words


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&lt;img src=x onerror=alert(1)&gt;", "&lt;img src=x onerror=alert(1)&gt;"),
        ('*"><b onclick=x>*', "<b>&#34;&gt;&lt;b onclick=x&gt;</b>"),
        ("<javascript:alert(1)|carrier page>", "&lt;javascript:alert(1)|carrier page&gt;"),
        ("<data:text/html,x>", "&lt;data:text/html,x&gt;"),
        ('<@U9|"><i>', '<span class="mention">@&#34;</span>&lt;i&gt;'),
        ("&amp;lt;", "&amp;lt;"),
    ],
)
def test_what_is_no_token_of_slacks_is_shown_as_it_was_typed(words: str, html: str) -> None:
    assert drawn(words) == html


def test_links_lead_to_the_web_and_carry_their_label() -> None:
    assert drawn("<https://example.test/t?a=1&amp;b=2|carrier page>") == (
        '<a href="https://example.test/t?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">carrier page</a>'
    )


def test_a_link_cannot_leave_its_attribute() -> None:
    html = drawn('<https://example.test/"onmouseover="alert(1)|x>')

    assert '"onmouseover' not in html
    assert "&#34;onmouseover=&#34;alert(1)" in html


@pytest.mark.parametrize(
    ("words", "html"),
    [("<mailto:ada@example.test|Ada>", "Ada"), ("<tel:+49301234>", "+49301234")],
)
def test_addresses_that_are_not_on_the_web_are_words(words: str, html: str) -> None:
    assert drawn(words) == html


def test_a_bare_address_is_a_link_unless_the_text_is_verbatim() -> None:
    words = "See https://example.test/a."

    assert 'See <a href="https://example.test/a"' in drawn(words)
    assert drawn(words).endswith("</a>.")
    assert drawn(words, verbatim=True) == words


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("<@U2>", '<span class="mention">@Ben</span>'),
        ("<@U1|ada>", '<span class="mention me">@Ada</span>'),
        ("<@U9>", '<span class="mention">@U9</span>'),
        ("<#C1>", '<a class="mention" href="?channel=C1" data-channel="C1">#general</a>'),
        ("<#C9|>", '<a class="mention" href="?channel=C9" data-channel="C9">#C9</a>'),
        ("<!here>", '<span class="mention">@here</span>'),
        ("<!subteam^S1|@ops>", '<span class="mention">@ops</span>'),
    ],
)
def test_mentions_show_names(words: str, html: str) -> None:
    assert drawn(words) == html


def test_a_date_carries_its_moment_and_shows_its_fallback_until_the_browser_knows_better() -> None:
    words = "<!date^1795600000^{date_short_pretty} at {time}|25 Nov, 09:46 UTC>"

    assert drawn(words) == (
        '<time data-stamp="1795600000" data-format="{date_short_pretty} at {time}">25 Nov, 09:46 UTC</time>'
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [("package", "📦"), ("white_check_mark", "✅"), ("flag-de", "🇩🇪"), ("no_such_thing", ":no_such_thing:")],
)
def test_emoji_have_slacks_names(name: str, shown: str) -> None:
    assert glyph(name) == shown


def test_a_time_of_day_is_no_emoji() -> None:
    assert drawn("at 09:14:22 or 12:zzz:30") == "at 09:14:22 or 12:zzz:30"


def test_plain_text_knows_emoji_and_nothing_else() -> None:
    html = text({"type": "plain_text", "text": ":package: *Delivered* <@U1>"}, ADA)

    assert html == '<span class="emoji" role="img" aria-label="package">📦</span> *Delivered* &lt;@U1&gt;'
    assert text({"type": "plain_text", "text": ":package:", "emoji": False}, ADA) == ":package:"


def card(**more: object) -> dict[str, object]:
    return {
        "ts": "1795600000.000100",
        "name": "waybill",
        "initial": "",
        "avatar": "app",
        "app": True,
        "summary": "Blue mugs: Out for delivery",
        "text": "",
        "blocks": [],
        "replies": 0,
    } | more


def test_a_button_carries_what_is_sent_when_it_is_pressed() -> None:
    button = {
        "type": "button",
        "action_id": "archive",
        "value": 'archive "P-142"',
        "style": "danger",
        "text": {"type": "plain_text", "text": "Archive"},
        "confirm": {
            "title": {"type": "plain_text", "text": "Archive?"},
            "text": {"type": "mrkdwn", "text": "*Blue* <script>"},
            "confirm": {"type": "plain_text", "text": "Archive"},
            "deny": {"type": "plain_text", "text": "Keep"},
        },
    }

    html = message(card(blocks=[{"type": "actions", "block_id": "b1", "elements": [button]}]), ADA)

    assert 'data-action="archive" data-block="b1"' in html
    assert 'data-value="archive &#34;P-142&#34;"' in html
    assert 'class="button danger"' in html
    assert "Keep" in html
    assert "<script>" not in html


def test_a_title_that_is_markup_stays_words_in_every_part_of_a_card() -> None:
    bad = "<img src=x onerror=alert(1)>"
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": bad}},
        {"type": "section", "text": {"type": "mrkdwn", "text": bad}, "fields": [{"type": "mrkdwn", "text": bad}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": bad}]},
        {"type": bad},
        {"type": "actions", "elements": [{"type": "overflow", "options": [{"text": {"text": bad}, "value": bad}]}]},
    ]

    html = message(card(name=bad, summary=bad, blocks=blocks), ADA)

    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") >= len(blocks)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"ephemeral": True}, "Only visible to you"),
        ({"replies": 1, "last_reply": "1795600060.000100"}, "<b>1 reply</b>"),
        ({"replies": 3, "last_reply": "1795600060.000100"}, "<b>3 replies</b>"),
        ({"broadcast": True, "thread_ts": "1.2", "parent": "Blue mugs"}, "Replied to a thread: "),
        ({"broadcast": True, "in_thread": True}, "Also sent to the channel"),
    ],
)
def test_a_message_says_who_sees_it_and_where_it_belongs(facts: dict[str, object], words: str) -> None:
    assert words in message(card(**facts), ADA)


def test_a_message_without_blocks_shows_its_text() -> None:
    assert "<p><b>Hello</b></p>" in message(card(text="*Hello*"), ADA)


def test_only_words_without_blocks_are_called_edited() -> None:
    section = {"type": "section", "text": {"type": "plain_text", "text": "Hello"}}

    assert "(edited)" in message(card(text="Hello", edited=True), ADA)
    assert "(edited)" not in message(card(blocks=[section], edited=True), ADA)
