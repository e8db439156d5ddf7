"""Serving on a real address: as many connections as the system lets us have, and none is left behind."""

import logging
import socket
from collections.abc import AsyncIterator
from typing import ClassVar

import httpx
import pytest
import pytest_asyncio

from bot.web import door, serving
from tests.unit.site import Site, opened

WANTED = 2 * door.MOST_CONNECTIONS + door.FILES_BESIDES
PLENTY = 1_000_000


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(Site()) as site:
        yield site


class Limits:
    """The system's limit to open files; it is asked for no other."""

    RLIMIT_NOFILE: ClassVar[int] = 7

    def __init__(self, soft: int, hard: int, *, error: type[Exception] | None = None) -> None:
        self.now = (soft, hard)
        self.error = error
        self.asked: list[tuple[int, int]] = []

    def getrlimit(self, kind: int) -> tuple[int, int]:
        assert kind == self.RLIMIT_NOFILE
        return self.now

    def setrlimit(self, kind: int, wanted: tuple[int, int]) -> None:
        assert kind == self.RLIMIT_NOFILE
        self.asked.append(wanted)
        if self.error is not None:
            raise self.error("no")
        self.now = wanted


@pytest.mark.promise("H3")
@pytest.mark.parametrize(
    ("soft", "hard", "error", "allowed", "most"),
    [
        (1024, PLENTY, None, WANTED, door.MOST_CONNECTIONS),
        (1024, -1, None, WANTED, door.MOST_CONNECTIONS),  # -1: no limit
        (1024, 2048, None, 2048, 2048 - door.FILES_BESIDES),
        (WANTED - 1, PLENTY, None, WANTED, door.MOST_CONNECTIONS),
        (1024, PLENTY, OSError, 1024, 1024 - door.FILES_BESIDES),
        (1024, PLENTY, ValueError, 1024, 1024 - door.FILES_BESIDES),
    ],
)
async def test_there_are_as_many_connections_as_files_may_be_open(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    soft: int,
    hard: int,
    error: type[Exception] | None,
    allowed: int,
    most: int,
) -> None:
    limits = Limits(soft, hard, error=error)
    monkeypatch.setattr(door, "resource", limits)
    entry = site.web.door()

    async with door.listening(entry, "127.0.0.1", 0):
        assert (limits.now, entry.most) == ((allowed, hard), most)


@pytest.mark.parametrize("soft", [WANTED, PLENTY])
async def test_where_enough_files_may_be_open_nothing_more_is_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, soft: int
) -> None:
    limits = Limits(soft, PLENTY)
    monkeypatch.setattr(door, "resource", limits)

    async with door.listening(site.web.door(), "127.0.0.1", 0):
        assert limits.asked == []


async def test_it_serves_at_the_port_it_says_and_is_gone_afterwards(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.web")

    async with serving(site.web, "127.0.0.1", 0) as port, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/healthz")

    assert answer.json() == {"ok": True}
    (record,) = (record for record in caplog.records if record.name == "bot.web")
    assert (record.getMessage(), record.__dict__["port"]) == ("listening", port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_a_port_that_is_taken_is_an_error(site: Site) -> None:
    async with serving(site.web, "127.0.0.1", 0) as port:
        with pytest.raises(OSError, match="in use"):
            async with serving(site.web, "127.0.0.1", port):
                pass
