"""Both ways in, when something is wrong with the line or with the clock."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest
from prometheus_client import CollectorRegistry
from slack_bolt.async_app import AsyncApp

from bot.app import App
from bot.domain.bounds import REQUEST_MAX
from bot.domain.records import InboxItem
from bot.engines.supervisor import Supervisor
from bot.sandbox.slack.delivery import signature
from bot.sandbox.slack.payloads import envelope
from bot.services.inbox import Inbox
from bot.settings import Settings
from bot.slack.client import web_client
from bot.slack.listeners import Identity, build_bolt
from bot.slack.socket_mode import Socket
from bot.stores.memory import MemoryTables
from bot.stores.sealing import new_key
from bot.stores.store import store_on
from bot.web import Web, serving
from tests.contract.whole import TOKEN, Street, Whole
from tests.fakes import FakeClock
from tests.unit.slack.door import PRESS

SECRET = "sandbox-secret-0001"


def bolt_of(street: Street, http: aiohttp.ClientSession, kept: list[InboxItem], inbox: Inbox | None = None) -> AsyncApp:
    """Return Bolt as the app builds it; without an inbox, what it keeps is only counted."""

    async def keep(item: InboxItem) -> bool:
        kept.append(item)
        return True

    async def nothing(_place: object) -> None:
        """No channel is paused here."""

    client = web_client(TOKEN, f"{street.url}/api/", http)
    return build_bolt(
        client=client,
        identity=Identity(TOKEN),
        receive=inbox.receive if inbox else keep,
        reopen=nothing,
        clock=FakeClock(),
    )


@pytest.mark.promise("S1")
@pytest.mark.parametrize("off", [-1_000_000, 1_000_000])
async def test_a_request_signed_at_another_time_is_refused_and_the_log_says_by_how_much(
    whole: Whole, street: Street, caplog: pytest.LogCaptureFixture, off: int
) -> None:
    kept: list[InboxItem] = []
    body = urlencode({"team_id": "T1", "channel_id": "C1", "user_id": "U1", "command": "/track", "text": "list"})
    stamp = str(round(time.time()) - off)

    async with aiohttp.ClientSession(trust_env=False) as http:
        bolt = bolt_of(street, http, kept)
        web = Web(bolt=bolt, signing_secret=SECRET, health=healthy, registry=CollectorRegistry())
        async with serving(web, "127.0.0.1", 0) as port, httpx.AsyncClient(trust_env=False) as slack:
            answer = await slack.post(
                f"http://127.0.0.1:{port}/slack/events",
                content=body,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Slack-Request-Timestamp": stamp,
                    "X-Slack-Signature": signature(SECRET, stamp, body.encode()),
                },
            )

    assert answer.status_code == 401
    assert kept == []
    [said] = [one for one in caplog.records if one.name == "bot.web.guard"]
    assert "is this machine's clock right?" in said.message
    assert abs(vars(said)["clock_off_seconds"] - off) < 5
    assert "list" not in caplog.text


@pytest.fixture
async def socket(whole: Whole, street: Street) -> AsyncIterator[Socket]:
    whole.slack.calls.clear()  # it stands behind the street
    kept.clear()
    async with aiohttp.ClientSession(trust_env=False) as http:
        refused.clear()
        socket = Socket(bolt_of(street, http, kept), "xapp-sandbox-0001", clock=FakeClock(), refused=refused.append)
        await socket.connect(asyncio.Event())
        yield socket
        await socket.close()


@pytest.mark.promise("R6", "H4")
async def test_connections_that_are_idle_do_not_hold_up_the_stop_and_no_other_address_is_listened_on(
    street: Street,
) -> None:
    async with aiohttp.ClientSession(trust_env=False) as http:
        bolt = bolt_of(street, http, [])
    web = Web(bolt=bolt, signing_secret=SECRET, health=healthy, registry=CollectorRegistry())
    async with serving(web, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"}")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", port)
        began = time.monotonic()

    assert time.monotonic() - began < 1
    assert await reader.read() == b""
    writer.close()


async def healthy() -> dict[str, object]:
    return {"ready": True}


kept: list[InboxItem] = []
refused: list[str] = []


def opened(whole: Whole) -> int:
    """Return how often the bot asked Slack for a socket."""
    return sum(call.method == "apps.connections.open" for call in whole.slack.calls)


@pytest.mark.promise("R2")
async def test_an_envelope_that_slack_sends_again_is_acknowledged_again_and_done_once(
    whole: Whole, street: Street
) -> None:
    done: list[InboxItem] = []

    async def do(item: InboxItem) -> None:
        done.append(item)

    inbox = Inbox(store=await store_on(MemoryTables()), clock=FakeClock(), handle=do, give_up=do)
    async with aiohttp.ClientSession(trust_env=False) as http:
        bolt = bolt_of(street, http, [], inbox)
        socket = Socket(bolt, "xapp-sandbox-0001", clock=FakeClock(), refused=refused.append)
        await socket.connect(asyncio.Event())
        while not whole.slack.sockets:  # noqa: ASYNC110 - the SDK gives no event to wait for
            await asyncio.sleep(0.01)

        for again in range(3):
            frame = envelope("E1", "interactive", PRESS, retry_num=again)
            assert await asyncio.wait_for(whole.slack.sockets.send(frame), 10) is None
        await inbox.settled()
        await socket.close()

    assert [item.words for item in done] == ["archive P-1"]


@pytest.mark.promise("R38")
async def test_a_socket_that_is_open_but_silent_turns_health_red_and_is_connected_anew(
    whole: Whole, street: Street, socket: Socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, supervisor = App(settings(street)), Supervisor()
    monkeypatch.setattr(app, "_socket", socket)
    monkeypatch.setattr(app, "_ready", True)
    client, seen = socket._handler.client, []  # noqa: SLF001 - its silence is set here
    monkeypatch.setattr(client, "is_ping_pong_failing", never)  # the library's own watch is not looked at
    caplog.set_level(logging.WARNING, "bot")

    for silent_for in (0, 61, 90, 0):
        client.last_ping_pong_time = FakeClock().now().timestamp() - silent_for
        await app._watch_socket()  # noqa: SLF001 - the engine calls it every fifteen seconds
        facts = await app._facts(whole.store, whole.services.sweep, supervisor)  # noqa: SLF001 - what /readyz says
        seen.append((opened(whole), facts["ready"]))

    assert seen == [(1, True), (2, False), (3, False), (3, True)]
    assert [one.message for one in caplog.records if one.name == "bot.slack.socket_mode"] == [
        "the socket is silent and is connected anew"
    ]


@pytest.mark.promise("R32", "R38")
async def test_health_is_red_while_the_store_takes_no_changes_or_a_loop_is_not_well(
    whole: Whole, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, supervisor = App(settings(street)), Supervisor()
    monkeypatch.setattr(app, "_ready", True)
    seen = []

    for trouble, red in (("", ()), ("There is no room.", ()), ("", ("outbox",))):
        monkeypatch.setattr(whole.store, "trouble", trouble)
        monkeypatch.setattr(supervisor, "red", lambda red=red: red)
        facts = await app._facts(whole.store, whole.services.sweep, supervisor)  # noqa: SLF001 - what /readyz says
        seen.append((facts["ready"], facts["store_writes"], facts["begun_anew"]))

    assert seen == [(True, True, []), (False, False, []), (False, True, ["outbox"])]


@pytest.mark.promise("R38")
async def test_while_slack_gives_no_socket_health_stays_red_and_the_watch_goes_on(
    whole: Whole, socket: Socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = socket._handler.client  # noqa: SLF001 - its silence is set here
    monkeypatch.setattr(client, "last_ping_pong_time", FakeClock().now().timestamp() - 3600)
    monkeypatch.setattr(client.web_client, "base_url", "http://127.0.0.1:1/")

    await socket.watch()

    assert socket.silent
    assert "no socket yet" in caplog.text


@pytest.mark.promise("H3")
@pytest.mark.parametrize(
    "message",
    [
        '{"envelope_id":"E1","type":"slash_commands","payload":' + "[" * 100 + "]" * 100 + "}",
        '{"envelope_id":"E1","type":"slash_commands","payload":' + "[" * 100_000,
        '{"envelope_id":"E1","type":"slash_commands","payload":{"text":"' + "x" * REQUEST_MAX + '"}}',
        "{not json",
    ],
    ids=["deep", "bottomless", "long", "torn"],
)
async def test_an_envelope_that_slack_would_not_send_goes_no_further(
    socket: Socket, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bot")

    await socket._handler.client.enqueue_message(message)  # noqa: SLF001 - as if it came over the socket

    assert (refused, kept, caplog.text) == (["envelope"], [], "")


def settings(street: Street) -> Settings:
    return Settings.model_validate(
        {
            "slack_bot_token": TOKEN,
            "slack_app_token": "xapp-sandbox-0001",
            "slack_api_url": f"{street.url}/api/",
            "trackingmore_api_key": "sandbox-key-0001",
            "waybill_allow_loopback": True,
            "waybill_key": new_key(),
        }
    )


async def never() -> bool:
    return False
