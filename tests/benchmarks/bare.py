"""`python -m tests.benchmarks.bare PORT FILE`: Bolt on its own server: append, fsync, acknowledge.

Nothing less can be promised in Python; it is what an acknowledgement is measured against.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from tests.benchmarks.rush import SECRET


def main(port: int, path: Path) -> None:
    """Serve until told to stop."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_id="B1", bot_user_id="U1")

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def append(content: bytes) -> None:
        os.write(file, content)
        os.fsync(file)

    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    @bolt.command(re.compile(".*"))
    async def on_command(ack: Callable[[], Awaitable[object]], request: AsyncBoltRequest) -> None:
        await asyncio.to_thread(append, request.raw_body.encode())
        await ack()

    app = bolt.server(port=port, path="/slack/events").web_app
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
