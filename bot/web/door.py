"""Connections: how many there may be, and how long each may take to say what it wants.

aiohttp's server reads HTTP (its parser is C); this module adds what it leaves open: a limit to the number of
connections, to the bytes and the time before a request is whole, and answers that quote nothing.
"""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

logger = logging.getLogger(__name__)

HEAD_MAX = 16 * 1024
HEAD_WITHIN = 10.0
"""Seconds until the head of a request must be there, from the connection or the last answer on."""
IDLE = 75
"""Seconds that a connection is kept which has brought a request of Slack's: longer than proxies keep theirs."""
TO_READ_WHY = 0.1
"""Seconds between a refusal and the end of a connection that still sends: its reset would overtake the answer."""
MOST_CONNECTIONS = 4000
FILES_BESIDES = 128
"""Open files that are not connections: the store's, and the connections that we make."""
STOP_WITHIN = 2.0
"""Seconds that what is being answered may take when we are to stop."""
BACKLOG = 2048
ACCEPTED_AT_ONCE = 16
"""New connections for each turn of the loop; asyncio would take the whole backlog in one."""

FAULT_OF_OURS = 500
Handle = Callable[["Connection", web.BaseRequest], Awaitable[web.StreamResponse]]
_BARE = b"HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nContent-Length: 19\r\nConnection: close\r\n\r\n%s"
REFUSED = b'{"error":"refused"}'


class Connection(web.RequestHandler):
    """One connection; a stranger until it has brought a request that Slack signed."""

    __slots__ = ("_door", "_head", "_timer", "_waiting")

    def __init__(self, door: "Door", **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(door.server, loop=door.loop, **options)
        self._door = door
        self._head = 0
        self._waiting = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._timer = self._door.loop.call_later(HEAD_WITHIN, self._cut, 408, "slow head")
        self._door.entered(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._unset()
        self._door.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless they are a head without end."""
        if self._waiting:
            if self._head > HEAD_MAX:
                self._cut(400, "long head")
                return
            self._head += len(data)
        super().data_received(data)

    def began(self) -> None:
        """Note that a head is whole."""
        self._waiting = False
        self._unset()

    def ended(self) -> None:
        """Note that a request was answered; wait for the next head."""
        self._waiting, self._head = True, 0
        if self in self._door.strangers and self.transport is not None:
            self._timer = self._door.loop.call_later(HEAD_WITHIN, self._cut, 408, "slow head")

    def trust(self) -> None:
        """Note that the other side is Slack, or has shown us what only Slack can show."""
        self._door.strangers.pop(self, None)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no HTTP; what was wrong with it is neither said nor logged."""
        del request, message
        if status >= FAULT_OF_OURS:
            logger.error("a request could not be answered", exc_info=exc)
        else:
            self._door.refused("no http")
        response = web.Response(
            status=status if status >= FAULT_OF_OURS else 400, body=REFUSED, content_type="application/json"
        )
        response.force_close()
        return response

    def _cut(self, status: int, reason: str) -> None:
        self._door.refused(reason)
        if self.transport is not None and self._head:
            self.transport.write(_BARE % (status, REFUSED))
        self.force_close()

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Door:
    """Lets connections in: strangers make room for new ones, the oldest first; whoever is trusted stays."""

    def __init__(self, handle: Handle, refused: Callable[[str], None], *, most: int = MOST_CONNECTIONS) -> None:
        self.loop = asyncio.get_running_loop()
        self.refused = refused
        self.strangers: dict[Connection, None] = {}
        self.most = most
        self._handle = handle
        self._all: set[Connection] = set()
        self.server = web.Server(self._answer, request_factory=self._request)

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(
            self,
            keepalive_timeout=IDLE,
            access_log=None,
            logger=logger,
            auto_decompress=False,
            lingering_time=0,
            max_line_size=4096,
            max_field_size=4096,
            max_headers=64,
            read_bufsize=2**16,
        )

    def entered(self, connection: Connection) -> None:
        """Count a connection in; past the limit the oldest stranger goes, which may be this one."""
        self._all.add(connection)
        self.strangers[connection] = None
        if len(self._all) > self.most:
            oldest = next(iter(self.strangers))
            self.left(oldest)
            self.refused("too many connections")
            oldest.force_close()

    def left(self, connection: Connection) -> None:
        """Count a connection out."""
        self._all.discard(connection)
        self.strangers.pop(connection, None)

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:  # noqa: ANN401 - aiohttp's own types, handed on
        protocol.began()
        return web.BaseRequest(message, payload, protocol, writer, task, self.loop)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection: Any = request.protocol
        try:
            response = await self._handle(connection, request)
            response.headers["Server"] = "waybill"
            if not response.keep_alive and not request.content.is_eof():
                with contextlib.suppress(ConnectionError):  # who broke off in the middle does not hear why
                    await response.prepare(request)
                    await response.write_eof()
                    await asyncio.sleep(TO_READ_WHY)
            return response
        finally:
            connection.ended()


@contextlib.asynccontextmanager
async def listening(door: Door, host: str, port: int) -> AsyncIterator[int]:
    """Let connections in while the block runs; yield the port.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    door.most = min(door.most, _files_allowed() - FILES_BESIDES)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as name:
        name.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each acknowledgement waits for 40 ms
        server = await door.loop.create_server(door, sock=name, backlog=ACCEPTED_AT_ONCE)
        name.listen(BACKLOG)  # asyncio has just set it to what it accepts at once
        try:
            yield int(name.getsockname()[1])
        finally:
            server.close()
            door.server.pre_shutdown()  # connections that are idle end at once
            await door.server.shutdown(STOP_WITHIN)


def _files_allowed() -> int:
    """Return how many files may be open, after asking for all that we may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS + FILES_BESIDES
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
