"""The real bot as a real process, with crash points around its ports: `CRASHPOINT=out.marked:2:kill` is one.

The number counts how often the point is passed; the acts are `kill` (gone at once, as by a power cut), `freeze`
(stopped until somebody lets it go on) and `raise` (a fault where nobody expects one). `DRAIN=3` is the seconds that it
gets when it is asked to stop.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from bot.cli import main
from bot.domain.records import InboxItem
from bot.stores.tinydb.files import Files
from tests.faults.points import PointedMessenger, PointedProvider, PointedStore, Points

app: Any = import_module("bot.app")  # what it imported is replaced in it
wiring: Any = import_module("bot.wiring")
VARIABLE = "CRASHPOINT"
KILLED = 137
ACKNOWLEDGED_WITHIN = 0.005
"""Seconds after which an answer that was given has left the process."""


class Injected(Exception):
    """A fault that nobody expects."""


def points_of(text: str) -> Points:
    """Return the points, one of which may be armed."""
    if not text:
        return Points()
    name, count, act = text.split(":")
    return Points(ACTS[act], name=name, count=int(count))


def _kill() -> None:
    os._exit(KILLED)


def _freeze() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _raise() -> None:
    raise Injected


ACTS: dict[str, Callable[[], None]] = {"kill": _kill, "freeze": _freeze, "raise": _raise}


def put_around(points: Points) -> None:
    """Put the points around the ports of the app that is going to be built."""
    _around_store(points)
    _around_provider(points)
    _around_slack(points)
    _around_inbox(points)
    _around_ways_in(points)


def _around_store(points: Points) -> None:
    real = app.open_store

    class PointedFiles(Files):
        def reached(self, moment: str) -> None:
            points.passing(moment)

    async def opened(folder: Path, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - what the real one takes and gives
        return PointedStore(await real(folder, *args, **more, files=PointedFiles()), points)

    app.open_store = opened


def _around_provider(points: Points) -> None:
    real = app.TrackingMore

    class Connecting:
        @staticmethod
        def connect(**args: Any) -> PointedProvider:  # noqa: ANN401 - what the real one takes
            return PointedProvider(real.connect(**args), points)

    app.TrackingMore = Connecting


def _around_slack(points: Points) -> None:
    messenger, session, client = app.SlackMessenger, app.outgoing_session, app.web_client

    async def left(_session: object, _context: object, sent: aiohttp.TraceRequestChunkSentParams) -> None:
        if sent.url.path.endswith("/chat.postMessage"):
            points.passing("slack.sent")

    def watched_session() -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(left)
        trace.freeze()
        made: aiohttp.ClientSession = session()
        made._trace_configs.append(trace)  # noqa: SLF001 - aiohttp takes them only where a session is made
        return made

    def watched_client(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - the SDK's client
        made = client(*args, **more)
        post = made.chat_postMessage

        async def posted(**body: Any) -> Any:  # noqa: ANN401 - the SDK's answer
            answer = await post(**body)
            points.passing("slack.answered")
            return answer

        made.chat_postMessage = posted
        return made

    app.outgoing_session, app.web_client = watched_session, watched_client
    app.SlackMessenger = lambda *args, **more: PointedMessenger(messenger(*args, **more), points)


def _around_inbox(points: Points) -> None:
    real = wiring.Inbox

    class PointedInbox(real):  # type: ignore[misc,valid-type]  # the class that is connected
        def __init__(self, *, handle: Callable[[InboxItem], Awaitable[None]], **more: Any) -> None:  # noqa: ANN401 - what the real one takes
            async def begun(item: InboxItem) -> None:
                points.passing("cmd.started")
                await handle(item)

            super().__init__(handle=begun, **more)

        async def drain(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - what the real one takes
            points.passing("stop.draining")
            await super().drain(*args, **more)

    wiring.Inbox = PointedInbox


def _around_ways_in(points: Points) -> None:
    send = SocketModeClient.send_socket_mode_response

    async def sent(self: SocketModeClient, *args: Any, **more: Any) -> None:  # noqa: ANN401 - what the real one takes
        await send(self, *args, **more)
        points.passing("ack.sent")

    class PointedWeb(app.Web):  # type: ignore[misc]  # the class that the app knows
        async def answer(self, connection: Any, request: web.BaseRequest) -> web.Response:  # noqa: ANN401 - its own
            answer: web.Response = await super().answer(connection, request)
            if request.method == "POST":
                asyncio.get_running_loop().call_later(ACKNOWLEDGED_WITHIN, points.passing, "ack.sent")
            return answer

    SocketModeClient.send_socket_mode_response = sent  # type: ignore[method-assign,assignment]  # for this process only
    app.Web = PointedWeb


if __name__ == "__main__":
    put_around(points_of(os.environ.get(VARIABLE, "")))
    app.DRAIN = timedelta(seconds=float(os.environ.get("DRAIN", app.DRAIN.total_seconds())))
    main()
