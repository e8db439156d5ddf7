"""A Slack inside the simulation: it keeps the truth of what was posted, and answers as badly as it is told to."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.domain.records import Notification
from bot.services.telling import SETTLED_AFTER
from tests.faults.life import Life
from tests.faults.points import Points, said_here

TIME_LIMIT = 10.0
"""Seconds after which the bot's client gives a call up."""
LATEST_SEEN = max((SETTLED_AFTER.total_seconds() - TIME_LIMIT) / 2, 0.0)
"""A message is in the channel's history after so many seconds at the latest: half the quiet time."""
BUSY = {
    "429 whole": {"Retry-After": "3"},
    "429 absent": {},
    "429 text": {"Retry-After": "soon"},
    "429 negative": {"Retry-After": "-5"},
    "429 huge": {"Retry-After": "86400"},
    "429 broken": {"retry-after": "2.5e0"},
}
CODES = {
    "channel gone": "is_archived",
    "workspace gone": "token_revoked",
    "unknown code": "new_and_unheard_of",
    "internal error": "internal_error",
    "message gone": "message_not_found",
}


@dataclass(kw_only=True)
class Post:
    """A message as Slack has it. `answered` says that whoever posted it was told so, alive."""

    channel: str
    ts: str
    text: str
    kind: str
    stamp: str
    thread: str
    at: float
    seen_from: float
    by: Life
    rows: tuple[Notification, ...] = ()
    only_for: str = ""
    answered: bool = False
    texts: list[str] = field(default_factory=list)

    @property
    def everything(self) -> str:
        """Return all that ever stood in it."""
        return "\n".join([*self.texts, self.text])


@dataclass
class SimSlack:
    """What Slack holds; `fault` names what is wrong with it until `until`, by chance `often`."""

    luck: random.Random
    now: Callable[[], float]
    history: bool = True
    posts: list[Post] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    fault: str = ""
    until: float = 0.0
    often: float = 1.0
    refusals: Counter[str] = field(default_factory=Counter)

    def breaks(self, fault: str, seconds: float, often: float = 1.0) -> None:
        """Have this be wrong for so long."""
        self.fault, self.until, self.often = fault, self.now() + seconds, often

    def present_fault(self) -> str:
        """Return what is wrong with this call."""
        wrong = self.now() < self.until and self.luck.random() < self.often
        return self.fault if wrong else ""

    def find(self, channel: str, ts: str) -> Post | None:
        """Return a message."""
        return next((one for one in self.posts if (one.channel, one.ts) == (channel, ts)), None)

    def posted(self, channel: str, body: dict[str, Any], life: Life) -> Post:
        """Take a message in."""
        metadata = body.get("metadata") or {}
        late = self.luck.choice((0.0, 0.0, self.luck.uniform(0, LATEST_SEEN)))
        post = Post(
            channel=channel,
            ts=f"{1_700_000_000 + self.now():.6f}{len(self.posts) % 10}",
            text=_everything(body),
            kind=str(metadata.get("event_type", "")),
            stamp=str((metadata.get("event_payload") or {}).get("id", "")),
            thread=str(body.get("thread_ts") or ""),
            at=self.now(),
            seen_from=self.now() + late,
            by=life,
            rows=said_here() if body.get("thread_ts") or metadata else (),
            only_for=str(body.get("user") or ""),
        )
        self.posts.append(post)
        return post


class SimClient:
    """The SDK's client of one process: the same methods, no network."""

    def __init__(self, slack: SimSlack, life: Life, points: Points) -> None:
        self._slack = slack
        self._life = life
        self._points = points

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a method of Slack's Web API
        if name.startswith("_"):
            raise AttributeError(name)

        async def method(**args: Any) -> Any:  # noqa: ANN401 - the SDK's answer
            return await self._call(name.replace("_", ".", 1), args)

        return method

    async def _call(self, method: str, args: dict[str, Any]) -> Any:  # noqa: ANN401 - the SDK's answer
        slack, luck = self._slack, self._slack.luck
        self._life.alive()
        fault, began = slack.present_fault(), slack.now()
        if fault == "refused":
            raise aiohttp.ClientConnectorError(
                cast("Any", SimpleNamespace(host="slack", port=443, ssl=True)), OSError()
            )
        await asyncio.sleep(luck.uniform(0.01, 0.3))
        slack.refusals[fault] += bool(fault)
        if fault in BUSY:
            raise _refused(429, {"ok": False, "error": "ratelimited"}, BUSY[fault])
        to_person = str(args.get("channel", "")).startswith("U")  # whose own channel with us is never gone
        if (
            fault in CODES
            and (fault != "message gone" or method == "chat.update")
            and not (to_person and fault == "channel gone")
        ):
            raise _refused(200, {"ok": False, "error": CODES[fault]})
        post: Post | None = None
        data: Any = {"ok": True}
        taken = fault not in {"hang", "server fault", "reset"} or luck.random() < 0.6
        if taken:
            if fault == "hang":
                await asyncio.sleep(luck.uniform(0, TIME_LIMIT - 1))
            post, data = self._do(method, args)
        if method == "chat.postMessage" and taken:
            self._points.passing("slack.sent")
        await self._answer(fault, began)
        self._life.alive()
        if post:
            post.answered = True
        self._points.passing("slack.answered")
        if fault in {"wrong shape", "garbage"}:
            post = post and _unanswered(post)
            data = {"ok": True} if fault == "wrong shape" else ["no object"]
        return SimpleNamespace(data=data, status_code=200, headers={})

    async def _answer(self, fault: str, began: float) -> None:
        """Let the answer take its way, or get lost."""
        luck = self._slack.luck
        match fault:
            case "hang":
                await asyncio.sleep(max(began + TIME_LIMIT - self._slack.now(), 0.0))
                raise TimeoutError
            case "drip":
                await asyncio.sleep(TIME_LIMIT - 1)
            case "reset":
                raise aiohttp.ServerDisconnectedError
            case "server fault":
                raise _refused(503, "<html>")
            case "oversize":
                raise aiohttp.ClientPayloadError("too much")
            case _:
                await asyncio.sleep(luck.uniform(0.01, 0.3))

    def _do(self, method: str, args: dict[str, Any]) -> tuple[Post | None, dict[str, Any]]:
        channel = str(args.get("channel", ""))
        match method:
            case "chat.postMessage" | "chat.postEphemeral":
                post = self._slack.posted(channel, args, self._life)
                return post, {"ok": True, "ts": post.ts, "channel": channel, "message": {"ts": post.ts}}
            case "chat.update":
                found = self._slack.find(channel, str(args["ts"]))
                if found is None:
                    raise _refused(200, {"ok": False, "error": "message_not_found"})
                found.texts.append(found.text)
                found.text = _everything(args)
                return None, {"ok": True, "ts": found.ts}
            case "conversations.history" | "conversations.replies":
                if not self._slack.history:
                    raise _refused(200, {"ok": False, "error": "missing_scope"})
                return None, {"ok": True, "messages": self._seen(channel, str(args.get("ts", "")), args)}
            case _:
                return None, {"ok": True}

    def _seen(self, channel: str, thread: str, args: dict[str, Any]) -> list[dict[str, Any]]:
        oldest = float(args.get("oldest", 0) or 0) - 1e12 if thread else -1e12
        return [
            {
                "ts": one.ts,
                "text": one.text,
                "bot_id": "B0",
                "metadata": {"event_type": one.kind, "event_payload": {"id": one.stamp}} if one.kind else {},
            }
            for one in reversed(self._slack.posts)
            if one.channel == channel
            and one.thread == thread
            and not one.only_for
            and one.seen_from <= self._slack.now()
            and float(one.ts) > oldest
        ]


class SimHooks:
    """The session that answers go through to a response_url: Slack keeps which command was answered."""

    def __init__(self, slack: SimSlack, life: Life) -> None:
        self._slack = slack
        self._life = life

    @asynccontextmanager
    async def post(self, url: str, *, json: dict[str, Any], **_: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - an answer
        """Take an answer."""
        self._life.alive()
        fault = self._slack.present_fault()
        if fault == "refused":
            raise aiohttp.ClientConnectorError(
                cast("Any", SimpleNamespace(host="slack", port=443, ssl=True)), OSError()
            )
        await asyncio.sleep(self._slack.luck.uniform(0.01, 0.2))
        if fault == "hang":
            await asyncio.sleep(TIME_LIMIT)
            raise TimeoutError
        if fault == "reset":
            raise aiohttp.ServerDisconnectedError
        status = (
            200 if fault in {"", "drip", "wrong shape", "garbage", "oversize", "message gone", "channel gone"} else 503
        )
        self._life.alive()
        if status == 200:
            self._slack.answers[url.rsplit("/", 1)[-1]] += 1
            post = self._slack.posted(url, json, self._life)
            post.only_for = "whoever asked"
        yield SimpleNamespace(status=status, headers={})


def _unanswered(post: Post) -> Post:
    post.answered = False
    return post


def _everything(body: dict[str, Any]) -> str:
    return f"{body.get('text', '')}\n{json.dumps(list(body.get('blocks') or ()), ensure_ascii=False)}"


def _refused(status: int, data: object, headers: dict[str, str] | None = None) -> SlackApiError:
    return SlackApiError(  # type: ignore[no-untyped-call]  # the SDK has no types here
        "refused", cast("Any", SimpleNamespace(status_code=status, data=data, headers=headers or {}))
    )
