"""The simulated Slack as a whole: what people do in it, and what it serves to the app."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from bot.sandbox.slack import payloads
from bot.sandbox.slack.delivery import Deliverer, Post, post_over_http
from bot.sandbox.slack.model import BOT_NAME, BOT_USER, SLACKBOT, TEAM, Change, Channel, Delivery, Failed, Refused, User
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.typed import escaped, with_entities
from bot.sandbox.slack.web_api import WebApi
from bot.sandbox.slack.workspace import Workspace


class Slack:
    """A workspace to mount at `/slack`: people type and press, the app answers over the Web API.

    Deliveries go signed to the request URL when there is one, else over the app's sockets. `calls` and `deliveries`
    keep all that went either way. `faults`, `limits`, `commands`, `should_escape` and `events` (those the app listens
    to) may change at any time; so may the list `scopes`, in place.
    """

    def __init__(
        self,
        *,
        bot_token: str = "xoxb-sandbox-0001",  # noqa: S107 - made up, and of no use elsewhere
        app_token: str = "xapp-sandbox-0001",  # noqa: S107 - the same
        signing_secret: str = "sandbox-secret-0001",  # noqa: S107 - the same
        request_url: str | None = None,
        base_url: str = "http://127.0.0.1:8808/slack",
        now: Callable[[], float] = time.time,
        post: Post = post_over_http,
    ) -> None:
        if not (bot_token.startswith("xoxb-sandbox-") and app_token.startswith("xapp-sandbox-")):
            raise ValueError("The sandbox takes tokens that start with xoxb-sandbox- and xapp-sandbox- only.")
        self.workspace = Workspace(base_url=base_url, now=now)
        self.users, self.channels = self.workspace.users, self.workspace.channels
        self.messages, self.calls = self.workspace.messages, self.workspace.calls
        self.faults, self.limits, self.scopes = self.workspace.faults, self.workspace.limits, self.workspace.scopes
        self.watch, self.subscribe = self.workspace.watch, self.workspace.subscribe
        self.unsubscribe = self.workspace.unsubscribe
        self.visible, self.thread = self.workspace.visible, self.workspace.thread
        self.invite, self.remove, self.rename = self.workspace.invite, self.workspace.remove, self.workspace.rename
        self.archive = partial(self.workspace.archive, archived=True)
        self.unarchive = partial(self.workspace.archive, archived=False)
        self.deliveries: list[Delivery] = []
        self.commands, self.events = {"/track"}, {"member_joined_channel"}
        self.should_escape = True
        self.sockets = Sockets(self.workspace)
        self.deliverer = Deliverer(
            self.workspace, sockets=self.sockets, signing_secret=signing_secret, request_url=request_url, post=post
        )
        self._response_urls = ResponseUrls(self.workspace)
        opened = self.sockets.open_connection
        api = WebApi(self.workspace, bot_token=bot_token, app_token=app_token, opened=opened)
        self.app = Starlette(
            routes=[
                Route("/api/{method}", api.handle, methods=["GET", "POST"]),
                Route("/{kind:str}/{team}/{number}/{secret}", self._response_urls.handle, methods=["POST"]),
                WebSocketRoute("/link", self.sockets.handle),
            ]
        )

    # ── what people do ────────────────────────────────────────────────────────────────────────────────────────────────

    async def type(self, *, user: str, channel: str, text: str, thread_ts: str | None = None) -> Delivery:
        """Send what a person typed: a command to the app or to Slack itself, else a message.

        Raises:
            Refused: the person is not in the channel, or it is archived.
        """
        place = self.workspace.enter(user, channel)
        person = self.users[user]
        delivery = Delivery(kind="message", payload={}, at=self.workspace.now())
        entities = with_entities(self.workspace, person, text)
        if not text.startswith("/"):
            delivery.message = self.workspace.say(user, channel, entities, thread_ts=thread_ts)
            return delivery
        shown = entities if self.should_escape else escaped(text)
        command, *rest = shown.split(maxsplit=1)
        if command in {"/invite", "/remove", "/kick", "/archive"}:
            return await self._do_itself(command, " ".join(rest), person, place)
        if command not in self.commands:
            self._complain(delivery, f"{command} is not a valid command.", person, channel, thread_ts)
        elif thread_ts:
            self._complain(delivery, f"{command} is not supported in threads. Sorry!", person, channel, thread_ts)
        else:
            url = self._response_urls.make("commands", user=user, channel=channel)
            delivery.kind = "slash_commands"
            delivery.payload = payloads.slash_command(person, place, command, "".join(rest).strip(), url)
            await self._deliver(delivery)
            if delivery.error is None:
                self._show_ack(delivery, shown)
            if delivery.error:
                self._complain(delivery, f'{command} failed with the error "{delivery.error}"', person, channel)
        return delivery

    async def press(
        self, *, user: str, channel: str, ts: str, action_id: str, value: str | None = None, block_id: str | None = None
    ) -> Delivery:
        """Press a button, or choose the option `value` of an overflow or select, in a message that the person sees.

        Raises:
            Refused: they see no such message, or it has no such thing to press.
        """
        self.workspace.enter(user, channel)
        message = self.messages.get((channel, ts))
        if message is None or message.only_for not in {None, user}:
            raise Refused(f"{user} sees no message {ts} in {channel}.")
        pressed = payloads.find_element(message, action_id, value, block_id)
        url = self._response_urls.make("actions", user=user, channel=channel, message=message)
        payload = payloads.block_actions(self.workspace, self.users[user], message, pressed, value, url)
        delivery = Delivery(kind="interactive", payload=payload, at=self.workspace.now())
        await self._deliver(delivery)
        if delivery.error:
            text = delivery.shown = f'{BOT_NAME} did not answer: "{delivery.error}"'
            failed = Change(kind="ack_error", channel=channel, message=message, only_for=user, text=text)
            self.workspace.tell(failed)
        return delivery

    async def send_event(self, kind: str, **fields: object) -> Delivery:
        """Send an event such as `member_joined_channel`, with the fields it has."""
        now = self.workspace.now()
        payload = payloads.event(kind, fields, ts=self.workspace.next_ts("events"), at=now)
        delivery = Delivery(kind="events_api", payload=payload, at=now)
        await self._deliver(delivery)
        return delivery

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Send the same thing once more, as Slack does when it thinks that the first did not arrive."""
        again = replace(delivery, retry_num=delivery.retry_num + 1, status=None, acked_in=None, ack=None, error=None)
        await self._deliver(again)
        return again

    # ── how it is done ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self, delivery: Delivery) -> None:
        delivery.envelope_id = delivery.envelope_id or str(uuid.uuid4())
        self.deliveries.append(delivery)
        await self.deliverer.deliver(delivery)

    def _show_ack(self, delivery: Delivery, typed: str) -> None:
        answer = delivery.ack if isinstance(delivery.ack, dict) else {"text": delivery.ack}
        user, channel = delivery.payload["user_id"], delivery.payload["channel_id"]
        if answer.get("response_type") == "in_channel":
            self.workspace.say(user, channel, typed)
        if any(answer.get(name) for name in ("text", "blocks", "attachments")):
            try:
                delivery.message = self._response_urls.show(answer, user=user, channel=channel)
                delivery.shown = delivery.message.text
            except Failed:
                delivery.error = "cannot_parse_response"

    def _complain(self, delivery: Delivery, text: str, user: User, channel: str, thread_ts: str | None = None) -> None:
        delivery.shown = text
        delivery.message = self.workspace.say(SLACKBOT, channel, text, only_for=user.id, thread_ts=thread_ts)

    async def _do_itself(self, command: str, who: str, user: User, channel: Channel) -> Delivery:
        """Do what Slack's own commands do; tell the app if it is or was in the channel and listens to such events."""
        told = BOT_USER in channel.members
        kind, fields = f"{'channel' if channel.kind == 'public' else 'group'}_archive", {"user": user.id}
        if command == "/archive":
            self.archive(channel.id)
        else:
            found = next((u for u in self.users.values() if who in {f"@{u.name}", f"<@{u.id}|{u.name}>"}), None)
            if found is None or channel.kind == "im":
                delivery = Delivery(kind="message", payload={}, at=self.workspace.now())
                self._complain(delivery, f"{command} needs the name of a person, in a channel.", user, channel.id)
                return delivery
            fields = {"user": found.id, "channel_type": "C" if channel.kind == "public" else "G", "team": TEAM}
            if command == "/invite":
                self.invite(found.id, channel.id, by=user.id)
                kind, fields = "member_joined_channel", {**fields, "inviter": user.id}
            else:
                self.remove(found.id, channel.id, by=user.id)
                kind = "member_left_channel"
        if kind in self.events and (told or BOT_USER in channel.members):
            return await self.send_event(kind, channel=channel.id, **fields)
        return Delivery(kind="message", payload={}, at=self.workspace.now())
