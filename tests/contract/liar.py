"""A server that answers as no service should."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Liar:
    """Reads a request and answers with whatever it is given; keeps what it was asked."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.heads: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/"

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a head, then answer."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await self._say(writer)
        writer.close()


@contextlib.asynccontextmanager
async def lying(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Liar]:
    """Serve on loopback while the block runs."""
    liar = Liar(say)
    server = await asyncio.start_server(liar.meet, "127.0.0.1", 0, ssl=tls)
    liar.port = server.sockets[0].getsockname()[1]
    yield liar
    server.close()


def whole(body: bytes, *, head: bytes = b"Content-Type: application/json", status: bytes = b"200 OK") -> Say:
    """Answer with a body, all of it at once."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %b\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (status, head, len(body), body))
        await writer.drain()

    return say


def endless(limit: int, sent: list[int], *, head: bytes = b"Content-Type: application/json") -> Say:
    """Answer with a body that does not end before the limit; add what was sent."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\nTransfer-Encoding: chunked\r\n\r\n" % head)
        while sum(sent) < limit:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            sent.append(0x10000)
            await writer.drain()

    return say


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)
