"""A network that answers as it is told, and a time that moves when somebody waits."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from bot.domain.parcel import ParcelKey
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.client import Client
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.provider import account_of
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport

KEY = "sandbox-key-0001"
BASE = "https://api.example.com/v2"
MUGS = ParcelKey("ups", "1ZX000010300000016")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Time:
    """Both clocks of this machine: they move when somebody sleeps, and when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


def good(data: object, code: object = 200) -> dict[str, Any]:
    """Return an envelope of the service around data."""
    return {"meta": {"code": code, "type": "Success", "message": "Success"}, "data": data}


def bad(code: object) -> dict[str, Any]:
    """Return the envelope of an error."""
    return {"meta": {"code": code, "type": "Bad Request", "message": "No."}, "data": []}


class Network:
    """Answers each call with the next of its answers, the last one for ever, and keeps the calls."""

    def __init__(self, *answers: Any) -> None:  # noqa: ANN401 - JSON, text, bytes, a response, an error, a function
        self.answers: list[Any] = list(answers)
        self.calls: list[httpx.Request] = []
        self.at: list[float] = []
        self.time = Time()
        transport = Transport(key=Key(KEY), base_url=BASE, network=httpx.MockTransport(self._answer))
        pacer = Pacer(monotonic=self.time.monotonic, sleep=self.time.sleep)
        self.session = Session(transport, self.time, pacer=pacer, monotonic=self.time.monotonic)
        self.client = Client(self.session)
        self.provider = TrackingMore(self.session, account=account_of(KEY))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    @property
    def bodies(self) -> list[Any]:
        """What was sent, in turn."""
        return [json.loads(call.content) if call.content else None for call in self.calls]

    @property
    def paths(self) -> list[str]:
        """The method and path of each call, without the query."""
        return [f"{call.method} {call.url.raw_path.decode().partition('?')[0]}" for call in self.calls]

    @property
    def queries(self) -> list[dict[str, str]]:
        """The query of each call."""
        return [dict(call.url.params) for call in self.calls]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        self.at.append(self.time.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, (str, bytes)):
            answer = httpx.Response(200, content=answer)
        elif not isinstance(answer, httpx.Response):
            answer = httpx.Response(200, json=answer)
        return streamed(answer)


def streamed(answer: httpx.Response) -> httpx.Response:
    """Return the same answer as it comes from a network: piece by piece."""
    if not hasattr(answer, "_content"):
        return answer

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(answer.content), 65536):
            yield answer.content[start : start + 65536]

    return httpx.Response(answer.status_code, headers=answer.headers, content=pieces())


def html(status: int, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return what a gateway says when the service behind it does not."""
    text = f"<html><head><title>{status}</title></head></html>"
    return httpx.Response(status, text=text, headers={"Content-Type": "text/html", **(headers or {})})
