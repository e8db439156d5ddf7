"""Bolt with our listeners, and what came through them."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.domain.parcel import Place
from bot.domain.records import InboxItem
from bot.slack.client import web_client
from bot.slack.listeners import Identity, build_bolt
from tests.fakes import FakeClock

COMMAND: dict[str, str] = {
    "command": "/track",
    "text": "add 1ZX000010300000016 &lt;Vase&gt;",
    "team_id": "T1",
    "channel_id": "C1",
    "channel_name": "orders",
    "user_id": "U1",
    "trigger_id": "1.2.abc",
    "response_url": "https://hooks.slack.example/commands/1",
}
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1", "team_id": "T1"},
    "channel": {"id": "C1", "name": "orders"},
    "container": {"type": "message", "message_ts": "1772442000.000001", "channel_id": "C1", "is_ephemeral": False},
    "trigger_id": "1.2.def",
    "response_url": "https://hooks.slack.example/actions/1",
    "actions": [{"type": "button", "action_id": "a", "block_id": "b", "value": "archive P-1", "action_ts": "1.5"}],
}


class Door:
    """Bolt with our listeners, and what came through them."""

    def __init__(self) -> None:
        self.kept: list[InboxItem] = []
        self.reopened: list[Place] = []
        self.error: Exception | None = None
        self.identity = Identity("xoxb-sandbox-token")
        self.identity.user = "UBOT"
        self.bolt: AsyncApp = build_bolt(
            client=web_client("xoxb-sandbox-token", "http://127.0.0.1:1/"),
            identity=self.identity,
            receive=self._receive,
            reopen=self._reopen,
            clock=FakeClock(),
        )

    async def _receive(self, item: InboxItem) -> bool:
        if self.error:
            raise self.error
        self.kept.append(item)
        return True

    async def _reopen(self, place: Place) -> None:
        self.reopened.append(place)

    async def command(self, **more: str) -> BoltResponse:
        return await self._sent(urlencode({**COMMAND, **more}))

    async def interaction(self, payload: Mapping[str, Any]) -> BoltResponse:
        return await self._sent(urlencode({"payload": json.dumps(payload)}))

    async def event(self, **event: str) -> BoltResponse:
        body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
        return await self._sent(json.dumps(body), "application/json")

    async def _sent(self, body: str, kind: str = "application/x-www-form-urlencoded") -> BoltResponse:
        answer: BoltResponse = await self.bolt.async_dispatch(
            AsyncBoltRequest(body=body, headers={"content-type": kind})
        )
        return answer
