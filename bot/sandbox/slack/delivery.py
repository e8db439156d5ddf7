"""How something reaches the app: signed over HTTP, or over its sockets; three seconds for an answer."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.model import Delivery
from bot.sandbox.slack.payloads import envelope
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.workspace import Workspace

ACK_SECONDS = 3.0

Post = Callable[[str, bytes, dict[str, str]], Awaitable[tuple[int, str, bytes]]]
"""Posts a body with headers to an address; returns status, content type and body of the answer."""


async def post_over_http(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
    """Post with a connection of its own, as Slack's many machines do."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, answer.content_type, await answer.read()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the `X-Slack-Signature` of a body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Deliverer:
    """Brings things to the app and notes how it took them."""

    def __init__(
        self, workspace: Workspace, *, sockets: Sockets, signing_secret: str, request_url: str | None, post: Post
    ) -> None:
        self.request_url, self.ack_seconds = request_url, ACK_SECONDS
        self._sockets, self._secret, self._post = sockets, signing_secret, post
        self._faults, self._now = workspace.faults, workspace.now

    async def deliver(self, delivery: Delivery) -> None:
        """Send it, wait for the acknowledgement, and fill in what came of it."""
        if self.request_url:
            delivery.how = "http"
        elif len(self._sockets):
            delivery.how = "socket"
        else:
            delivery.error = "dispatch_failed"
            return
        started = self._now()
        try:
            async with asyncio.timeout(self.ack_seconds):
                await (self._over_http(delivery) if self.request_url else self._over_a_socket(delivery))
                if self._faults.ack_delay:
                    await asyncio.sleep(self._faults.ack_delay)
        except TimeoutError:
            delivery.error, delivery.ack = "operation_timeout", None
        except (OSError, RuntimeError, aiohttp.ClientError):
            delivery.error = "dispatch_failed"
        if delivery.error is None:
            delivery.acked_in = self._now() - started

    async def _over_a_socket(self, delivery: Delivery) -> None:
        frame = envelope(delivery.envelope_id, delivery.kind, delivery.payload, retry_num=delivery.retry_num)
        delivery.ack = await self._sockets.send(frame)

    async def _over_http(self, delivery: Delivery) -> None:
        kind = "application/x-www-form-urlencoded"
        if delivery.kind == "slash_commands":
            body = urlencode(delivery.payload).encode()
        elif delivery.kind == "interactive":
            body = urlencode({"payload": json.dumps(delivery.payload)}).encode()
        else:
            body, kind = json.dumps(delivery.payload).encode(), "application/json"
        timestamp = str(int(self._now()))
        headers = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (sandbox)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if delivery.retry_num:
            headers |= {"X-Slack-Retry-Num": str(delivery.retry_num), "X-Slack-Retry-Reason": "http_timeout"}
        status, answer_kind, answer = await self._post(self.request_url or "", body, headers)
        delivery.status = status
        if status != HTTPStatus.OK:
            refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            delivery.error = "http_client_error" if refused else "http_service_error"
        elif delivery.kind == "slash_commands" and answer.strip():
            try:
                delivery.ack = json.loads(answer) if "json" in answer_kind else answer.decode()
            except ValueError:
                delivery.error = "cannot_parse_response"
