"""What is not surely Slack's goes no further: the checks of one request, the cheap ones first."""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from aiohttp import web

from bot.domain.bounds import MOST_FIELDS, REQUEST_MAX, within_bounds

logger = logging.getLogger(__name__)

BODY_WITHIN = 5.0
"""Seconds that a body may take to come."""
OLDEST = 300
"""Seconds a signed request is good for: https://docs.slack.dev/authentication/verifying-requests-from-slack"""
HELD_MAX, SHORT = 32 * 1024 * 1024, 16 * 1024
"""Bytes of unfinished bodies; past the first, only those go on that are as short as a command or a press."""
TIMESTAMP_MAX = 12
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

Json = dict[str, Any]


class Refused(Exception):
    """The request goes no further. The reason is for our counter; whoever sent it sees the status alone."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Incoming(Protocol):
    """A body as it comes."""

    async def readany(self) -> bytes:
        """Return what is there, b"" at the end."""
        ...


class Bodies:
    """Reads bodies, and knows how much of unfinished ones is held: many long ones must not fill the memory."""

    def __init__(self) -> None:
        self._held = 0

    async def read(self, incoming: Incoming, headers: Mapping[str, str]) -> bytes:
        """Return the body; no more than any request of Slack's has is ever held.

        Raises:
            Refused: it is too long, too slow, of another kind, or breaks off.
        """
        announced = headers.get("Content-Length", "0")
        if len(announced) > TIMESTAMP_MAX or not announced.isdecimal() or int(announced) > REQUEST_MAX:
            raise Refused(413, "too long")
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() not in {FORM, JSON}:
            raise Refused(400, "kind")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_WITHIN):
                while piece := await incoming.readany():
                    body += piece
                    self._held += len(piece)
                    if len(body) > (REQUEST_MAX if self._held < HELD_MAX else SHORT):
                        raise Refused(413, "too long")
        except TimeoutError:
            raise Refused(408, "slow") from None
        except (OSError, RuntimeError, web.RequestPayloadError):  # aiohttp says RuntimeError of a connection lost early
            raise Refused(400, "broken off") from None
        finally:
            self._held -= len(body)
        return bytes(body)


def check_signature(body: bytes, headers: Mapping[str, str], secret: bytes) -> None:
    """Check that Slack signed these bytes within the last five minutes.

    Raises:
        Refused: it did not.
    """
    stamp = headers.get("X-Slack-Request-Timestamp", "")
    given = headers.get("X-Slack-Signature", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > TIMESTAMP_MAX:
        raise Refused(401, "timestamp")
    expected = "v0=" + hmac.digest(secret, b"v0:" + stamp.encode() + b":" + body, "sha256").hex()
    if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        raise Refused(401, "signature")
    off = round(time.time()) - int(stamp)
    if abs(off) > OLDEST:
        logger.warning(
            "refused a request signed at another time: is this machine's clock right?", extra={"clock_off_seconds": off}
        )
        raise Refused(401, "another time")


def parse(body: bytes, headers: Mapping[str, str]) -> Json:
    """Return what the body says, which is an object of sane depth and width.

    Raises:
        Refused: it is of no shape that Slack's requests have.
    """
    try:
        text = body.decode()
        if JSON in headers.get("Content-Type", "").lower():
            return within_bounds(json.loads(text))
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
        payload = fields.get("payload")
        return fields if payload is None else within_bounds(json.loads(payload))
    except (ValueError, RecursionError):
        raise Refused(400, "shape") from None
