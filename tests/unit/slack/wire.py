"""A messenger whose SDK is real and whose wire is not."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, cast

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.messenger import SlackMessenger
from tests.fakes import FakeClock
from tests.unit.domain.journeys import NOW


class FakeSlack(AsyncWebClient):
    """Slack's SDK without a wire: `answers` by method are errors, data, or what makes data of the arguments."""

    def __init__(self) -> None:
        super().__init__(token="xoxb-sandbox-token", base_url="http://127.0.0.1:1/")
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    async def api_call(self, api_method: str, **asked: Any) -> AsyncSlackResponse:  # noqa: ANN401 - as the SDK has it
        self.calls.append((api_method, asked.get("json") or asked.get("params") or {}))
        data = self.answers.get(api_method, {"ok": True, "ts": "1772442009.000009"})
        if isinstance(data, Exception):
            raise data
        if callable(data):
            data = data(self.calls[-1][1])
        status = 429 if isinstance(data, dict) and data.get("error") == "ratelimited" else 200
        response = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data=data,
            headers={"Retry-After": "7"},
            status_code=status,
        )
        response.validate()  # type: ignore[no-untyped-call]  # the SDK's own
        return response

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


class Hooks:
    """What is posted to response_urls; `status` or an error is what comes back."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, Mapping[str, Any]]] = []
        self.status = 200
        self.error: Exception | None = None

    def post(self, url: str, *, json: Mapping[str, Any], **_: object) -> Self:
        self.bodies.append((url, json))
        return self

    async def __aenter__(self) -> Self:
        if self.error:
            raise self.error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Wire:
    """A messenger with both ends."""

    def __init__(self) -> None:
        self.slack, self.hooks = FakeSlack(), Hooks()
        session = cast(aiohttp.ClientSession, self.hooks)
        self.clock = FakeClock(NOW)
        self.messenger = SlackMessenger(
            self.slack, session, clock=self.clock, command="/track", hooks="https://hooks.slack.example"
        )
