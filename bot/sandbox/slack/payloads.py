"""The JSON that Slack shows to an app: messages, channels and people, and all that it sends by itself."""

import secrets
from typing import Any

from bot.sandbox.slack.blocks import elements
from bot.sandbox.slack.model import APP, BOT, BOT_USER, TEAM, TEAM_DOMAIN, Channel, Json, Message, Refused, User
from bot.sandbox.slack.workspace import Workspace

TOKEN = "sandbox-token"  # noqa: S105 - Slack still sends this deprecated word; nobody checks it
Pressed = tuple[Json, Json, int | None]
"""A block, the element in it, and the number of the attachment that it stands in."""
STATEFUL = {"static_select": "selected_option", "radio_buttons": "selected_option", "checkboxes": "selected_options"}


def message_json(workspace: Workspace, message: Message, *, with_metadata: bool = True) -> Json:
    """Return a message as methods and payloads show it."""
    shown: Json = {"user": message.user, "type": "message", "ts": message.ts}
    if message.by_bot:
        shown |= {"bot_id": BOT, "app_id": APP}
    shown |= {"team": TEAM, "text": message.text}
    replies = workspace.replies(message.channel, message.ts)
    thread = message.thread_ts or (message.ts if replies else None)
    subtype = message.subtype or ("thread_broadcast" if message.broadcast else None)
    optional: Json = {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "subtype": subtype,
        "thread_ts": thread,
        "edited": message.edited and {"user": message.user, "ts": message.edited},
        "metadata": message.metadata if with_metadata else None,
    }
    if replies:
        people = sorted({reply.user for reply in replies})
        optional |= {"reply_count": len(replies), "reply_users_count": len(people), "reply_users": people}
        optional |= {"latest_reply": replies[-1].ts}
    return shown | {name: value for name, value in optional.items() if value}


def channel_json(channel: Channel) -> Json:
    """Return a conversation as `conversations.info` shows it."""
    common: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.is_archived,
        "is_org_shared": False,
    }
    if channel.kind == "im":
        return {**common, "is_im": True, "user": next(iter(channel.members - {BOT_USER}), BOT_USER)}
    common |= {"name": channel.name, "name_normalized": channel.name, "creator": "U0ADA", "context_team_id": TEAM}
    common |= {"is_channel": channel.kind == "public", "is_group": channel.kind == "private", "is_im": False}
    common |= {"is_mpim": channel.kind == "mpim", "is_private": channel.kind != "public"}
    common |= {"is_general": channel.id == "C0GENERAL", "is_member": BOT_USER in channel.members}
    common |= dict.fromkeys(("is_shared", "is_ext_shared"), channel.is_ext_shared)
    nothing = {"value": "", "creator": "", "last_set": 0}
    return {**common, "topic": nothing, "purpose": nothing}


def user_json(user: User) -> Json:
    """Return a person as `users.info` shows them."""
    profile = {"real_name": user.real_name, "display_name": user.name, "team": TEAM}
    flags = dict.fromkeys(("deleted", "is_admin", "is_owner", "is_restricted", "is_ultra_restricted"), False)
    who = {"id": user.id, "team_id": TEAM, "name": user.name, "real_name": user.real_name, "tz": user.tz}
    return {**who, **flags, "is_bot": user.is_bot, "is_app_user": False, "updated": 1_700_000_000, "profile": profile}


# ── what Slack sends ──────────────────────────────────────────────────────────────────────────────────────────────────


def trigger_id() -> str:
    """Return a fresh trigger id."""
    return f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"


def slash_command(user: User, channel: Channel, command: str, text: str, response_url: str) -> Json:
    """Return the fields of a slash command, all of them strings as in a form."""
    fields = {"token": TOKEN, "team_id": TEAM, "team_domain": TEAM_DOMAIN, "api_app_id": APP}
    fields |= {"channel_id": channel.id, "channel_name": channel.shown_name}
    fields |= {"user_id": user.id, "user_name": user.name, "command": command, "text": text}
    return {**fields, "is_enterprise_install": "false", "response_url": response_url, "trigger_id": trigger_id()}


def find_element(message: Message, action_id: str, value: str | None, block_id: str | None) -> Pressed:
    """Return the thing in a message that a person presses, with its block and attachment.

    Raises:
        Refused: there is none with this action id, or it has no such value.
    """
    for block, element, attachment in elements(message):
        if element["action_id"] != action_id or block_id not in {None, block["block_id"]}:
            continue
        if element["type"] == "button" and value not in {None, element.get("value")}:
            continue
        return block, element, attachment
    raise Refused(f"The message {message.ts} has no {action_id!r} to press.")


def action_json(block: Json, element: Json, value: str | None, action_ts: str) -> Json:
    """Return the entry in `actions` for a pressed element.

    Raises:
        Refused: the chosen option does not exist, or this kind of element can't be used here.
    """
    kept = ("type", "action_id", "text", "value", "style", "url", "confirm", "placeholder", "initial_option")
    action = {"block_id": block["block_id"], **{k: element[k] for k in kept if k in element}, "action_ts": action_ts}
    if element["type"] == "button":
        return action
    if element["type"] not in {"overflow", "static_select", "radio_buttons"}:
        raise Refused(f"The sandbox can't use a {element['type']} in a message.")
    options = [*element.get("options", ()), *(o for g in element.get("option_groups", ()) for o in g["options"])]
    for option in options:
        if option.get("value") == value:
            return {**action, "selected_option": {"text": option["text"], "value": value}}
    raise Refused(f"{element['action_id']!r} has no option {value!r}.")


def block_actions(
    workspace: Workspace, user: User, message: Message, pressed: Pressed, value: str | None, url: str
) -> Json:
    """Return the payload for something pressed in a message.

    Raises:
        Refused: the chosen option does not exist.
    """
    block, element, attachment = pressed
    channel = workspace.channels[message.channel]
    action = action_json(block, element, value, workspace.next_ts(f"action {channel.id}"))
    state: dict[str, dict[str, Any]] = {}
    for at, other, _ in elements(message):
        if selected := STATEFUL.get(other["type"]):
            chosen = action.get(selected) if other is element else other.get(f"initial_{selected[9:]}")
            entry = {"type": other["type"], selected: chosen if chosen or selected[-1] != "s" else []}
            state.setdefault(at["block_id"], {})[other["action_id"]] = entry
    container = {"type": "message_attachment" if attachment else "message", "attachment_id": attachment}
    container |= {"message_ts": message.ts, "channel_id": channel.id, "thread_ts": message.thread_ts}
    container = {name: known for name, known in container.items() if known}
    payload: Json = {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM},
        "container": {**container, "is_ephemeral": message.only_for is not None},
        "channel": {"id": channel.id, "name": channel.shown_name},
        "state": {"values": state},
        "actions": [action],
    }
    payload |= {"api_app_id": APP, "token": TOKEN, "trigger_id": trigger_id(), "response_url": url}
    payload |= {"team": {"id": TEAM, "domain": TEAM_DOMAIN}, "enterprise": None, "is_enterprise_install": False}
    if message.only_for is None:
        payload["message"] = message_json(workspace, message)
    return payload


def event(kind: str, fields: Json, *, ts: str, at: float) -> Json:
    """Return the wrapper around an event of the Events API."""
    ends = kind in {"app_uninstalled", "tokens_revoked"}
    install = {
        "enterprise_id": None,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    wrapper: Json = {"type": "event_callback", "token": TOKEN, "team_id": TEAM, "api_app_id": APP}
    wrapper |= {"event_id": f"Ev{secrets.token_hex(5).upper()}", "event_time": int(at)}
    wrapper |= {"event": {"type": kind, **fields, **({} if ends else {"event_ts": ts})}}
    wrapper |= {"authorizations": [] if ends else [install], "is_ext_shared_channel": False}
    return {**wrapper, "context_team_id": TEAM, "context_enterprise_id": None}


def envelope(envelope_id: str, kind: str, payload: Json, *, retry_num: int) -> Json:
    """Return a payload as Socket Mode wraps it."""
    frame = {
        "envelope_id": envelope_id,
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind != "events_api",
    }
    if kind == "events_api":
        frame |= {"retry_attempt": retry_num, "retry_reason": "http_timeout" if retry_num else ""}
    return frame
