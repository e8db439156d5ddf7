"""`python -m tests.benchmarks.pages FILE PORT PARCELS [touched]`: nothing but the list, each page of it prepared.

FILE is a page as the simulated service writes it; its parcels come again and again under other numbers. Where they are
touched, each answer says that all were refreshed just now; nothing else is done for an answer.
"""

import asyncio
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

PARCELS = 100_000
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOVED = b"Left stop 0"
ACCOUNT = b'{"meta": {"code": 200}, "data": {"track_number": 100000, "money": 0}}'
UPDATED = b'"updated_at": "%b"'


def number_of(at: int) -> str:
    """Return the number of a parcel in the list."""
    return f"1ZX{at + 1:015d}"


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

    def __init__(self, body: bytes, parcels: int, *, touched: bool) -> None:
        self._entries = split(body)
        self._parcels = parcels
        self._touched = touched
        self._prepared = cache(self._page)
        self.answered = 0

    def page(self, page: int, limit: int, moved: str) -> bytes:
        """Return the answer to a call for a page."""
        self.answered += 1
        answer = self._prepared(page, limit, moved)
        if not self._touched:
            return answer
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return answer.replace(UPDATED % b"2026-03-02T20:00:00+08:00", UPDATED % now.encode())

    def _page(self, page: int, limit: int, moved: str) -> bytes:
        items = []
        for at in range((page - 1) * limit, min(page * limit, self._parcels)):
            before, after = self._entries[at % len(self._entries)]
            if moved and at % 100 == 0:
                after = after.replace(b"Arrived at stop 0", f"Left stop {moved}".encode())
            items.append(before + f'"{number_of(at)}"'.encode() + after)
        facts = f'"page": {page}, "limit": {limit}, "total": "{self._parcels}", "items": ['.encode()
        body = b'{"meta": {"code": 200, "message": "Success"}, "data": {' + facts + b", ".join(items) + b"]}}"
        return _answer(body)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def serve(listing: Listing, port: int) -> None:
    """Answer for ever; `/v2/moved/WORD` changes what the list says, `/answered` tells how many pages were answered."""
    moved = ""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal moved
        while head := await _head(reader):
            url = urlsplit(head.split(b" ", 2)[1].decode())
            if url.path.endswith("/trackings/get"):
                query = parse_qs(url.query)
                writer.write(listing.page(int(query["page"][0]), int(query["limit"][0]), moved))
            elif url.path == "/answered":
                writer.write(_answer(b"%d" % listing.answered))
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
    file, port, parcels, *words = sys.argv[1:]
    asyncio.run(serve(Listing(Path(file).read_bytes(), int(parcels), touched="touched" in words), int(port)))
