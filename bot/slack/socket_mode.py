"""The way in without an address of our own: a socket to Slack, watched, since it can be open and deaf."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from datetime import timedelta

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.domain.bounds import REQUEST_MAX, within_bounds
from bot.ports import Clock
from bot.slack.outcomes import outcome

logger = logging.getLogger(__name__)

SILENT = timedelta(seconds=60)
"""A socket that lives answers a ping every ten seconds."""
LONGEST_WAIT = 60.0


class Socket:
    """One socket for as long as the bot runs; `silent` while nothing shows that it is alive."""

    def __init__(self, bolt: AsyncApp, app_token: str, *, clock: Clock, refused: Callable[[str], None]) -> None:
        self._handler = AsyncSocketModeHandler(bolt, app_token)
        self._clock = clock
        self._refused = refused
        self.silent = False
        client = self._handler.client
        client.proxy = None  # as in `web_client`
        self._enqueue = client.enqueue_message
        client.enqueue_message = self._take  # type: ignore[method-assign]  # the one place before the SDK parses

    async def connect(self, stopping: asyncio.Event) -> None:
        """Connect, trying again until it works: Slack being away must not end the bot."""
        wait = 1.0
        while not stopping.is_set():
            try:
                await self._handler.connect_async()  # type: ignore[no-untyped-call]  # the adapter has no types
            except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's and TimeoutError
                logger.warning("no socket yet", extra={"why": str(outcome(error)), "again_in_seconds": wait})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                return

    async def watch(self) -> None:
        """Connect anew when the socket is closed, or open but silent. Called every few seconds."""
        client = self._handler.client
        last = client.last_ping_pong_time
        deaf = last is not None and self._clock.now().timestamp() - last > SILENT.total_seconds()
        if await client.is_connected() and not deaf:
            if self.silent:
                logger.info("the socket answers again")
            self.silent = False
            return
        if not self.silent:
            logger.warning("the socket is silent and is connected anew")
        self.silent = True
        try:
            await client.connect_to_new_endpoint(force=True)
        except Exception as error:  # noqa: BLE001 - as in `connect`
            logger.warning("no socket yet", extra={"why": str(outcome(error))})

    async def close(self) -> None:
        """Take nothing more."""
        await self._handler.close_async()  # type: ignore[no-untyped-call]  # the adapter has no types

    async def _take(self, message: str) -> None:
        """Hand a message on, unless it is nothing that Slack would send."""
        try:
            if len(message) > REQUEST_MAX:
                raise ValueError("too long")  # noqa: TRY301 - one way out for all that is refused
            if message.startswith("{"):
                within_bounds(json.loads(message))
        except (ValueError, RecursionError):
            self._refused("envelope")
            return
        await self._enqueue(message)
