"""What a person sees of the sandbox, as JSON: the workspace with its messages, and the panel of the carriers."""

from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.page import render
from bot.sandbox.page.switches import Faults
from bot.sandbox.slack import Channel, Message, Slack
from bot.sandbox.slack.model import BOT_USER, SLACKBOT
from bot.sandbox.trackingmore import ParcelView, TrackingMore

Json = dict[str, Any]
MOST_MESSAGES, MOST_CALLS, MOST_PARCELS = 200, 40, 200
TAKEN = {200, 201}  # TrackingMore did what was asked
CLOSE = 300.0  # seconds within which a person's next words need no new name above them
WORDS = {
    "pending": "Not looked at yet",
    "notfound": "Not found yet",
    "transit": "In transit",
    "pickup": "Out for delivery or waiting",
    "delivered": "Delivered",
    "undelivered": "Delivery failed",
    "exception": "Exception",
    "expired": "Expired",
}
COMMANDS = {
    "/track add": 'a number, then "a title", order:1042 or the carrier',
    "/track status": "this channel, or one parcel",
    "/track list": "what this channel follows",
    "/track refresh": "ask the carrier now",
    "/track mark": "delivered or exception, then the parcel",
    "/track restore": "take a mark away",
    "/track archive": "stop following",
    "/track unarchive": "follow again",
    "/track delete": "remove it for all channels",
    "/track subscribe": "quiet, essentials or everything",
    "/track quota": "what is left",
    "/track help": "all there is",
    "/invite @waybill": "bring Waybill into this channel",
}


class Screen:
    """The sandbox as one person sees it; all is read when it is asked for."""

    def __init__(self, trackingmore: TrackingMore, slack: Slack) -> None:
        self.trackingmore, self.slack = trackingmore, slack
        self.faults = Faults(trackingmore, slack)

    @property
    def people(self) -> dict[str, str]:
        """Return the names that people are called by."""
        return {user.id: user.real_name.split()[0] for user in self.slack.users.values()}

    def person(self, user: str | None) -> str:
        """Return that person's id, or the first one's if there is no such person."""
        people = [one.id for one in self.slack.users.values() if not one.is_bot and one.id != SLACKBOT]
        return user if user in people else people[0]

    def sees(self, user: str, channel: str) -> bool:
        """Return whether a person is in a conversation."""
        return channel in self.slack.channels and user in self.slack.channels[channel].members

    # ── the whole, without its messages ───────────────────────────────────────────────────────────────────────────────

    def state(self, user: str) -> Json:
        """Return what surrounds the messages: people, channels, the bot, the clock, parcels and faults."""
        clock = self.trackingmore.clock
        mine = [channel for channel in self.slack.channels.values() if user in channel.members]
        return {
            "users": [
                {"id": one.id, "name": self.people[one.id], "full_name": one.real_name}
                for one in self.slack.users.values()
                if self.person(one.id) == one.id
            ],
            "channels": [self._channel(channel, user) for channel in mine],
            "bot": self._bot(),
            "commands": [{"usage": usage, "summary": summary} for usage, summary in COMMANDS.items()],
            "clock": {"now": clock.now().isoformat(), "speed": clock.speed, "paused": clock.paused},
            "quota": f"{self.trackingmore.quota.left:g}",
            "parcels": [_parcel(view) for view in self.trackingmore.parcels()[:MOST_PARCELS]],
            "faults": self.faults.shown(),
        }

    def _channel(self, channel: Channel, user: str) -> Json:
        others = [self.people[member] for member in sorted(channel.members - {user}) if member in self.people]
        seen = [one.ts for one in self.slack.visible(channel.id, user) if one.only_for is None and one.user != user]
        kind = {"im": "direct", "mpim": "direct", "private": "private"}.get(channel.kind, "channel")
        direct = kind == "direct"
        faces = [self._avatar(member) for member in sorted(channel.members - {user})]
        return {
            "id": channel.id,
            "name": ", ".join(others) if direct else channel.name,
            "kind": kind,
            "sign": ("" if BOT_USER in channel.members else others[0][:1])
            if direct
            else "#"
            if kind == "channel"
            else "",
            "avatar": faces[0] if direct else "",
            "topic": "" if direct else ", ".join([self.people[user], *others]),
            "archived": channel.is_archived,
            "has_bot": BOT_USER in channel.members,
            "latest": seen[-1] if seen else "",
        }

    def _avatar(self, user: str) -> str:
        one = self.slack.users[user]
        return "app" if one.is_bot else f"a{list(self.slack.users).index(user) % 5}"

    def _bot(self) -> Json:
        url, sockets = self.slack.deliverer.request_url, len(self.slack.sockets)
        unreached = any(one.error == "dispatch_failed" for one in self.slack.deliveries[-1:])
        if url:
            words = f"No answer at {url}" if unreached else f"Slack posts to {url}"
            return {"connected": not unreached, "how": "http", "words": words}
        if sockets:
            return {"connected": True, "how": "socket", "words": "Waybill is connected by Socket Mode"}
        return {"connected": False, "how": "none", "words": "Waybill is not connected"}

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def messages(self, channel: str, user: str, thread: str | None = None, *, most: int = MOST_MESSAGES) -> list[Json]:
        """Return what a person sees in a channel or in one thread, oldest first, each with its HTML."""
        found = self.slack.thread(channel, thread, user) if thread else self.slack.visible(channel, user)
        replies: defaultdict[str | None, list[str]] = defaultdict(list)
        for one in self.slack.messages.values():
            if one.channel == channel and one.thread_ts and one.only_for is None:
                replies[one.thread_ts].append(one.ts)
        viewer = render.Viewer(
            user=user,
            people=self.people,
            channels={one.id: one.name for one in self.slack.channels.values() if one.name},
        )
        out: list[Json] = []
        before: Message | None = None
        for one in found[-most:]:
            told = replies.get(one.ts, [])
            out.append(self._message(one, viewer, told, thread, compact=_goes_on(before, one)))
            before = one
        return out

    def _message(
        self, one: Message, viewer: render.Viewer, replies: list[str], thread: str | None, *, compact: bool
    ) -> Json:
        parent = self.slack.messages.get((one.channel, one.thread_ts or ""))
        name = self.people.get(one.user, one.user)
        blocks = one.blocks + [block for attached in one.attachments for block in attached.get("blocks", [])]
        html = render.message(
            {
                "ts": one.ts,
                "name": name,
                "initial": "" if one.by_bot else name[:1],
                "avatar": self._avatar(one.user),
                "app": one.by_bot,
                "summary": render.summary(one.text, viewer),
                "text": one.text,
                "blocks": blocks,
                "edited": one.edited is not None,
                "ephemeral": one.only_for is not None,
                "broadcast": one.broadcast,
                "thread_ts": one.thread_ts,
                "parent": render.summary(parent.text, viewer) if parent else "",
                "in_thread": thread is not None,
                "replies": len(replies),
                "last_reply": max(replies, default=""),
                "compact": compact,
            },
            viewer,
        )
        return {
            "ts": one.ts,
            "user": one.user,
            "name": name,
            "text": one.text,
            "blocks": blocks,
            "thread_ts": one.thread_ts,
            "broadcast": one.broadcast,
            "ephemeral": one.only_for is not None,
            "replies": len(replies),
            "html": html.strip(),
        }

    # ── what went over the wire ───────────────────────────────────────────────────────────────────────────────────────

    def calls(self, service: str | None, most: int = MOST_CALLS) -> list[Json]:
        """Return the calls that came in at one service or at both, the newest first."""
        provider: list[Json] = [
            {
                "service": "TrackingMore",
                "name": str(n),
                "at": _time(call.at),
                "what": f"{call.operation.partition(' ')[0]} {call.path}",
                "ok": call.code in TAKEN,
                "answer": str(call.code or call.http or "cut off"),
                "details": {"operation": call.operation, "query": call.query, "body": call.body},
            }
            for n, call in list(enumerate(self.trackingmore.calls))[-most:]
        ]
        slack: list[Json] = [
            {
                "service": "Slack",
                "name": str(n),
                "at": _time(call.at),
                "what": call.method,
                "ok": call.ok,
                "answer": call.error or ("ok" if call.ok else str(call.status)),
                "details": call.args,
            }
            for n, call in list(enumerate(self.slack.calls))[-most:]
        ]
        return [one for one in provider[::-1] + slack[::-1] if service in {None, one["service"].lower()}]

    def deliveries(self, most: int = MOST_CALLS) -> list[Json]:
        """Return what was sent to the app and how it took it, the newest first."""
        kept = ("kind", "how", "at", "envelope_id", "status", "acked_in", "error", "shown", "retry_num")
        return [{name: getattr(one, name) for name in kept} for one in self.slack.deliveries[: -most - 1 : -1]]


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _parcel(view: ParcelView) -> Json:
    hours = view.next_in.total_seconds() / 3600 if view.next_in else None
    facts = asdict(view)
    del facts["next_in"], facts["refreshed_at"]
    return facts | {
        "words": WORDS.get(view.status, view.status),
        "next": "" if hours is None else f"next scan in {hours:.0f} h" if hours >= 1 else "next scan within 1 h",
    }


def _goes_on(before: Message | None, one: Message) -> bool:
    """Return whether a person's words follow their own so closely that their name need not be repeated."""
    return (
        before is not None
        and (before.user, before.only_for) == (one.user, one.only_for)
        and not one.broadcast
        and not before.blocks
        and not one.blocks
        and float(one.ts) - float(before.ts) < CLOSE
    )
