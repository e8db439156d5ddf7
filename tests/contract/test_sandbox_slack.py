"""The simulated Slack serves Slack's own libraries: slack_bolt over HTTP and Socket Mode, and slack_sdk."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.sandbox.slack import Slack
from bot.sandbox.slack.delivery import post_over_http

TOKEN, SECRET = "xoxb-sandbox-0001", "sandbox-secret-0001"
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "archive P-1"}
CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Vase*"}},
    {"type": "actions", "elements": [BUTTON]},
]


@contextlib.asynccontextmanager
async def served(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve on loopback for as long as the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="websockets-sansio", lifespan="off"))
    task = asyncio.create_task(server._serve(sockets=[listener]))  # noqa: SLF001 - `serve` would take the signals
    try:
        await until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        await task


async def until(happened: Callable[[], object]) -> None:
    """Let other tasks run until something has happened."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - the libraries under test give no event to wait for
            await asyncio.sleep(0.01)


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def bolt_app(slack: Slack) -> AsyncApp:
    """Return an app that follows a parcel, redraws its card at a press, and notes the events it got."""
    client = AsyncWebClient(TOKEN, base_url=f"{slack.workspace.base_url}/api/", retry_handlers=[])
    app = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)
    app.events = []  # type: ignore[attr-defined] # a place for the test to look at

    @app.command("/track")
    async def track(ack: Any, command: Any, client: Any, respond: Any) -> None:  # noqa: ANN401 - Bolt gives anything
        await ack("Looking…")
        if command["text"] == "crash":
            raise RuntimeError
        await client.chat_postMessage(channel=command["channel_id"], text="card", blocks=CARD)
        await respond(f"Follows {command['text']}.")

    @app.action("go")
    async def go(ack: Any, action: Any, body: Any, client: Any, respond: Any) -> None:  # noqa: ANN401 - the same
        await ack()
        if "message" in body:
            await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=action["value"])
        await respond("done", replace_original="message" not in body)

    @app.event("member_joined_channel")
    async def joined(event: Any) -> None:  # noqa: ANN401 - the same
        app.events.append(event)  # type: ignore[attr-defined] # the same

    return app


@pytest.fixture(params=["http", "socket"])
async def slack(request: pytest.FixtureRequest) -> AsyncIterator[Slack]:
    """A simulated Slack and a Bolt app on loopback, joined by signed HTTP or by Socket Mode."""
    with socket.create_server(("127.0.0.1", 0)) as at_slack, socket.create_server(("127.0.0.1", 0)) as at_app:
        over_http = request.param == "http"
        slack = Slack(base_url=f"{address(at_slack)}/slack", request_url=address(at_app) if over_http else None)
        app = bolt_app(slack)
        slack.bolt = app  # type: ignore[attr-defined] # for the test to look at
        handler = AsyncSlackRequestHandler(app)
        async with (
            served(Starlette(routes=[Mount("/slack", slack.app)]), at_slack),
            served(Starlette(routes=[Route("/", handler.handle, methods=["POST"])]), at_app),
        ):
            links = AsyncSocketModeHandler(app, "xapp-sandbox-0001")
            if not over_http:
                await links.connect_async()  # type: ignore[no-untyped-call] # Bolt has no types here
                await until(lambda: len(slack.sockets) == 1)
            yield slack
            await links.close_async()  # type: ignore[no-untyped-call] # Bolt has no types here


@pytest.fixture
async def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(TOKEN, base_url=f"{slack.workspace.base_url}/api/", retry_handlers=[])


def texts(slack: Slack, user: str) -> list[str]:
    return [message.text for message in slack.visible("C0ORDERS", user)]


async def test_a_command_is_acknowledged_posts_and_responds(slack: Slack) -> None:
    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track add 1Z")
    await until(lambda: "Follows add 1Z." in texts(slack, "U0ADA"))

    assert delivery.error is None
    assert delivery.acked_in is not None
    assert delivery.acked_in < 3
    assert delivery.how == ("http" if slack.deliverer.request_url else "socket")
    assert sorted(texts(slack, "U0ADA")) == ["Follows add 1Z.", "Looking…", "card"]
    assert texts(slack, "U0BEN") == ["card"]


async def test_a_press_redraws_the_card_and_answers_the_presser(slack: Slack, client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="C0ORDERS", text="card", blocks=CARD))["ts"]

    await slack.press(user="U0BEN", channel="C0ORDERS", ts=ts, action_id="go")
    await until(lambda: "done" in texts(slack, "U0BEN"))

    assert texts(slack, "U0BEN") == ["archive P-1", "done"]
    assert texts(slack, "U0ADA") == ["archive P-1"]


async def test_a_press_in_a_private_message_replaces_it(slack: Slack, client: AsyncWebClient) -> None:
    sent = await client.chat_postEphemeral(channel="C0ORDERS", user="U0ADA", text="card", blocks=CARD)

    await slack.press(user="U0ADA", channel="C0ORDERS", ts=sent["message_ts"], action_id="go")
    await until(lambda: texts(slack, "U0ADA") == ["done"])


async def test_an_event_reaches_the_app(slack: Slack) -> None:
    await slack.type(user="U0ADA", channel="C0GENERAL", text="/invite @waybill")

    await until(lambda: slack.bolt.events)  # type: ignore[attr-defined] # put there by the fixture
    assert slack.bolt.events[0]["channel"] == "C0GENERAL"  # type: ignore[attr-defined] # the same
    assert slack.deliveries[-1].error is None


async def test_what_the_app_does_not_acknowledge_fails_in_the_persons_eyes(slack: Slack) -> None:
    slack.deliverer.ack_seconds = 0.2  # nobody waits for the three seconds

    delivery = await slack.type(user="U0ADA", channel="C0ORDERS", text="/track crash")

    assert delivery.error in {"operation_timeout", "http_service_error", "http_client_error"}
    assert texts(slack, "U0ADA") == [f'/track failed with the error "{delivery.error}"']


@pytest.mark.parametrize("slack", ["http"], indirect=True)
async def test_a_wrong_signature_is_refused_by_the_app(slack: Slack) -> None:
    assert slack.deliverer.request_url
    head = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=00"}

    status, _, _ = await post_over_http(slack.deliverer.request_url, b"command=%2Ftrack", head)

    assert status == 401


async def test_the_sdk_reads_errors_limits_and_lists(slack: Slack, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await client.chat_postMessage(channel="C0GENERAL", text="hello")
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await client.chat_postMessage(channel="C0ORDERS", text="x", blocks=[{"type": "rainbow"}])
    slack.scopes.append("users:read")
    slack.faults.busy(times=1, retry_after=9)
    with pytest.raises(SlackApiError) as busy:
        await client.chat_postMessage(channel="C0ORDERS", text="hello")
    members = [page["members"] async for page in await client.conversations_members(channel="C0ORDERS", limit=2)]

    assert busy.value.response.status_code == 429
    assert busy.value.response.headers["Retry-After"] == "9"
    assert members == [["U0ADA", "U0BEN"], ["U0CHI", "U0WAYBILL"]]
    assert (await client.auth_test())["user_id"] == "U0WAYBILL"
    assert (await client.users_info(user="U0ADA"))["user"]["name"] == "ada"


async def test_a_cut_connection_leaves_the_app_in_doubt_and_the_message_posted(
    slack: Slack, client: AsyncWebClient
) -> None:
    slack.faults.drop()

    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C0ORDERS", text="told")

    assert texts(slack, "U0BEN") == ["told"]


async def test_a_page_instead_of_json_is_an_error_to_the_sdk(slack: Slack, client: AsyncWebClient) -> None:
    slack.faults.http_500(after_store=True)

    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0ORDERS", text="told")

    assert texts(slack, "U0BEN") == ["told"]


@pytest.mark.parametrize("slack", ["socket"], indirect=True)
async def test_a_refreshed_socket_comes_back_by_itself_and_its_ticket_works_once(slack: Slack) -> None:
    opened = [call for call in slack.calls if call.method == "apps.connections.open"]

    await slack.sockets.disconnect("refresh_requested")
    await until(lambda: len([c for c in slack.calls if c.method == "apps.connections.open"]) > len(opened))
    await until(lambda: len(slack.sockets) == 1)

    # The SDK may connect twice in its haste and drop the first of both: what went there is lost, as with Slack itself.
    tried = [(await slack.type(user="U0ADA", channel="C0ORDERS", text="/track add 1Z")).error for _ in range(2)]
    assert tried[-1] is None
    url = slack.sockets.open_connection()
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as first:
            assert (await first.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


@pytest.mark.parametrize("slack", ["http"], indirect=True)
async def test_at_most_ten_sockets_are_open(slack: Slack) -> None:
    async with aiohttp.ClientSession() as session:
        links = [await session.ws_connect(slack.sockets.open_connection()) for _ in range(11)]
        frames = [await link.receive_json() for link in links]
        for link in links:
            await link.close()

    assert frames[0]["type"] == "hello"
    assert frames[10]["reason"] == "too_many_websockets"
