"""A simulated Slack whose clock stands still, with an app that is a function, and a client that needs no socket."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.sandbox.slack import Slack

TOKEN = "xoxb-sandbox-0001"
START = 1_795_600_000.0


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


class App:
    """An app behind a request URL; it notes what it got and answers what the test says."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.answer: tuple[int, str, bytes] = (200, "text/plain", b"")
        self.error: Exception | None = None

    async def __call__(self, _url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        self.got.append((body, headers))
        if self.error:
            raise self.error
        return self.answer


class Api:
    """Calls the Web API as an app does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, *, token: str = TOKEN, **args: object) -> dict[str, Any]:
        """Call with a JSON body and return the answer."""
        return (await self.ask(method, token=token, **args)).json()  # type: ignore[no-any-return] # it is JSON

    async def ask(self, method: str, *, token: str = TOKEN, **args: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.post(f"/api/{method}", json=args, headers=headers)

    async def post(self, channel: str = "C0ORDERS", text: str = "hello", **args: object) -> str:
        """Post a message and return its ts."""
        known: dict[str, Any] = {"channel": channel, "text": text, **args}
        answer = await self.call("chat.postMessage", **known)
        assert answer["ok"], answer
        return str(answer["ts"])

    async def respond(self, url: str, **body: object) -> httpx.Response:
        """Post to a response_url."""
        return await self.client.post(url.removeprefix("http://slack.test"), json=body)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def slack(clock: Clock, app: App) -> Slack:
    return Slack(request_url="http://app.test/slack/events", base_url="http://slack.test", now=clock, post=app)


@pytest.fixture
async def api(slack: Slack) -> AsyncIterator[Api]:
    transport = httpx.ASGITransport(app=slack.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://slack.test") as client:
        yield Api(client)
