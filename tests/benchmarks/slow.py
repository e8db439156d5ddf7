"""`python -m tests.benchmarks.slow PORT CLIENTS`: clients that send a byte a second, half of a head, half of a body.

Whoever is cut off comes back. Prints a line once all are there.
"""

import asyncio
import contextlib
import resource
import sys

HEAD = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{"


async def client(port: int, begins: bytes, met: asyncio.Semaphore) -> None:
    """Drip for ever."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            met.release()
            writer.write(begins)
            while not writer.is_closing():
                await asyncio.sleep(1)
                writer.write(b" ")
                await writer.drain()
        await asyncio.sleep(0.5)


async def main(port: int, clients: int) -> None:
    """Begin all, then drip until told to stop."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    met = asyncio.Semaphore(0)
    dripping = [asyncio.create_task(client(port, (HEAD, BODY)[number % 2], met)) for number in range(clients)]
    for _ in range(clients):
        await met.acquire()
    sys.stdout.write("all are there\n")
    sys.stdout.flush()
    await asyncio.gather(*dripping)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
