"""The web application in this process, with the real Bolt and no socket."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import h11
import httpx
from prometheus_client import CollectorRegistry

from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.slack.client import web_client
from bot.slack.listeners import Identity, build_bolt
from bot.web import Web
from bot.web.door import Connection
from tests.fakes import FakeClock

SECRET = "sandbox-secret"
RECORDINGS = Path(__file__).parents[1] / "recordings" / "slack"
FORM = "application/x-www-form-urlencoded"
BODY = urlencode({"command": "/track", "text": "list", "team_id": "T", "channel_id": "C", "user_id": "U"}).encode()


class Site:
    """The web application in this process, and what came through it."""

    def __init__(self, secret: str = SECRET) -> None:
        self.kept: list[InboxItem] = []
        self.reopened: list[Place] = []
        self.facts: dict[str, Any] = {"ready": True}
        self.registry = CollectorRegistry()
        self.identity = Identity("xoxb-sandbox-token")
        self.identity.user = "U0000BOT"
        bolt = build_bolt(
            client=web_client("xoxb-sandbox-token", "http://127.0.0.1:1/"),
            identity=self.identity,
            receive=self._receive,
            reopen=self._reopen,
            clock=FakeClock(),
        )
        self.web = Web(bolt=bolt, signing_secret=secret, health=self._health, registry=self.registry)
        self.wired: Wired
        self.client: httpx.AsyncClient

    async def _receive(self, item: InboxItem) -> bool:
        self.kept.append(item)
        return True

    async def _reopen(self, place: Place) -> None:
        self.reopened.append(place)

    async def _health(self) -> Mapping[str, Any]:
        return self.facts

    async def post(self, headers: Mapping[str, str], body: bytes | Iterable[bytes] = BODY) -> httpx.Response:
        """Send a body with these headers, as a form when they do not say."""
        content = body if isinstance(body, bytes) else _stream(body)
        return await self.client.post(
            "/slack/events", content=content, headers=dashed({"content_type": FORM, **headers})
        )

    def line(self) -> "Line":
        """Return a line to a new connection."""
        return Line(self.wired.door())

    def refusals(self) -> dict[str, float]:
        """Return how often a request went no further, by reason."""
        samples = next(one for one in self.registry.collect() if one.name == "waybill_refused").samples
        return {one.labels["reason"]: one.value for one in samples if one.name.endswith("_total")}

    async def signed(self, body: bytes = BODY, *, kind: str = FORM, age: float = 0) -> httpx.Response:
        return await self.post({"content_type": kind, **signature(body, age=age)}, body)


async def _stream(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def signature(body: bytes, *, age: float = 0, secret: str = SECRET, stamp: str | None = None) -> dict[str, str]:
    stamp = str(round(time.time() - age)) if stamp is None else stamp
    signed = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x_slack_request_timestamp": stamp, "x_slack_signature": f"v0={signed}"}


class Line(asyncio.Transport):
    """A line to a connection: what the connection writes is kept, and whether it reads and lives is known."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        self.written = bytearray()
        self.reads, self.ended = True, asyncio.Event()
        connection.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.connection.connection_lost(None)

    def is_closing(self) -> bool:
        return self.ended.is_set()

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def get_write_buffer_size(self) -> int:
        return 0

    def says(self, data: bytes) -> None:
        """Let the other side send bytes."""
        if not self.ended.is_set():
            self.connection.data_received(data)

    async def answer(self, method: str = "GET") -> httpx.Response:
        """Return the answer once it is whole."""
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method=method, target="/", headers=[("Host", "waybill.example")]))
        reader.send(h11.EndOfMessage())
        seen, status, headers, body = 0, 0, [], b""
        while True:
            event = reader.next_event()
            if isinstance(event, h11.Response):
                status, headers = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return httpx.Response(status, headers=headers, content=body)
            elif event is h11.NEED_DATA:
                new, seen = bytes(self.written[seen:]), len(self.written)
                if new or self.ended.is_set():
                    reader.receive_data(new)
                await asyncio.sleep(0)


class Wired(httpx.AsyncBaseTransport):
    """Sends each request over a line of its own."""

    def __init__(self, web: Web) -> None:
        self.door = web.door()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        line = Line(self.door())
        head = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
        head += [name + b": " + value for name, value in request.headers.raw]
        line.says(b"\r\n".join([*head, b"", b""]))
        chunked = "Transfer-Encoding" in request.headers
        stream: Any = request.stream
        async for part in stream:
            await asyncio.sleep(0)
            while not line.reads and not line.written:  # noqa: ASYNC110 - it waits for the loop, not for an event
                await asyncio.sleep(0)
            if line.written:
                break
            line.says(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        else:
            if chunked:
                line.says(b"0\r\n\r\n")
        try:
            return await line.answer(request.method)
        finally:
            line.close()


OneSite = TypeVar("OneSite", bound=Site)


@contextlib.asynccontextmanager
async def opened(site: OneSite) -> AsyncIterator[OneSite]:
    site.wired = Wired(site.web)
    async with httpx.AsyncClient(transport=site.wired, base_url="http://waybill.example") as client:
        site.client = client
        yield site
