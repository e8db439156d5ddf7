"""The page's routes: the page itself, what it asks for as JSON, what people do in it, and its stream of news."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.page import render
from bot.sandbox.page.screen import MOST_CALLS, MOST_MESSAGES, Screen
from bot.sandbox.slack import Change, Delivery, Refused, Slack
from bot.sandbox.trackingmore import TrackingMore

Json = dict[str, Any]
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
BEAT = 1.0  # seconds between two looks at what changes by itself: the carriers, the bot's connection
LONGEST = 64 * 1024  # bytes of a body
FASTEST = 86_400.0  # carrier seconds a second
LONGEST_STEP = 366 * 86_400.0  # seconds


class Page:
    """The page over HTTP: `app` serves it, `close` ends its streams so that the server can stop."""

    def __init__(self, trackingmore: TrackingMore, slack: Slack) -> None:
        self.screen = Screen(trackingmore, slack)
        self._trackingmore, self._slack = trackingmore, slack
        self._stirred, self._closed = 0, False
        self._streams: set[asyncio.Queue[Change]] = set()
        posts: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "type": self._type,
            "press": self._press,
            "dismiss": self._dismiss,
            "clock": self._clock,
            "parcel": self._parcel,
            "fault": self._fault,
            "slack": self._channel,
        }
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/stream", self._stream),
                Route("/sandbox/state", self._state),
                Route("/sandbox/messages", self._messages),
                Route("/sandbox/calls", self._calls),
                Route("/sandbox/deliveries", self._deliveries),
                *(Route(f"/sandbox/{name}", self._taking(act), methods=["POST"]) for name, act in posts.items()),
                Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            ],
            middleware=[Middleware(_WithHeaders)],
        )

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for changes in self._streams:
            changes.put_nowait(Change(kind="channel", channel=""))

    # ── what is asked for ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _page(self, _: Request) -> Response:
        return HTMLResponse(render.page())

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self.screen.state(self.screen.person(request.query_params.get("user"))))

    async def _messages(self, request: Request) -> Response:
        user, channel = self.screen.person(request.query_params.get("user")), request.query_params.get("channel", "")
        if not self.screen.sees(user, channel):
            return JSONResponse({"error": f"{user} is not in {channel or 'any such channel'}."}, 404)
        found = self.screen.messages(
            channel, user, request.query_params.get("thread"), most=_most(request, MOST_MESSAGES)
        )
        return JSONResponse({"channel": channel, "messages": found})

    async def _calls(self, request: Request) -> Response:
        return JSONResponse(
            {"calls": self.screen.calls(request.query_params.get("service"), _most(request, MOST_CALLS))}
        )

    async def _deliveries(self, request: Request) -> Response:
        return JSONResponse({"deliveries": self.screen.deliveries(_most(request, MOST_CALLS))})

    async def _stream(self, request: Request) -> Response:
        user = self.screen.person(request.query_params.get("user"))
        return StreamingResponse(self.news(user), media_type="text/event-stream")

    async def news(self, user: str) -> AsyncIterator[str]:
        """Yield the state whenever it changes, and which channel's messages did."""
        changes: asyncio.Queue[Change] = asyncio.Queue()
        self._streams.add(changes)
        self._slack.subscribe(changes)
        told, stirred = "", -1
        try:
            while not self._closed:
                state = self.screen.state(user)
                looks = json.dumps(state | {"clock": {**state["clock"], "now": None}})
                if looks != told or stirred != self._stirred:
                    told, stirred = looks, self._stirred
                    yield f"event: state\ndata: {json.dumps(state)}\n\n"
                for channel in await self._changed(changes, user):
                    yield f'event: messages\ndata: {{"channel": "{channel}"}}\n\n'
        finally:
            self._slack.unsubscribe(changes)
            self._streams.discard(changes)

    async def _changed(self, changes: asyncio.Queue[Change], user: str) -> set[str]:
        """Return the channels in which this person sees a message differently now, after a beat at most."""
        found: list[Change] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT):
                found.append(await changes.get())
        while not changes.empty():
            found.append(changes.get_nowait())
        told = [one for one in found if one.only_for in {None, user}]
        return {one.channel for one in told if self.screen.sees(user, one.channel)}

    # ── what is done ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _taking(self, act: Callable[[Json], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
        """Return a route that takes JSON: other kinds are refused, which also keeps other sites' forms out."""

        async def take(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return JSONResponse({"error": "Send JSON, as application/json."}, 415)
            try:
                if int(request.headers.get("content-length", LONGEST + 1)) > LONGEST:
                    return JSONResponse({"error": f"Send a body of at most {LONGEST} bytes."}, 413)
                asked = json.loads(await request.body())
                answer = await act(asked)
            except Refused as refusal:
                return JSONResponse({"error": str(refusal)}, 409)
            except (ValueError, TypeError, LookupError) as error:
                return JSONResponse({"error": f"That was not understood: {error}"}, 400)
            self._stirred += 1
            self._wake()
            return JSONResponse({"ok": True} | answer)

        return take

    async def _type(self, asked: Json) -> Json:
        done = await self._slack.type(user=asked["user"], channel=asked["channel"], text=str(asked["text"]))
        return {"delivery": _taken(done)}

    async def _press(self, asked: Json) -> Json:
        done = await self._slack.press(
            user=asked["user"],
            channel=asked["channel"],
            ts=asked["ts"],
            action_id=asked["action_id"],
            value=asked.get("value"),
            block_id=asked.get("block_id") or None,
        )
        return {"delivery": _taken(done)} | ({"error": done.shown} if done.error else {})

    async def _dismiss(self, asked: Json) -> Json:
        message = self._slack.messages.get((asked["channel"], asked["ts"]))
        if message is None or message.only_for != asked["user"]:
            raise Refused("Only a message that nobody else sees can be dismissed.")
        self._slack.workspace.delete(message)
        return {}

    async def _clock(self, asked: Json) -> Json:
        clock = self._trackingmore.clock
        if "speed" in asked:
            clock.speed = _at_most(FASTEST, asked["speed"])
        if "step_seconds" in asked:
            clock.step(timedelta(seconds=_at_most(LONGEST_STEP, asked["step_seconds"])))
        if asked.get("pause"):
            clock.pause()
        if asked.get("resume"):
            clock.resume()
        return {"now": clock.now().isoformat(), "speed": clock.speed, "paused": clock.paused}

    async def _parcel(self, asked: Json) -> Json:
        acts = {
            "move": self._trackingmore.move,
            "finish": self._trackingmore.finish,
            "refresh": self._trackingmore.touch,
        }
        acts[asked["do"]](str(asked["number"]))
        return {}

    async def _fault(self, asked: Json) -> Json:
        self.screen.faults.set(str(asked["service"]), str(asked["name"]), asked["value"])
        return {}

    async def _channel(self, asked: Json) -> Json:
        user, channel = self.screen.person(asked.get("user")), asked["channel"]
        if asked["do"] == "unarchive":
            self._slack.unarchive(channel)
            return {}
        words = {"invite": "/invite @waybill", "remove": "/remove @waybill", "archive": "/archive"}[asked["do"]]
        return {"delivery": _taken(await self._slack.type(user=user, channel=channel, text=words))}


class _WithHeaders:
    """Adds what browsers must know of the page to each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def _most(request: Request, usual: int) -> int:
    """Return how many of the newest are wanted."""
    wanted = request.query_params.get("most", "")
    return min(int(wanted), 100_000) if wanted.isdecimal() else usual


def _at_most(most: float, value: object) -> float:
    number = float(str(value))
    if not 0 <= number <= most:
        raise ValueError(f"{number:g} is not between 0 and {most:g}.")
    return number


def _taken(done: Delivery) -> Json:
    return {
        "how": done.how,
        "failed": done.error,
        "shown": done.shown,
        "acked_in": done.acked_in,
        "ts": done.message.ts if done.message else None,
    }
