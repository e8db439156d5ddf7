"""The sandbox in one server: both simulated services and the page, for callers on this machine only."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from bot.sandbox.page import Page
from bot.sandbox.slack import Slack
from bot.sandbox.trackingmore import CarrierClock, TrackingMore

BOT_TOKEN = "xoxb-sandbox-0001"  # noqa: S105 - made up, and of no use elsewhere; so are the next three
APP_TOKEN = "xapp-sandbox-0001"  # noqa: S105 - made up
SIGNING_SECRET = "sandbox-secret-0001"  # noqa: S105 - made up
KEY = "sandbox-key-0001"


class CannotServe(Exception):
    """The sandbox cannot be served there; the text says why and what to do."""


class World:
    """Everything outside Waybill: the carriers' clock, TrackingMore, Slack, and the page to see them in."""

    def __init__(
        self, *, url: str = "http://127.0.0.1:8808", request_url: str | None = None, speed: float = 1.0
    ) -> None:
        """Raises `CannotServe` when Slack's requests would leave this machine."""
        if request_url and not _is_loopback(urlsplit(request_url).hostname or ""):
            raise CannotServe(f"The sandbox talks to this machine only: {request_url} is not on it.")
        self.clock = CarrierClock(speed=speed)
        self.trackingmore = TrackingMore(clock=self.clock, key=KEY)
        self.slack = Slack(
            bot_token=BOT_TOKEN, app_token=APP_TOKEN, signing_secret=SIGNING_SECRET, request_url=request_url
        )
        self.page = Page(self.trackingmore, self.slack)
        self.app = Starlette(
            routes=[
                Mount("/trackingmore", self.trackingmore.app),
                Mount("/slack", self.slack.app),
                Mount("/", self.page.app),
            ],
            middleware=[Middleware(LoopbackOnly)],
        )
        self.stopping = False
        self.stand_at(url)

    def stand_at(self, url: str) -> None:
        """Make the addresses that Slack hands out begin with this one."""
        self.url = url
        self.slack.workspace.base_url = f"{url}/slack"

    def stop(self) -> None:
        """Let `serve` come to its end."""
        self.stopping = True


class LoopbackOnly:
    """Answers callers that name this machine, and pages that came from here: no other site can reach the sandbox."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or _from_here(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            refusal = PlainTextResponse("The sandbox answers its own machine only.\n", 403)
            await refusal(scope, receive, send)


def _from_here(headers: Headers) -> bool:
    host, origin = headers.get("host", ""), headers.get("origin")
    return _is_loopback(urlsplit(f"//{host}").hostname or "") and origin in {None, f"http://{host}"}


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


async def serve(
    world: World,
    *,
    host: str = "127.0.0.1",
    port: int = 8808,
    ready: Callable[[str], None] = lambda _: None,
    signals: bool = True,
) -> None:
    """Serve the world until `world.stop()`, or until SIGINT or SIGTERM unless the caller minds `signals` itself.

    Args:
        ready: is told the address as soon as it answers; port 0 takes a free port.

    Raises:
        CannotServe: the host is not this machine, or the port is taken.
    """
    if not _is_loopback(host):
        raise CannotServe(f"The sandbox serves this machine only: {host} is no loopback address. Leave the host out.")
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except OSError as error:
        taken = f"Port {port} is taken by another program. Choose another one with --port, or 0 for any."
        raise CannotServe(taken) from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits for 40 ms
    shown = f"[{host}]" if ":" in host else host
    world.stand_at(f"http://{shown}:{listening.getsockname()[1]}")
    config = uvicorn.Config(
        world.app,
        date_header=False,  # the simulated services set their own, in their own time
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
        ws="websockets-sansio",
    )
    server = _Server(config, world, ready)
    if signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, world.stop)
    with listening:
        try:
            await server.serve([listening])
        except asyncio.CancelledError:
            if server.started:
                await server.shutdown([listening])
            raise


class _Server(uvicorn.Server):
    """uvicorn, told when to begin and to end by the world instead of by signals."""

    def __init__(self, config: uvicorn.Config, world: World, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._world, self._ready = world, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready(self._world.url)

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._world.stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._world.page.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
