"""`python -m tests.benchmarks.rush PORT CONNECTIONS REQUESTS [RATE]`: how long commands take to be acknowledged.

Without a rate each connection asks again once it is answered. With one, requests leave at their times whatever
became of those before, and their time counts from when they had to leave. Prints JSON: seconds in all, and of each.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import sys
import time
from urllib.parse import urlencode

SECRET = "sandbox-secret-0001"
PEOPLE = ("U0ADA", "U0BEN", "U0CHI")


def signed(number: int) -> bytes:
    """Return `/track status` as Slack sends it; each is asked by one of three people and is another request."""
    command = {
        "token": "sandbox",
        "team_id": "T0SANDBOX",
        "team_domain": "sandbox",
        "channel_id": "C0ORDERS",
        "channel_name": "orders",
        "user_id": PEOPLE[number % 3],
        "user_name": "ada",
        "command": "/track",
        "text": "status",
        "api_app_id": "A0SANDBOX",
        "is_enterprise_install": "false",
        "trigger_id": f"{time.time_ns()}.{number}",
    }
    body = urlencode(command).encode()
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: waybill\r\nUser-Agent: Slackbot 1.0\r\nAccept: application/json,*/*\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={digest}\r\n\r\n"
    )
    return head.encode() + body


class Line(asyncio.Protocol):
    """A connection that asks one thing at a time; an acknowledgement is short enough to come in one piece."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Take an answer."""
        self.answered.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that there will be none."""
        if not self.answered.done():
            self.answered.set_exception(exc or ConnectionResetError())

    async def ask(self, request: bytes) -> None:
        """Send a request and wait until it is acknowledged."""
        assert self.transport
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        answer = await self.answered
        assert answer.startswith(b"HTTP/1.1 200"), answer


async def rush(port: int, connections: int, requests: int, rate: float) -> dict[str, object]:
    """Return how long it took in all, and each."""
    loop = asyncio.get_running_loop()
    lines = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(connections)]
    waiting = [signed(number) for number in range(requests)]
    took: list[float] = []
    numbers = itertools.count()
    began = time.perf_counter()

    async def person(line: Line) -> None:
        while (number := next(numbers)) < requests:
            leaves = began + number / rate if rate else time.perf_counter()
            if (early := leaves - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            await line.ask(waiting[number])
            took.append(time.perf_counter() - leaves)

    await asyncio.gather(*(person(line) for line in lines))
    return {"whole": time.perf_counter() - began, "took": took}


if __name__ == "__main__":
    port, connections, requests, *rates = sys.argv[1:]
    found = asyncio.run(rush(int(port), int(connections), int(requests), float(rates[0]) if rates else 0))
    sys.stdout.write(json.dumps(found))
