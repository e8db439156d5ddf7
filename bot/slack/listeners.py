"""The one module that knows Bolt: keep what comes in, then acknowledge. The work is done from the inbox."""

import html
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import InboxFull
from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.ports import Clock

logger = logging.getLogger(__name__)

NOT_KEPT = "I could not keep this request, so nothing was done. Please try again in a minute."
Payload = Mapping[str, Any]
Receive = Callable[[InboxItem], Awaitable[bool]]
Reopen = Callable[[Place], Awaitable[None]]
Gone = Callable[[str, str], Awaitable[None]]
"""Called with a workspace that lets us in no longer, and Slack's word for why."""
_ANYTHING = re.compile(".*", re.DOTALL)


class Identity:
    """Who the bot is in its workspace, once Slack has said so; unknown until then, and nothing waits for it."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.team = self.bot = self.user = ""

    def result(self) -> AuthorizeResult:
        """Return what Bolt wants to know of each request, from memory: an acknowledgement never waits for Slack."""
        return AuthorizeResult(
            enterprise_id=None,
            team_id=self.team or None,
            bot_token=self._token,
            bot_id=self.bot or "B0",
            bot_user_id=self.user or "U0",
        )


def build_bolt(
    *,
    client: AsyncWebClient,
    identity: Identity,
    receive: Receive,
    reopen: Reopen,
    clock: Clock,
    gone: Gone | None = None,
) -> AsyncApp:
    """Return Bolt with one listener for each kind of request; what a request means is found out later.

    `process_before_response` is right here: a listener only appends and acknowledges.
    """

    async def authorize() -> AuthorizeResult:
        return identity.result()

    bolt = AsyncApp(
        client=client,
        signing_secret="-",  # nosec B106 # noqa: S106 - who asks is known before Bolt is asked
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        raise_error_for_unhandled_request=False,
    )

    async def kept(item: InboxItem) -> bool:
        try:
            await receive(item)
        except InboxFull as full:
            logger.warning("a request was not taken", extra={"why": str(full)})
            return False
        except Exception:
            # Whatever it is, it must not take the answer with it.
            logger.exception("a request could not be kept")
            return False
        return True

    @bolt.command(_ANYTHING)
    async def on_command(ack: Callable[..., Awaitable[Any]], body: Payload) -> None:
        await (ack() if await kept(read_command(body, clock, home=identity.team)) else ack(NOT_KEPT))

    @bolt.action(_ANYTHING)
    async def on_action(ack: Callable[..., Awaitable[Any]], body: Payload) -> BoltResponse | None:
        item = read_press(body, clock, home=identity.team)
        if item and not await kept(item):
            return BoltResponse(status=503)  # Slack shows no text after a press; without an acknowledgement it warns
        await ack()
        return None

    _hear_events(bolt, identity, reopen, gone)
    _acknowledge_the_rest(bolt)
    return bolt


def _hear_events(bolt: AsyncApp, identity: Identity, reopen: Reopen, gone: Gone | None) -> None:
    """Let it be known where we are invited, and who takes us out."""

    @bolt.event(_ANYTHING)
    async def on_event(event: Payload, body: Payload) -> BoltResponse | None:
        if event.get("type") == "member_joined_channel" and event.get("user") == identity.user != "":
            await reopen(Place(_text(body.get("team_id")), _text(event.get("channel"))))
        if gone and _lets_us_in_no_longer(event):
            try:
                await gone(_text(body.get("team_id")), _text(event.get("type")))
            except Exception:
                logger.exception("an event could not be kept")
                return BoltResponse(status=503)  # Slack says it again
        return None


def _acknowledge_the_rest(bolt: AsyncApp) -> None:
    """Take what the app has no use for yet, so that nobody waits for an answer that does not come."""

    @bolt.shortcut(_ANYTHING)
    @bolt.view(_ANYTHING)
    async def on_nothing_of_ours(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack()

    @bolt.options(_ANYTHING)
    async def on_type_ahead(ack: Callable[..., Awaitable[Any]]) -> None:
        await ack(options=[])


def _lets_us_in_no_longer(event: Payload) -> bool:
    """Return whether the app was taken out of the workspace, or the bot's own token was taken back."""
    if event.get("type") == "app_uninstalled":
        return True
    tokens = _object(event.get("tokens"))
    return event.get("type") == "tokens_revoked" and bool(tokens.get("bot"))


def read_command(body: Payload, clock: Clock, *, home: str = "") -> InboxItem:
    """Read a slash command. Slack's payloads say team; only this module does too."""
    return InboxItem(
        workspace=_text(body.get("team_id")),
        delivery=_text(body.get("trigger_id")) or _text(body.get("response_url")),
        channel=_text(body.get("channel_id")),
        channel_name=_text(body.get("channel_name")),
        user=_text(body.get("user_id")),
        words=_text(body.get("text")),
        response_url=_text(body.get("response_url")),
        stranger=bool(home) and _text(body.get("team_id")) != home,
        received_at=clock.now(),
    )


def read_press(body: Payload, clock: Clock, *, home: str = "") -> InboxItem | None:
    """Read a pressed button or a chosen menu line; None when it carries no words (a link, a foreign element)."""
    actions = body.get("actions")
    action = _object(actions[0] if isinstance(actions, list) and actions else None)
    words = _text(action.get("value")) or _text(_object(action.get("selected_option")).get("value"))
    if not words:
        return None
    container, user, channel = (_object(body.get(name)) for name in ("container", "user", "channel"))
    private = bool(container.get("is_ephemeral"))
    return InboxItem(
        workspace=_text(_object(body.get("team")).get("id")) or _text(user.get("team_id")),
        delivery=_text(body.get("trigger_id")) or f"{_text(user.get('id'))}:{_text(action.get('action_ts'))}",
        channel=_text(channel.get("id")) or _text(container.get("channel_id")),
        channel_name=_text(channel.get("name")),
        user=_text(user.get("id")),
        words=html.escape(words, quote=False),  # typed words arrive escaped; a button's do not
        response_url=_text(body.get("response_url")),
        card="" if private else _text(container.get("message_ts")),
        private=private,
        stranger=_is_stranger(body, home),
        received_at=clock.now(),
    )


def _is_stranger(body: Payload, home: str) -> bool:
    """Return whether who pressed is of another workspace: Slack names theirs beside them in shared channels."""
    team, org = (_text(_object(body.get(name)).get("id")) for name in ("team", "enterprise"))
    theirs = _text(_object(body.get("user")).get("team_id"))
    return any(one not in {"", org, home or team} for one in (team, theirs))


def _object(value: object) -> Payload:
    """Return the value if it is an object: whoever reads it finds nothing in any other."""
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return the value if it is text, without the half characters that no file can hold."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
