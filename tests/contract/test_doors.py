"""Both ways in, when something is wrong with the line or with the clock."""

import logging
import time
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest
from prometheus_client import CollectorRegistry
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.app import App
from bot.domain.records import InboxItem
from bot.sandbox.slack.delivery import signature
from bot.settings import Settings
from bot.slack.listeners import Identity, build_bolt
from bot.slack.messenger import web_client
from bot.web import build_web
from tests.contract.whole import TOKEN, Street, Whole
from tests.fakes import FakeClock

SECRET = "sandbox-secret-0001"


def bolt_of(street: Street, http: aiohttp.ClientSession, kept: list[InboxItem], *, secret: str | None) -> AsyncApp:
    """Return Bolt as the app builds it; what it keeps is only counted."""

    async def keep(item: InboxItem) -> bool:
        kept.append(item)
        return True

    async def nothing(_place: object) -> None:
        """No channel is paused here."""

    client = web_client(TOKEN, f"{street.url}/api/", http)
    return build_bolt(
        client=client,
        signing_secret=secret,
        identity=Identity(TOKEN),
        receive=keep,
        reopen=nothing,
        clock=FakeClock(),
    )


@pytest.mark.parametrize("off", [-1_000_000, 1_000_000])
async def test_a_request_signed_at_another_time_is_refused_and_the_log_says_by_how_much(
    whole: Whole, street: Street, caplog: pytest.LogCaptureFixture, off: int
) -> None:
    kept: list[InboxItem] = []
    body = urlencode({"team_id": "T1", "channel_id": "C1", "user_id": "U1", "command": "/track", "text": "list"})
    stamp = str(round(time.time()) - off)

    async def healthy() -> dict[str, object]:
        return {"ready": True}

    async with aiohttp.ClientSession(trust_env=False) as http:
        bolt = bolt_of(street, http, kept, secret=SECRET)
        web = build_web(bolt=bolt, signing_secret=SECRET, health=healthy, registry=CollectorRegistry())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=web), base_url="http://bot") as slack:
            answer = await slack.post(
                "/slack/events",
                content=body,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Slack-Request-Timestamp": stamp,
                    "X-Slack-Signature": signature(SECRET, stamp, body.encode()),
                },
            )

    assert answer.status_code == 401
    assert kept == []
    [said] = [one for one in caplog.records if one.name == "bot.web"]
    assert "is this machine's clock right?" in said.message
    assert abs(vars(said)["clock_off_seconds"] - off) < 5
    assert "list" not in caplog.text


async def test_a_socket_that_is_open_but_silent_is_connected_anew(
    whole: Whole, street: Street, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.model_validate(
        {
            "slack_bot_token": TOKEN,
            "slack_app_token": "xapp-sandbox-0001",
            "slack_api_url": f"{street.url}/api/",
            "trackingmore_api_key": "sandbox-key-0001",
            "waybill_allow_loopback": True,
        }
    )
    caplog.set_level(logging.WARNING, "bot")
    clock = FakeClock()
    app = App(settings)
    async with aiohttp.ClientSession(trust_env=False) as http:
        socket = AsyncSocketModeHandler(bolt_of(street, http, [], secret=None), "xapp-sandbox-0001")
        await socket.connect_async()  # type: ignore[no-untyped-call]  # the adapter has no types
        monkeypatch.setattr(app, "_socket", socket)
        monkeypatch.setattr(app, "_clock", clock)
        opened = [sum(call.method == "apps.connections.open" for call in whole.slack.calls)]
        for silent_for in (0, 61):
            socket.client.last_ping_pong_time = clock.now().timestamp() - silent_for
            monkeypatch.setattr(
                socket.client, "is_ping_pong_failing", never
            )  # the library's own watch is not looked at
            await app._watch_socket()  # noqa: SLF001 - the engine calls it every fifteen seconds
            opened.append(sum(call.method == "apps.connections.open" for call in whole.slack.calls))
        await socket.close_async()  # type: ignore[no-untyped-call]  # the same

    assert opened == [1, 1, 2]
    assert [one.message for one in caplog.records if one.name == "bot.app"] == [
        "the socket is silent and is connected anew"
    ]


async def never() -> bool:
    return False
