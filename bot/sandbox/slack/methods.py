"""The methods of the Web API: what each does, which scope it needs, how often it may be called."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.sandbox.slack.blocks import problems, read_blocks
from bot.sandbox.slack.model import BOT_JSON, BOT_USER, TEAM_JSON, Channel, Failed, Json, Message, missing
from bot.sandbox.slack.payloads import channel_json, message_json, user_json
from bot.sandbox.slack.workspace import Workspace

KEPT, UPDATED, ATTACHMENTS = 40_000, 4_000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method: what it does, its scope (`*:read` depends on the kind of channel) and calls a minute."""

    run: Callable[[Workspace, Json], Json]
    scope: str = ""
    per_minute: int | None = None


# ── arguments ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _needed(args: Json, name: str) -> str:
    if not args.get(name):
        raise missing(name)
    return str(args[name])


def _is_on(args: Json, name: str) -> bool:
    return str(args.get(name)).lower() in {"true", "1"}


def content(args: Json, *, most: int | None = None) -> Json:
    """Return text, blocks, attachments and metadata of a message, checked as Slack checks them.

    Raises:
        Failed: Slack takes no such message.
    """
    text = str(args.get("text") or "")
    try:
        blocks = read_blocks(args.get("blocks") or [], "invalid_blocks_format")
        attachments = read_blocks(args.get("attachments") or [], "invalid_attachments")
    except ValueError as error:
        raise Failed(str(error)) from None
    if len(attachments) > ATTACHMENTS:
        raise Failed("too_many_attachments")
    _check(problems(blocks), "invalid_blocks")
    for at, attachment in enumerate(attachments):
        _check(problems(attachment.get("blocks", []), f"/attachments/{at}/blocks"), "invalid_attachments")
    if [block["type"] for block in blocks].count("table") > 1:
        _check(["only_one_table_allowed"], "invalid_attachments")
    if not text.strip() and not blocks and not attachments:
        raise Failed("no_text")
    if most and len(text) > most:
        raise Failed("msg_too_long")
    return {"text": text[:KEPT], "blocks": blocks, "attachments": attachments, "metadata": _metadata(args)}


def _metadata(args: Json) -> Json | None:
    value = args.get("metadata") or None
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise Failed("invalid_metadata_format") from None
    if value is None:
        return None
    if not (isinstance(value, dict) and value.get("event_type") and isinstance(value.get("event_payload"), dict)):
        raise Failed("invalid_metadata_format")
    return value


def _check(found: list[str], error: str) -> None:
    if found:
        raise Failed(error, errors=found, response_metadata={"messages": [f"[ERROR] {what}" for what in found]})


def seen(workspace: Workspace, channel_id: str) -> Channel:
    """Return a channel that the bot can see: a public one, or one that it is in.

    Raises:
        Failed: there is none with this id for the bot.
    """
    channel = workspace.channels.get(channel_id)
    if channel is None or (channel.kind != "public" and BOT_USER not in channel.members):
        raise Failed("channel_not_found")
    return channel


def _writable(workspace: Workspace, args: Json) -> Channel:
    """Return the channel to post to; a person's id stands for their direct message with the bot."""
    channel_id = _needed(args, "channel")
    if channel_id in workspace.users and not workspace.users[channel_id].is_bot:
        channel = workspace.direct(channel_id)
    else:
        channel = seen(workspace, channel_id)
    if channel.is_archived:
        raise Failed("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in workspace.scopes:
        raise Failed("not_in_channel")
    if channel.kind == "im" and not workspace.messages_tab:
        raise Failed("messages_tab_disabled")
    only_threads = channel.restricted == "restricted_action_thread_only_channel"
    if channel.restricted and not (only_threads and args.get("thread_ts")):
        raise Failed(channel.restricted)
    return channel


def thread_of(workspace: Workspace, channel: str, thread_ts: object) -> str | None:
    """Return the ts of the message that a reply hangs on.

    Raises:
        Failed: there is no such message, only one person sees it, or it is a reply itself.
    """
    if not thread_ts:
        return None
    parent = workspace.messages.get((channel, str(thread_ts)))
    if parent is None or parent.only_for or parent.thread_ts:
        raise Failed("cannot_reply_to_message")
    return parent.ts


def _own(workspace: Workspace, args: Json, not_own: str) -> Message:
    channel = seen(workspace, _needed(args, "channel"))
    message = workspace.messages.get((channel.id, _needed(args, "ts")))
    if message is None or message.only_for or message.subtype == "tombstone":
        raise Failed("message_not_found")
    if channel.is_archived:
        raise Failed("is_inactive")
    if not message.by_bot:
        raise Failed(not_own)
    return message


# ── chat ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _post_message(workspace: Workspace, args: Json) -> Json:
    channel = _writable(workspace, args)
    fields = content(args)
    thread = thread_of(workspace, channel.id, args.get("thread_ts"))
    broadcast = thread is not None and _is_on(args, "reply_broadcast")
    draft = Message(channel=channel.id, ts="", user=BOT_USER, thread_ts=thread, broadcast=broadcast, **fields)
    message = workspace.post(draft)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(workspace, message)}


def _post_ephemeral(workspace: Workspace, args: Json) -> Json:
    channel = _writable(workspace, args)
    user = _needed(args, "user")
    if user not in channel.members:
        raise Failed("user_not_in_channel")
    fields = content(args, most=KEPT)
    thread = thread_of(workspace, channel.id, args.get("thread_ts"))
    draft = Message(channel=channel.id, ts="", user=BOT_USER, thread_ts=thread, only_for=user, **fields)
    return {"message_ts": workspace.post(draft).ts}


def _update(workspace: Workspace, args: Json) -> Json:
    message = _own(workspace, args, "cant_update_message")
    fields = content(args, most=UPDATED)
    # Text alone takes the blocks away; attachments and metadata stay until new ones come.
    kept = {name for name in ("attachments", "metadata") if args.get(name) is None}
    edited = None if fields["blocks"] else workspace.next_ts(message.channel)
    changes = {name: value for name, value in fields.items() if name not in kept}
    message = workspace.change(message, edited=edited, **changes)
    shown = message_json(workspace, message)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


def _delete(workspace: Workspace, args: Json) -> Json:
    message = _own(workspace, args, "cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _permalink(workspace: Workspace, args: Json) -> Json:
    channel = seen(workspace, _needed(args, "channel"))
    message = workspace.messages.get((channel.id, _needed(args, "message_ts")))
    if message is None or message.only_for:
        raise Failed("message_not_found")
    link = f"{workspace.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


# ── conversations ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _page(args: Json, name: str, items: Sequence[object], usual: int) -> Json:
    """Return one page of a list, and the cursor of the next."""
    try:
        start = int(base64.b64decode(str(args.get("cursor") or ""), validate=True) or 0)
        most = int(str(args.get("limit") or usual))
    except ValueError:
        raise Failed("invalid_cursor" if args.get("cursor") else "invalid_limit") from None
    end = start + min(max(most, 1), 1000)
    cursor = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return {name: items[start:end], "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def _info(workspace: Workspace, args: Json) -> Json:
    channel = seen(workspace, _needed(args, "channel"))
    count = {"num_members": len(channel.members)} if _is_on(args, "include_num_members") else {}
    return {"channel": channel_json(channel) | count}


def _members(workspace: Workspace, args: Json) -> Json:
    channel = seen(workspace, _needed(args, "channel"))
    answer = _page(args, "members", sorted(channel.members), 100)
    del answer["has_more"]
    return answer


def _read(workspace: Workspace, args: Json, messages: list[Message]) -> list[object]:
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9999999999.999999")
    edges = _is_on(args, "inclusive")
    shown = [m for m in messages if oldest < m.ts < latest or (edges and m.ts in {oldest, latest})]
    return [message_json(workspace, m, with_metadata=_is_on(args, "include_all_metadata")) for m in shown]


def _history(workspace: Workspace, args: Json) -> Json:
    channel = seen(workspace, _needed(args, "channel"))
    if BOT_USER not in channel.members:
        raise Failed("not_in_channel")
    return _page(args, "messages", _read(workspace, args, workspace.visible(channel.id, BOT_USER)[::-1]), 100)


def _replies(workspace: Workspace, args: Json) -> Json:
    channel = seen(workspace, _needed(args, "channel"))
    message = workspace.messages.get((channel.id, _needed(args, "ts")))
    if message is None or message.only_for:
        raise Failed("thread_not_found")
    thread = workspace.thread(channel.id, message.thread_ts or message.ts, BOT_USER)
    return _page(args, "messages", _read(workspace, args, thread), 1000)


def _open(workspace: Workspace, args: Json) -> Json:
    if args.get("channel"):
        return {"channel": {"id": seen(workspace, str(args["channel"])).id}}
    users = _needed(args, "users").split(",")
    if unknown := [user for user in users if user not in workspace.users]:
        raise Failed("user_not_found", unknown=unknown)
    if len(users) > 1:
        raise Failed("missing_scope", needed="mpim:write", provided=",".join(workspace.scopes))
    return {"channel": {"id": workspace.direct(users[0]).id}}


# ── who ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _auth_test(workspace: Workspace, _args: Json) -> Json:
    who = {"user": BOT_JSON["name"], "user_id": BOT_USER, "bot_id": BOT_JSON["id"], "is_enterprise_install": False}
    return {"url": f"{workspace.base_url}/", "team": TEAM_JSON["name"], "team_id": TEAM_JSON["id"], **who}


def _user_info(workspace: Workspace, args: Json) -> Json:
    user = workspace.users.get(_needed(args, "user"))
    if user is None:
        raise Failed("user_not_found")
    return {"user": user_json(user)}


def _team_info(_workspace: Workspace, args: Json) -> Json:
    if args.get("team") not in (None, "", TEAM_JSON["id"]):
        raise Failed("team_not_found")
    return {"team": TEAM_JSON}


def _bot_info(_workspace: Workspace, args: Json) -> Json:
    if args.get("bot") not in (None, "", BOT_JSON["id"]):
        raise Failed("bot_not_found")
    return {"bot": BOT_JSON}


TIER_3, TIER_4 = 50, 100

METHODS = {
    "auth.test": Method(run=_auth_test),
    "bots.info": Method(run=_bot_info, scope="users:read", per_minute=TIER_3),
    "chat.delete": Method(run=_delete, scope="chat:write", per_minute=TIER_3),
    "chat.getPermalink": Method(run=_permalink),
    "chat.postEphemeral": Method(run=_post_ephemeral, scope="chat:write", per_minute=TIER_4),
    "chat.postMessage": Method(run=_post_message, scope="chat:write", per_minute=300),
    "chat.update": Method(run=_update, scope="chat:write", per_minute=TIER_3),
    "conversations.history": Method(run=_history, scope="*:history", per_minute=TIER_3),
    "conversations.info": Method(run=_info, scope="*:read", per_minute=TIER_3),
    "conversations.members": Method(run=_members, scope="*:read", per_minute=TIER_4),
    "conversations.open": Method(run=_open, scope="im:write", per_minute=TIER_3),
    "conversations.replies": Method(run=_replies, scope="*:history", per_minute=TIER_3),
    "team.info": Method(run=_team_info, scope="team:read", per_minute=TIER_3),
    "users.info": Method(run=_user_info, scope="users:read", per_minute=TIER_4),
}
