"""Socket Mode: tickets, connections, envelopes out and acknowledgements in."""

import asyncio
import contextlib
import random
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.slack.model import APP, Json
from bot.sandbox.slack.workspace import Workspace

MOST, TICKET_SECONDS, LIFE_SECONDS = 10, 60, 3600
HOST = "applink-sandbox"


@dataclass(slots=True, eq=False)
class _Link:
    socket: WebSocket
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)


class Sockets:
    """The app's open connections; an envelope goes to any one of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tickets: dict[str, float] = {}
        self._links: list[_Link] = []

    def __len__(self) -> int:
        return len(self._links)

    def open_connection(self) -> str:
        """Return the address of a new connection; it works once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = self._workspace.now() + TICKET_SECONDS
        return f"{self._workspace.base_url.replace('http', 'ws', 1)}/link?ticket={ticket}&app_id={APP}"

    async def handle(self, socket: WebSocket) -> None:
        """Serve one connection until the app leaves."""
        ends_at = self._tickets.pop(socket.query_params.get("ticket", ""), 0.0)
        if ends_at < self._workspace.now():
            await socket.close()
            return
        await socket.accept()
        if len(self._links) >= MOST:
            await socket.send_json(_disconnect("too_many_websockets"))
            await socket.close()
            return
        link = _Link(socket)
        try:
            await socket.send_json(self._hello())
            self._links.append(link)
            while True:
                self._take(link, await socket.receive_json())
        except (WebSocketDisconnect, ValueError):
            return
        finally:
            self._links = [other for other in self._links if other is not link]

    def _hello(self) -> Json:
        started = datetime.fromtimestamp(self._workspace.now(), UTC).strftime("%Y-%m-%d %H:%M:%S.000")
        about = {"host": HOST, "started": started, "build_number": 1, "approximate_connection_time": LIFE_SECONDS}
        known = {"num_connections": len(self._links) + 1, "connection_info": {"app_id": APP}}
        return {"type": "hello", **known, "debug_info": about}

    def _take(self, link: _Link, frame: Json) -> None:
        waiting = link.waiting.get(frame.get("envelope_id", ""))
        if waiting and not waiting.done():
            waiting.set_result(frame.get("payload"))

    async def send(self, frame: Json) -> Any:  # noqa: ANN401 - an acknowledgement may hold any JSON
        """Send an envelope on any one connection and return what the app's acknowledgement holds."""
        link = random.choice(self._links)
        answer = asyncio.get_running_loop().create_future()
        link.waiting[frame["envelope_id"]] = answer
        try:
            await link.socket.send_json(frame)
            return await answer
        except WebSocketDisconnect as error:
            raise ConnectionError("the socket is closed") from error
        finally:
            del link.waiting[frame["envelope_id"]]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the app to connect anew (`warning`, `refresh_requested`, `link_disabled`); all but a warning cut off."""
        links = list(self._links)
        if reason != "warning":
            self._links.clear()  # nothing more goes to them
        for link in links:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it may be leaving already
                await link.socket.send_json(_disconnect(reason))
                if reason != "warning":
                    await link.socket.close()


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}}
