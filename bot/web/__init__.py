"""The HTTP routes: Slack's, health and metrics. What is not surely Slack's goes no further than this package."""

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.services.buckets import Buckets
from bot.web.door import REFUSED, Connection, Door, listening
from bot.web.guard import Bodies, Json, Refused, check_signature, parse

logger = logging.getLogger(__name__)

Health = Callable[[], Awaitable[Mapping[str, Any]]]
Route = Callable[[Connection, web.BaseRequest], Awaitable[web.Response]]
FAULT = 500  # what Bolt answers when it cannot read a request; our own listeners raise nothing
EVENTS = "/slack/events"
OPEN_A_MINUTE = 600
"""So often a minute may one address ask what nobody needs to sign."""


class Web:
    """Answers requests: each path has one method. Slack's are taken only where it can prove that they are its own."""

    def __init__(
        self, *, bolt: AsyncApp, signing_secret: str | None, health: Health, registry: CollectorRegistry
    ) -> None:
        self._bolt = bolt
        self._secret = (signing_secret or "").encode()
        self._bodies = Bodies()
        self._health = health
        self._registry = registry
        self._refusals = Counter("waybill_refused", "Requests that went no further", ["reason"], registry=registry)
        self._routes: dict[str, tuple[str, Route]] = {
            "/healthz": ("GET", self._healthz),
            "/readyz": ("GET", self._readyz),
            "/metrics": ("GET", self._metrics),
        }
        if signing_secret:
            self._routes[EVENTS] = ("POST", self._events)
        self._open = Buckets()

    def door(self) -> Door:
        """Return a door that leads here."""
        return Door(self.answer, self.count)

    def count(self, reason: str) -> None:
        """Count what went no further."""
        self._refusals.labels(reason).inc()

    async def answer(self, connection: Connection, request: web.BaseRequest) -> web.Response:
        """Return the answer to a request; never raises."""
        try:
            return await self._route(request)(connection, request)
        except Refused as refused:
            self.count(refused.reason)
            response = web.Response(status=refused.status, body=REFUSED, content_type="application/json")
            response.force_close()
            return response

    def _route(self, request: web.BaseRequest) -> Route:
        method, route = self._routes.get(request.path, ("", self._healthz))
        if not method:
            raise Refused(404, "path")
        if request.method != method:
            raise Refused(405, "method")
        if request.path != EVENTS and self._open.take((request.remote, OPEN_A_MINUTE)):
            raise Refused(429, "too often")
        return route

    async def _events(self, connection: Connection, request: web.BaseRequest) -> web.Response:
        body = await self._bodies.read(request.content, request.headers)
        check_signature(body, request.headers, self._secret)
        connection.trust()
        return await self._dispatch(parse(body, request.headers))

    async def _dispatch(self, body: Json) -> web.Response:
        # Bolt is given what was read, as from a socket: its own reading of forms loses commands that say "payload".
        try:
            answer = await self._bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        except Exception:
            # What is signed and yet of no shape that Bolt knows is answered like all that is not understood.
            logger.exception("a request of Slack's was not understood")
            raise Refused(400, "not understood") from None
        if answer.status == FAULT:
            raise Refused(400, "not understood")
        kind = answer.headers.get("content-type", ["text/plain"])[0].partition(";")[0]
        return web.Response(status=answer.status, body=(answer.body or "").encode(), content_type=kind)

    async def _healthz(self, _connection: Connection, _request: web.BaseRequest) -> web.Response:
        return _json({"ok": True})

    async def _readyz(self, _connection: Connection, _request: web.BaseRequest) -> web.Response:
        facts = await self._health()
        return _json(dict(facts), status=200 if facts.get("ready") else 503)

    async def _metrics(self, _connection: Connection, _request: web.BaseRequest) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": "text/plain; version=0.0.4"})


def _json(facts: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(facts), status=status, content_type="application/json")


@contextlib.asynccontextmanager
async def serving(web: Web, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the block runs; yield the port.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    async with listening(web.door(), host, port) as at:
        logger.info("listening", extra={"port": at})
        yield at
