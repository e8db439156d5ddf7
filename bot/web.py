"""The HTTP routes: Slack's, health and metrics. What is not surely Slack's goes no further than this module."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

logger = logging.getLogger(__name__)

BODY_MAX = 256 * 1024
OLDEST = 300
"""Seconds a signed request is good for: https://docs.slack.dev/authentication/verifying-requests-from-slack"""
TIMESTAMP_MAX = 12

Health = Callable[[], Awaitable[Mapping[str, Any]]]


def build_web(*, bolt: AsyncApp, signing_secret: str, health: Health, registry: CollectorRegistry) -> Starlette:
    """Return the web application."""

    async def events(request: Request) -> Response:
        body = await _read(request)
        if body is None:
            return _refused(413)
        if not _is_signed(request, body, signing_secret):
            return _refused(401)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return _refused(400)
        try:
            asked = AsyncBoltRequest(body=text, query=request.url.query, headers=dict(request.headers))
            answer = await bolt.async_dispatch(asked)
        except Exception:
            # What is signed and yet of no shape that Bolt knows is answered like all that is not understood.
            logger.exception("a request of Slack's was not understood")
            return _refused(400)
        return Response(answer.body, status_code=answer.status, headers=answer.first_headers_without_set_cookie())

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readyz(_request: Request) -> Response:
        facts = await health()
        return JSONResponse(dict(facts), status_code=200 if facts.get("ready") else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route("/slack/events", events, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


@contextlib.asynccontextmanager
async def serving(web: Starlette, host: str, port: int) -> AsyncIterator[None]:
    """Serve the application while the block runs.

    Raises:
        OSError: the port is taken or the address is not ours.
    """
    listening = socket.create_server((host, port))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each acknowledgement waits for 40 ms
    config = uvicorn.Config(
        web, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5, ws="none"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[listening]), name="web")  # noqa: SLF001 - serve() would take our signals
    logger.info("listening", extra={"port": listening.getsockname()[1]})
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def _read(request: Request) -> bytes | None:
    """Return the body, or None when it is longer than any request of Slack's; no more than that is ever held."""
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_MAX:
                return None
            parts.append(chunk)
    except ClientDisconnect:
        return None
    return b"".join(parts)


def _is_signed(request: Request, body: bytes, secret: str) -> bool:
    """Return whether Slack signed these bytes within the last five minutes."""
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > TIMESTAMP_MAX:
        return False
    expected = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        return False
    off = round(time.time()) - int(stamp)
    if abs(off) > OLDEST:
        logger.warning(
            "refused a request signed at another time: is this machine's clock right?", extra={"clock_off_seconds": off}
        )
        return False
    return True


def _refused(status: int) -> Response:
    return JSONResponse({"error": "refused"}, status_code=status)
