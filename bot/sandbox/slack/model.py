"""What a simulated workspace consists of, and what is kept of what happened in it."""

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

TEAM, TEAM_NAME, TEAM_DOMAIN = "T0SANDBOX", "Sandbox", "sandbox"
APP, BOT, BOT_USER, BOT_NAME = "A0WAYBILL", "B0WAYBILL", "U0WAYBILL", "waybill"
SLACKBOT = "USLACKBOT"
TEAM_JSON: Json = {"id": TEAM, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}
BOT_JSON: Json = {"id": BOT, "user_id": BOT_USER, "app_id": APP, "name": BOT_NAME, "deleted": False, "icons": {}}
BOT_JSON["updated"] = 1_700_000_000


class Refused(Exception):
    """Slack's own client would not let a person do this; the text says why."""


class Failed(Exception):
    """A method of the Web API answers `ok: false`."""

    def __init__(self, error: str, **details: object) -> None:
        super().__init__(error)
        self.error = error
        self.details = details


def missing(name: str) -> Failed:
    """Return Slack's answer to a call without an argument that it needs."""
    return Failed("invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person in the workspace, or a bot."""

    id: str
    name: str
    real_name: str
    tz: str = "Europe/London"
    is_bot: bool = False


@dataclass(slots=True, kw_only=True)
class Channel:
    """A conversation: a public or private channel, a direct message (`im`) or a group one (`mpim`)."""

    id: str
    name: str
    kind: Literal["public", "private", "im", "mpim"]
    members: set[str]
    is_archived: bool = False
    is_ext_shared: bool = False
    restricted: str | None = None
    """The error code that posts get here, such as `restricted_action_read_only_channel`."""

    @property
    def scope(self) -> str:
        """The first half of the scopes for this kind of conversation, such as `groups` of `groups:read`."""
        return {"public": "channels", "private": "groups"}.get(self.kind, self.kind)

    @property
    def shown_name(self) -> str:
        """The name that a slash command is told."""
        return {"public": self.name, "private": "privategroup", "im": "directmessage"}.get(self.kind, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it stands; a change makes a new one with the same channel and ts."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    only_for: str | None = None
    edited: str | None = None
    metadata: Json | None = None
    subtype: str | None = None

    @property
    def by_bot(self) -> bool:
        """Whether the app wrote it."""
        return self.user == BOT_USER


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that people see differently now."""

    kind: Literal["posted", "changed", "deleted", "ack_error", "channel"]
    channel: str
    message: Message | None = None
    only_for: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A call of the Web API, or a post to a response_url (method `response_url`)."""

    method: str
    args: Json
    ok: bool
    error: str | None
    status: int
    at: float


@dataclass(slots=True, kw_only=True)
class Delivery:
    """Something sent to the app, and how the app took it.

    `error` is Slack's code (`operation_timeout`, `dispatch_failed`, `http_service_error` …), `shown` what the person
    saw at once; `how` is `none` when there was no request URL and no socket.
    """

    kind: Literal["slash_commands", "interactive", "events_api", "message"]
    payload: Json
    at: float
    how: Literal["http", "socket", "none"] = "none"
    envelope_id: str = ""
    status: int | None = None
    acked_in: float | None = None
    ack: object = None
    error: str | None = None
    shown: str | None = None
    retry_num: int = 0
    message: Message | None = None
