"""The methods of the simulated Web API do what Slack's do, and refuse what Slack's refuse.

Over 300 lines: each method of the Web API has its errors.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.slack import Channel, Slack
from tests.unit.sandbox.slack.conftest import Api, Clock

DIVIDER = {"type": "divider"}


def leave(slack: Slack) -> None:
    slack.remove("U0WAYBILL", "C0ORDERS")


def add_group(slack: Slack) -> None:
    slack.channels["G0GROUP"] = Channel(id="G0GROUP", name="mpdm-ada--ben-1", kind="mpim", members={"U0ADA", "U0BEN"})


def restrict(slack: Slack) -> None:
    slack.channels["C0ORDERS"].restricted = "restricted_action_read_only_channel"


def close_tab(slack: Slack) -> None:
    slack.workspace.messages_tab = False


def nothing(_slack: Slack) -> None:
    pass


@pytest.mark.parametrize(
    ("channel", "given", "error"),
    [
        ("C0NOWHERE", nothing, "channel_not_found"),
        ("C0GENERAL", nothing, "not_in_channel"),
        ("C0ORDERS", leave, "not_in_channel"),
        ("G0DESK", nothing, "channel_not_found"),
        ("D0ADABEN", nothing, "channel_not_found"),
        ("G0GROUP", add_group, "channel_not_found"),
        ("C0ORDERS", lambda slack: slack.archive("C0ORDERS"), "is_archived"),
        ("C0ORDERS", restrict, "restricted_action_read_only_channel"),
        ("D0ADA", close_tab, "messages_tab_disabled"),
        ("U0WAYBILL", nothing, "channel_not_found"),
    ],
)
async def test_the_bot_posts_only_where_slack_lets_it(
    api: Api, slack: Slack, channel: str, given: Callable[[Slack], object], error: str
) -> None:
    given(slack)

    answer = await api.call("chat.postMessage", channel=channel, text="hello")

    assert answer == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("channel", "given"),
    [
        ("C0ORDERS", nothing),
        ("D0ADA", nothing),
        ("U0BEN", nothing),
        ("G0DESK", lambda slack: slack.invite("U0WAYBILL", "G0DESK")),
        ("C0GENERAL", lambda slack: slack.scopes.append("chat:write.public")),
    ],
)
async def test_the_bot_posts_where_it_is_a_member_and_to_people(
    api: Api, slack: Slack, channel: str, given: Callable[[Slack], object]
) -> None:
    given(slack)

    answer = await api.call("chat.postMessage", channel=channel, text="hello")

    assert answer["ok"]
    assert answer["channel"] == {"U0BEN": "D0BEN"}.get(channel, channel)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "no_text"),
        ({"text": "  "}, "no_text"),
        ({"blocks": "not json"}, "invalid_blocks_format"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "rainbow"}]}, "invalid_blocks"),
        ({"attachments": [{"blocks": [{"type": "rainbow"}]}]}, "invalid_attachments"),
        ({"text": "x", "attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
        ({"text": "x", "metadata": {"event_type": "told"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
    ],
)
async def test_a_bad_message_is_refused_with_slacks_code(
    api: Api, slack: Slack, args: dict[str, Any], error: str
) -> None:
    answer = await api.call("chat.postMessage", channel="C0ORDERS", **args)

    assert answer["error"] == error
    assert slack.messages == {}


async def test_a_call_without_channel_names_what_is_missing(api: Api) -> None:
    answer = await api.call("chat.postMessage", text="hello")

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_a_stored_message_has_the_ids_and_defaults_that_slack_adds(api: Api) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Archive"}, "value": "archive P-1"}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}}, {"type": "actions", "elements": [button]}]

    answer = await api.call("chat.postMessage", channel="C0ORDERS", text="x", blocks=blocks)

    section, row = answer["message"]["blocks"]
    assert section["block_id"] != row["block_id"]
    assert section["text"]["verbatim"] is False
    assert row["elements"][0]["action_id"]
    assert row["elements"][0]["text"]["emoji"] is True


async def test_long_text_is_cut_when_posted_and_refused_when_changed(api: Api) -> None:
    answer = await api.call("chat.postMessage", channel="C0ORDERS", text="x" * 40_001)
    change = await api.call("chat.update", channel="C0ORDERS", ts=answer["ts"], text="x" * 4_001)

    assert len(answer["message"]["text"]) == 40_000
    assert change["error"] == "msg_too_long"


async def test_ts_rises_in_a_channel_even_when_the_clock_stands(api: Api) -> None:
    stamps = [await api.post() for _ in range(3)]

    assert stamps == ["1795600000.000000", "1795600000.000001", "1795600000.000002"]


async def test_a_thread_hangs_on_a_message_that_everybody_sees_and_never_on_a_reply(api: Api, slack: Slack) -> None:
    first = await api.post()
    reply = await api.call("chat.postMessage", channel="C0ORDERS", text="reply", thread_ts=first)
    nested = await api.call("chat.postMessage", channel="C0ORDERS", text="nested", thread_ts=reply["ts"])
    private = await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="psst")
    under = await api.call(
        "chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="x", thread_ts=private["message_ts"]
    )

    assert reply["message"]["thread_ts"] == first
    assert nested["error"] == under["error"] == "cannot_reply_to_message"
    assert [m.text for m in slack.thread("C0ORDERS", first, "U0BEN")] == ["hello", "reply"]


async def test_a_broadcast_reply_is_also_seen_in_the_channel(api: Api, slack: Slack) -> None:
    first = await api.post()
    await api.post(text="quiet", thread_ts=first)
    await api.post(text="loud", thread_ts=first, reply_broadcast=True)

    assert [m.text for m in slack.visible("C0ORDERS", "U0BEN")] == ["hello", "loud"]
    history = await api.call("conversations.history", channel="C0ORDERS")
    assert [m.get("subtype") for m in history["messages"]] == ["thread_broadcast", None]
    assert history["messages"][1]["reply_count"] == 2


async def test_text_alone_takes_the_blocks_away_and_marks_the_message_edited(api: Api, slack: Slack) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "P-1"}}
    ts = await api.post(blocks=[DIVIDER], metadata=metadata)

    redrawn = await api.call("chat.update", channel="C0ORDERS", ts=ts, text="new", blocks=[DIVIDER])
    plain = await api.call("chat.update", channel="C0ORDERS", ts=ts, text="newer")

    assert "edited" not in redrawn["message"]
    assert "blocks" not in plain["message"]
    assert plain["message"]["edited"]["user"] == "U0WAYBILL"
    assert slack.messages["C0ORDERS", ts].metadata == metadata


@pytest.mark.parametrize(
    ("method", "error"), [("chat.update", "cant_update_message"), ("chat.delete", "cant_delete_message")]
)
async def test_the_bot_changes_its_own_messages_only(api: Api, slack: Slack, method: str, error: str) -> None:
    typed = (await slack.type(user="U0ADA", channel="C0ORDERS", text="mine")).message
    assert typed
    private = await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="psst")

    of_ada = await api.call(method, channel="C0ORDERS", ts=typed.ts, text="x")
    unknown = await api.call(method, channel="C0ORDERS", ts="1.000001", text="x")
    ephemeral = await api.call(method, channel="C0ORDERS", ts=private["message_ts"], text="x")

    assert of_ada["error"] == error
    assert unknown["error"] == ephemeral["error"] == "message_not_found"


async def test_messages_of_an_archived_channel_stay_as_they_are(api: Api, slack: Slack) -> None:
    ts = await api.post()
    slack.archive("C0ORDERS")

    assert (await api.call("chat.update", channel="C0ORDERS", ts=ts, text="x"))["error"] == "is_inactive"
    slack.unarchive("C0ORDERS")
    assert (await api.call("chat.update", channel="C0ORDERS", ts=ts, text="x"))["ok"]


async def test_a_deleted_message_is_gone_but_a_thread_keeps_a_tombstone(api: Api, slack: Slack) -> None:
    alone, first = await api.post(), await api.post()
    await api.post(text="reply", thread_ts=first)

    for ts in (alone, first):
        assert (await api.call("chat.delete", channel="C0ORDERS", ts=ts))["ok"]

    assert [m.text for m in slack.visible("C0ORDERS", "U0ADA")] == ["This message was deleted."]
    assert (await api.call("chat.update", channel="C0ORDERS", ts=first, text="x"))["error"] == "message_not_found"


async def test_an_ephemeral_message_is_seen_by_one_member_only(api: Api, slack: Slack) -> None:
    answer = await api.call("chat.postEphemeral", channel="G0DESK", user="U0ADA", text="psst")
    slack.invite("U0WAYBILL", "G0DESK")
    shown = await api.call("chat.postEphemeral", channel="G0DESK", user="U0ADA", text="psst")
    outsider = await api.call("chat.postEphemeral", channel="G0DESK", user="U0CHI", text="psst")

    assert answer["error"] == "channel_not_found"
    assert set(shown) == {"ok", "message_ts"}
    assert outsider["error"] == "user_not_in_channel"
    assert [m.text for m in slack.visible("G0DESK", "U0ADA")][-1] == "psst"
    assert "psst" not in [m.text for m in slack.visible("G0DESK", "U0BEN")]


async def test_a_permalink_names_the_thread_of_a_reply(api: Api) -> None:
    first = await api.post()
    reply = await api.post(thread_ts=first)

    answer = await api.call("chat.getPermalink", channel="C0ORDERS", message_ts=reply)
    lost = await api.call("chat.getPermalink", channel="C0ORDERS", message_ts="1.000001")

    link = f"http://slack.test/archives/C0ORDERS/p{reply.replace('.', '')}?thread_ts={first}&cid=C0ORDERS"
    assert answer["permalink"] == link
    assert lost["error"] == "message_not_found"


async def test_history_comes_newest_first_in_pages_and_metadata_on_demand(api: Api, slack: Slack, clock: Clock) -> None:
    slack.limits.on = False
    stamps = []
    for n in range(5):
        stamps.append(await api.post(text=str(n), metadata={"event_type": "told", "event_payload": {"id": n}}))
        clock.passes(1)

    first = await api.call("conversations.history", channel="C0ORDERS", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await api.call("conversations.history", channel="C0ORDERS", limit=3, cursor=cursor)
    since = await api.call(
        "conversations.history", channel="C0ORDERS", oldest=stamps[3], inclusive=True, include_all_metadata=True
    )
    outside = await api.call("conversations.history", channel="C0GENERAL")

    assert [m["text"] for m in first["messages"] + rest["messages"]] == ["4", "3", "2", "1", "0"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [m["metadata"]["event_payload"]["id"] for m in since["messages"]] == [4, 3]
    assert "metadata" not in first["messages"][0]
    assert outside["error"] == "not_in_channel"


async def test_replies_come_oldest_first_from_any_message_of_the_thread(api: Api) -> None:
    first = await api.post()
    reply = await api.post(text="reply", thread_ts=first)

    by_first = await api.call("conversations.replies", channel="C0ORDERS", ts=first)
    by_reply = await api.call("conversations.replies", channel="C0ORDERS", ts=reply)

    assert [m["text"] for m in by_first["messages"]] == ["hello", "reply"]
    assert by_first["messages"] == by_reply["messages"]
    assert (await api.call("conversations.replies", channel="C0ORDERS", ts="1.0"))["error"] == "thread_not_found"


async def test_a_channel_is_shown_as_the_bot_sees_it(api: Api, slack: Slack) -> None:
    slack.scopes.append("im:read")
    orders = (await api.call("conversations.info", channel="C0ORDERS", include_num_members=True))["channel"]
    general = (await api.call("conversations.info", channel="C0GENERAL"))["channel"]
    direct = (await api.call("conversations.info", channel="D0ADA"))["channel"]

    assert (orders["is_member"], orders["num_members"], general["is_member"]) == (True, 4, False)
    assert (direct["is_im"], direct["user"]) == (True, "U0ADA")
    assert (await api.call("conversations.info", channel="D0ADABEN"))["error"] == "channel_not_found"


async def test_members_come_in_pages(api: Api) -> None:
    first = await api.call("conversations.members", channel="C0ORDERS", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await api.call("conversations.members", channel="C0ORDERS", limit=3, cursor=cursor)

    assert first["members"] + rest["members"] == ["U0ADA", "U0BEN", "U0CHI", "U0WAYBILL"]
    bad = await api.call("conversations.members", channel="C0ORDERS", cursor="?")
    assert bad["error"] == "invalid_cursor"


async def test_a_direct_message_is_opened_once(api: Api, slack: Slack) -> None:
    slack.scopes.append("im:write")
    opened = [await api.call("conversations.open", users="U0CHI") for _ in range(2)]
    stranger = await api.call("conversations.open", users="U0NOBODY")

    assert [answer["channel"]["id"] for answer in opened] == ["D0CHI", "D0CHI"]
    assert stranger["error"] == "user_not_found"


async def test_people_team_and_bot_introduce_themselves(api: Api, slack: Slack) -> None:
    slack.scopes += ["team:read", "users:read"]

    assert (await api.call("users.info", user="U0BEN"))["user"]["tz"] == "Europe/Berlin"
    assert (await api.call("users.info", user="U0NOBODY"))["error"] == "user_not_found"
    assert (await api.call("team.info"))["team"]["domain"] == "sandbox"
    assert (await api.call("bots.info", bot="B0WAYBILL"))["bot"]["user_id"] == "U0WAYBILL"
    assert (await api.call("bots.info", bot="B0OTHER"))["error"] == "bot_not_found"


async def test_a_channel_keeps_its_messages_when_its_id_changes(api: Api, slack: Slack) -> None:
    first = await api.post()
    await api.post(text="reply", thread_ts=first)
    slack.workspace.change_id("C0ORDERS", "C0MOVED")

    old = await api.call("chat.update", channel="C0ORDERS", ts=first, text="x")
    new = await api.call("chat.update", channel="C0MOVED", ts=first, text="x")

    assert old["error"] == "channel_not_found"
    assert new["message"]["reply_count"] == 1
