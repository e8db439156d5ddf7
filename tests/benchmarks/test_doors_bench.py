"""What it takes to be acknowledged, in quiet times and in bad ones."""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import pytest

from tests.benchmarks.listed import listed
from tests.benchmarks.many import with_many_parcels
from tests.benchmarks.table import Figures, p99, spread
from tests.e2e.ground import Ground
from tests.e2e.stage import port_of, reserved_port, until

ROUNDS = 5
PAGE = 2000
SLOW = 2000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """What became of many requests."""

    a_second: float
    took: Sequence[float]


async def rush(port: int, connections: int, requests: int, rate: float = 0) -> Rush:
    """Send signed commands from a process of its own."""
    words = [str(one) for one in (port, connections, requests, rate)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.rush", *words, stdout=asyncio.subprocess.PIPE
    )
    found = json.loads((await process.communicate())[0])
    return Rush(a_second=requests / found["whole"], took=found["took"])


@contextlib.asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[int]:
    """Run the floor in a process of its own; yield its port."""
    held = reserved_port()
    port = port_of(held)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.bare",
        str(port),
        str(folder / "bare"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(partial(listens, port))
        yield port
    finally:
        process.terminate()
        await process.wait()
        held.close()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def done(ground: Ground) -> None:
    """Wait until the bot has nothing left to do: its CPU stands still."""
    assert ground.bot
    before = -1.0
    while (now := cpu_seconds(ground.bot.pid)) - before > 0.02:
        before = now
        await asyncio.sleep(1)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_how_many_are_acknowledged(tmp_path: Path, figures: Figures) -> None:
    async with with_many_parcels(tmp_path, sweep_every=300) as ground, bare(tmp_path) as floor:
        for connections, requests in ((1, 500), (32, 2000)):
            ours, least = [], []
            for _ in range(ROUNDS):
                least.append(await rush(floor, connections, requests))
                ours.append(await rush(ground.bot_port, connections, requests))
                await done(ground)
            ratios = [mine.a_second / bare.a_second for mine, bare in zip(ours, least, strict=True)]
            figures.line(
                f"`/track status` to ack, {connections} at once, in the inbox on disk",
                median(ratios),
                measured=f"{median(one.a_second for one in ours):,.0f}/s ({min(ratios):.2f} to {max(ratios):.2f} x); "
                + spread([each for one in ours for each in one.took]),
                floor=f"bare Bolt, one fsync each: {median(one.a_second for one in least):,.0f}/s; "
                + spread([each for one in least for each in one.took]),
                must=0.6,
                reach=0.85,
                more_is_better=True,
            )


@pytest.mark.parametrize(("rate", "must", "reach"), [(300, 500, 100), (1000, None, 100)])
async def test_how_long_an_acknowledgement_takes_at_a_steady_rate(
    tmp_path: Path, figures: Figures, rate: int, must: float | None, reach: float
) -> None:
    async with with_many_parcels(tmp_path, sweep_every=300) as ground:
        found = await rush(ground.bot_port, 64, 8 * rate, rate)

    figures.line(
        f"the same at {rate:,}/s, open loop, 10,000 parcels: p99",
        1000 * p99(found.took),
        measured=f"{spread(found.took)}; {found.a_second:,.0f}/s",
        must=must,
        reach=reach,
        unit=" ms",
    )
    assert len(found.took) == 8 * rate


async def test_how_long_it_takes_while_pages_are_swept(tmp_path: Path, figures: Figures) -> None:
    idle, busy, pages = [], [], 0
    async with listed(tmp_path, PAGE, "touched") as url:
        for number in range(3):
            async with with_many_parcels(tmp_path / f"quiet{number}", sweep_every=300, listed_at=url) as quiet:
                idle.append(await rush(quiet.bot_port, 4, 1000, 100))
            async with with_many_parcels(tmp_path / f"swept{number}", sweep_every=1, listed_at=url) as swept:
                await until(partial(has_answered, url, pages + 3))
                before = await answered(url)
                busy.append(await rush(swept.bot_port, 4, 1000, 100))
                pages = await answered(url)
                assert pages - before >= 8  # in ten seconds

    ratios = [p99(slow.took) / p99(least.took) for slow, least in zip(busy, idle, strict=True)]
    figures.line(
        "ack p99 while a page of 2,000 is swept each second",
        median(ratios),
        measured=f"{spread([each for one in busy for each in one.took])} ({min(ratios):.2f} to {max(ratios):.2f} x)",
        floor=f"idle: {spread([each for one in idle for each in one.took])}",
        must=6,
        reach=4,
    )


async def answered(url: str) -> int:
    """Return how many pages of the list were answered."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return int((await client.get(f"{url}/answered")).text)


async def has_answered(url: str, pages: int) -> bool:
    return await answered(url) >= pages


async def test_an_unsigned_post_of_300_mb(tmp_path: Path, figures: Figures) -> None:
    size = 300 * MIB
    took, grown = [], []
    async with with_many_parcels(tmp_path, sweep_every=300) as ground:
        assert ground.bot
        await rush(ground.bot_port, 1, 50)
        await done(ground)
        for head in (b"Content-Length: %d" % size, b"Transfer-Encoding: chunked"):
            for _ in range(10):
                before = resident(ground.bot.pid)
                took.append(await refused_in(ground.bot_port, head, size))
                grown.append(resident(ground.bot.pid) - before)

    figures.line("unsigned POST of 300 MB: 413 within", 1000 * max(took), must=50, reach=50, unit=" ms")
    figures.line("unsigned POST of 300 MB: memory", max(grown) / MIB, must=10, reach=10, unit=" MiB")


async def refused_in(port: int, head: bytes, size: int) -> float:
    """Send what is too long as fast as it is taken; return the seconds until the refusal."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n%b\r\n\r\n"
        % head
    )
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    async def send() -> None:
        for _ in range(size // 0x10000):
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    line = await reader.readline()
    took = time.perf_counter() - began
    assert b" 413 " in line, line
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError, OSError):
        await sending
    writer.close()
    return took


async def test_two_thousand_slow_clients(tmp_path: Path, figures: Figures) -> None:
    async with with_many_parcels(tmp_path, sweep_every=300) as ground:
        slow = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.benchmarks.slow",
            str(ground.bot_port),
            str(SLOW),
            stdout=asyncio.subprocess.PIPE,
        )
        assert slow.stdout
        await slow.stdout.readline()
        found = [await rush(ground.bot_port, 1, 20, 100) for _ in range(20)]  # new connections, as a proxy makes them
        slow.terminate()
        await slow.wait()

    took = [one for each in found for one in each.took]
    figures.line(
        f"{SLOW:,} slow clients: ack p99 of others",
        1000 * p99(took),
        measured=spread(took),
        must=500,
        reach=100,
        unit=" ms",
    )
