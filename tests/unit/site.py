"""The web application in this process, with the real Bolt and no socket."""

import contextlib
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
from prometheus_client import CollectorRegistry

from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.slack.listeners import Identity, build_bolt
from bot.slack.messenger import web_client
from bot.web import build_web
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
            signing_secret=secret,
            identity=self.identity,
            receive=self._receive,
            reopen=self._reopen,
            clock=FakeClock(),
        )
        self.app = build_web(bolt=bolt, signing_secret=secret, health=self._health, registry=self.registry)
        self.client: httpx.AsyncClient

    async def _receive(self, item: InboxItem) -> bool:
        self.kept.append(item)
        return True

    async def _reopen(self, place: Place) -> None:
        self.reopened.append(place)

    async def _health(self) -> Mapping[str, Any]:
        return self.facts

    async def post(self, headers: Mapping[str, str], body: bytes | Iterable[bytes] = BODY) -> httpx.Response:
        """Send a body with these headers."""
        content = body if isinstance(body, bytes) else _stream(body)
        return await self.client.post("/slack/events", content=content, headers=dashed(headers))

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


OneSite = TypeVar("OneSite", bound=Site)


@contextlib.asynccontextmanager
async def opened(site: OneSite) -> AsyncIterator[OneSite]:
    transport = httpx.ASGITransport(app=site.app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://waybill.example") as client:
        site.client = client
        yield site
