"""The state of the simulated workspace: people, channels, messages, and who is told when one changes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from bot.sandbox.slack.blocks import completed
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.limits import Limits
from bot.sandbox.slack.model import BOT_NAME, BOT_USER, SLACKBOT, ApiCall, Change, Channel, Json, Message, Refused, User

# What the app's manifest asks for, the optional scopes included.
GRANTED = ["commands", "chat:write", "channels:history", "groups:history", "channels:read", "groups:read"]


class Workspace:
    """Team T0SANDBOX with three people, the app's bot, and a channel of every kind."""

    def __init__(self, *, base_url: str, now: Callable[[], float]) -> None:
        self.base_url = base_url.rstrip("/")
        self.now = now
        self.scopes = list(GRANTED)
        self.faults, self.limits = Faults(), Limits(now=now)
        self.calls: list[ApiCall] = []
        self.messages_tab = True
        self.messages: dict[tuple[str, str], Message] = {}
        self._queues: set[asyncio.Queue[Change]] = set()
        self._last_micros: dict[str, int] = {}
        self._replies: dict[tuple[str, str], list[str]] = defaultdict(list)
        people = [
            User(id="U0ADA", name="ada", real_name="Ada Park"),
            User(id="U0BEN", name="ben", real_name="Ben Ode", tz="Europe/Berlin"),
            User(id="U0CHI", name="chi", real_name="Chi Lam", tz="America/New_York"),
        ]
        all_of_them = {person.id for person in people}
        people += [User(id=BOT_USER, name=BOT_NAME, real_name="Waybill", is_bot=True)]
        people += [User(id=SLACKBOT, name="slackbot", real_name="Slackbot")]
        self.users = {person.id: person for person in people}
        channels = [
            Channel(id="C0ORDERS", name="orders", kind="public", members={*all_of_them, BOT_USER}),
            Channel(id="C0RETURNS", name="returns", kind="public", members={*all_of_them, BOT_USER}),
            Channel(id="C0GENERAL", name="general", kind="public", members={*all_of_them}),
            Channel(id="G0DESK", name="desk", kind="private", members={"U0ADA", "U0BEN"}),
            Channel(id="D0ADA", name="", kind="im", members={"U0ADA", BOT_USER}),
            Channel(id="D0ADABEN", name="", kind="im", members={"U0ADA", "U0BEN"}),
        ]
        self.channels = {channel.id: channel for channel in channels}

    def next_ts(self, channel: str) -> str:
        """Return the time as `seconds.micros`, later than every ts given out in this channel before."""
        micros = max(int(self.now() * 1_000_000), self._last_micros.get(channel, 0) + 1)
        self._last_micros[channel] = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def tell(self, change: Change) -> None:
        """Put a change into every subscribed queue."""
        for queue in self._queues:
            queue.put_nowait(change)

    def subscribe(self, queue: asyncio.Queue[Change]) -> None:
        """Put every change from now on into this queue."""
        self._queues.add(queue)

    def unsubscribe(self, queue: asyncio.Queue[Change]) -> None:
        """Put no more changes into this queue."""
        self._queues.discard(queue)

    async def watch(self) -> AsyncIterator[Change]:
        """Yield every change from now on."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self.subscribe(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.unsubscribe(queue)

    def note_call(self, method: str, args: Json, error: str | None, status: int) -> None:
        """Keep what the app called and what came of it."""
        ok = error is None
        self.calls.append(ApiCall(method=method, args=args, ok=ok, error=error, status=status, at=self.now()))

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def post(self, message: Message) -> Message:
        """Store a message under a new ts, its blocks completed as Slack completes them."""
        blocks, attachments = completed(message.blocks), completed(message.attachments)
        message = replace(message, ts=self.next_ts(message.channel), blocks=blocks, attachments=attachments)
        self.messages[message.channel, message.ts] = message
        if message.thread_ts:
            self._replies[message.channel, message.thread_ts].append(message.ts)
        self.tell(Change(kind="posted", channel=message.channel, message=message, only_for=message.only_for))
        return message

    def say(self, user: str, channel: str, text: str, **fields: str | None) -> Message:
        """Post plain text for someone."""
        known: dict[str, Any] = {"channel": channel, "ts": "", "user": user, "text": text, **fields}
        return self.post(Message(**known))

    def change(self, message: Message, **fields: object) -> Message:
        """Store a message anew under its old ts."""
        known: dict[str, Any] = {
            name: completed(value) if name in {"blocks", "attachments"} else value for name, value in fields.items()
        }
        message = replace(message, **known)
        self.messages[message.channel, message.ts] = message
        self.tell(Change(kind="changed", channel=message.channel, message=message, only_for=message.only_for))
        return message

    def delete(self, message: Message) -> None:
        """Take a message away; the first of a thread leaves a tombstone, so that its replies keep their place."""
        if self.replies(message.channel, message.ts):
            empty: dict[str, Any] = {"blocks": [], "attachments": [], "metadata": None}
            self.change(message, text="This message was deleted.", user=SLACKBOT, subtype="tombstone", **empty)
            return
        del self.messages[message.channel, message.ts]
        self.tell(Change(kind="deleted", channel=message.channel, message=message, only_for=message.only_for))

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the replies in a thread that everybody sees, oldest first."""
        found = (self.messages.get((channel, reply)) for reply in self._replies[channel, ts])
        return [message for message in found if message and message.only_for is None]

    def visible(self, channel: str, user: str) -> list[Message]:
        """Return what a person sees in a channel outside its threads, oldest first."""
        return [m for m in self._in(channel) if (m.thread_ts is None or m.broadcast) and m.only_for in {None, user}]

    def thread(self, channel: str, ts: str, user: str) -> list[Message]:
        """Return what a person sees of a thread, the message it hangs on first."""
        return [m for m in self._in(channel) if ts in {m.ts, m.thread_ts} and m.only_for in {None, user}]

    def _in(self, channel: str) -> list[Message]:
        return [m for m in self.messages.values() if m.channel == channel]

    # ── channels ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def direct(self, user: str) -> Channel:
        """Return the direct message between the bot and a person, opened if need be."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == {user, BOT_USER}:
                return channel
        channel = Channel(id=f"D{user[1:]}", name="", kind="im", members={user, BOT_USER})
        self.channels[channel.id] = channel
        self.tell(Change(kind="channel", channel=channel.id))
        return channel

    def enter(self, user: str, channel: str) -> Channel:
        """Return the channel that a person types in.

        Raises:
            Refused: there is no such channel for them, or it is archived.
        """
        found = self.channels.get(channel)
        if found is None or user not in found.members:
            raise Refused(f"{user} is not in {channel}.")
        if found.is_archived:
            raise Refused(f"#{found.name} is archived: nobody can write there.")
        return found

    def invite(self, user: str, channel: str, *, by: str = "U0ADA") -> None:
        """Add a person, or the bot, to a channel."""
        self._move(user, channel, by=by, leaves=False)

    def remove(self, user: str, channel: str, *, by: str = "U0ADA") -> None:
        """Take a person, or the bot, out of a channel."""
        self._move(user, channel, by=by, leaves=True)

    def _move(self, user: str, channel: str, *, by: str, leaves: bool) -> None:
        members = self.channels[channel].members
        if (user in members) is not leaves:
            return
        if leaves:
            members.remove(user)
            self.say(user, channel, f"was removed from the channel by <@{by}>", subtype="channel_leave")
        else:
            members.add(user)
            self.say(user, channel, f"was added to the channel by <@{by}>", subtype="channel_join")
        self.tell(Change(kind="channel", channel=channel))

    def archive(self, channel: str, *, archived: bool) -> None:
        """Archive a channel, or bring it back."""
        self.channels[channel].is_archived = archived
        self.tell(Change(kind="channel", channel=channel))

    def rename(self, channel: str, name: str) -> None:
        """Give a channel another name."""
        self.channels[channel].name = name
        self.tell(Change(kind="channel", channel=channel))

    def change_id(self, old: str, new: str) -> None:
        """Give a channel another id, as Slack does when a private channel becomes shared."""
        channel = self.channels.pop(old)
        channel.id = new
        self.channels[new] = channel
        self._last_micros[new] = self._last_micros.get(old, 0)
        for message in self._in(old):
            del self.messages[old, message.ts]
            self.messages[new, message.ts] = replace(message, channel=new)
            self._replies[new, message.ts] = self._replies.pop((old, message.ts), [])
        self.tell(Change(kind="channel", channel=new))
