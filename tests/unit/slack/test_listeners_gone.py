"""Who takes the app out is heard, whatever else Slack says of tokens; what could not be kept is to be said again."""

import json
import logging
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.domain.errors import InboxFull, StoreError
from bot.slack.client import web_client
from bot.slack.listeners import NOT_KEPT, Identity, build_bolt
from tests.fakes import FakeClock
from tests.unit.slack.door import Door


class Events:
    """Bolt with our listeners, and the workspaces that took us out."""

    def __init__(self) -> None:
        self.gone: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self._bolt = build_bolt(
            client=web_client("xoxb-sandbox-token", "http://127.0.0.1:1/"),
            identity=Identity("xoxb-sandbox-token"),
            receive=Door()._receive,  # noqa: SLF001 - nothing is received here
            reopen=Door()._reopen,  # noqa: SLF001 - nor reopened
            gone=self._gone,
            clock=FakeClock(),
        )

    async def _gone(self, workspace: str, reason: str) -> None:
        if self.error:
            raise self.error
        self.gone.append((workspace, reason))

    async def say(self, event: dict[str, Any]) -> int:
        """Have Slack say something; return how it was answered."""
        body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
        asked = AsyncBoltRequest(body=json.dumps(body), headers={"content-type": "application/json"})
        status: int = (await self._bolt.async_dispatch(asked)).status
        return status


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "event",
    [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U0BOT"]}}],
    ids=lambda event: event["type"],
)
async def test_a_workspace_that_takes_us_out_is_heard_each_time(events: Events, event: dict[str, Any]) -> None:
    answers = [await events.say(event) for _ in range(2)]

    assert answers == [200, 200]
    assert events.gone == [("T1", event["type"])] * 2


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "event",
    [
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}},
        {"type": "tokens_revoked", "tokens": "odd"},
        {"type": "tokens_revoked"},
        {"type": "app_home_opened"},
    ],
)
async def test_a_persons_token_is_not_ours(events: Events, event: dict[str, Any]) -> None:
    assert await events.say(event) == 200
    assert events.gone == []


@pytest.mark.promise("S14")
async def test_what_could_not_be_kept_is_not_acknowledged(events: Events) -> None:
    events.error = StoreError("No space is left.")

    assert await events.say({"type": "app_uninstalled"}) == 503


@pytest.mark.promise("R39")
async def test_a_command_that_finds_the_inbox_full_is_told_so_and_that_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = Door()
    door.error = InboxFull(10_000)

    with caplog.at_level(logging.WARNING, logger="bot"):
        answer = await door.command()

    assert NOT_KEPT in answer.body
    said = [record for record in caplog.records if record.name == "bot.slack.listeners"]
    assert [record.levelname for record in said] == ["WARNING"]
