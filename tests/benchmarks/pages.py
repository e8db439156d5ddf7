"""`python -m tests.benchmarks.pages FILE PORT`: a service that has nothing but the list, each page of it prepared.

FILE is a page as the simulated service writes it; its parcels come again and again under other numbers.
"""

import asyncio
import sys
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

PARCELS = 100_000
MOVED = b"Left stop 0"
ACCOUNT = b'{"meta": {"code": 200}, "data": {"track_number": 100000, "money": 0}}'


def number_of(at: int) -> str:
    """Return the number of a parcel in the list."""
    return f"1ZY{at:015d}"


def split(body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the entries of a page, each without its number."""
    envelope = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    items = msgspec.json.decode(envelope["data"], type=dict[str, msgspec.Raw])["items"]
    found = []
    for entry in msgspec.json.decode(items, type=list[msgspec.Raw]):
        number = msgspec.json.decode(entry)["tracking_number"].encode()
        before, _, after = bytes(entry).partition(b'"' + number + b'"')
        found.append((before, after.replace(number, b"?")))
    return found


class Listing:
    """The list; of every hundredth parcel it says something new when it is told to."""

    def __init__(self, body: bytes) -> None:
        self._entries = split(body)
        self.page = cache(self._page)

    def _page(self, page: int, limit: int, moved: str) -> bytes:
        items = []
        for at in range((page - 1) * limit, min(page * limit, PARCELS)):
            before, after = self._entries[at % len(self._entries)]
            if moved and at % 100 == 0:
                after = after.replace(b"Arrived at stop 0", f"Left stop {moved}".encode())
            items.append(before + f'"{number_of(at)}"'.encode() + after)
        facts = f'"page": {page}, "limit": {limit}, "total": "{PARCELS}", "items": ['.encode()
        body = b'{"meta": {"code": 200, "message": "Success"}, "data": {' + facts + b", ".join(items) + b"]}}"
        return _answer(body)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def serve(listing: Listing, port: int) -> None:
    """Answer for ever. `/v2/moved/WORD` is no call of the service: it changes what the list says."""
    moved = ""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal moved
        while head := await _head(reader):
            url = urlsplit(head.split(b" ", 2)[1].decode())
            if url.path.endswith("/trackings/get"):
                query = parse_qs(url.query)
                writer.write(listing.page(int(query["page"][0]), int(query["limit"][0]), moved))
            else:
                moved = url.path.partition("/moved/")[2]
                writer.write(_answer(ACCOUNT))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


if __name__ == "__main__":
    asyncio.run(serve(Listing(Path(sys.argv[1]).read_bytes()), int(sys.argv[2])))
