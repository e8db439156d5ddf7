"""Calls to Slack: one kind of session, which waits ten seconds and takes four mebibytes at most."""

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

TIME_LIMIT = 10
"""Seconds a call may take in all."""
ANSWER_MAX = 4 * 1024 * 1024
_ELSEWHERE = 3  # what HTTP statuses of redirects begin with


class NoAnswerOfSlacks(aiohttp.ClientPayloadError):
    """Slack answers otherwise; what was asked for may have been done."""


class CappedResponse(aiohttp.ClientResponse):
    """An answer of which no more is held than one of Slack's can have."""

    async def read(self) -> bytes:
        """Return the body; the SDK's `json()` and `text()` read by this too.

        Raises:
            NoAnswerOfSlacks: it is too long.
        """
        if self._body is None:
            try:
                self._body = await self._capped()
            except BaseException:
                self.close()
                raise
        return await super().read()

    async def _capped(self) -> bytes:
        body = bytearray()
        if (self.content_length or 0) <= ANSWER_MAX:
            async for piece in self.content.iter_any():
                body += piece
                if len(body) > ANSWER_MAX:
                    break
            else:
                return bytes(body)
        raise NoAnswerOfSlacks("the answer is too long")


async def _stays_here(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request; Slack sends nobody elsewhere, and the token must not go there."""
    response = await send(request)
    if response.status // 100 == _ELSEWHERE:
        response.close()
        raise NoAnswerOfSlacks(f"sent elsewhere by HTTP {response.status}")
    return response


def outgoing_session() -> aiohttp.ClientSession:
    """Return a session for all calls to Slack: it takes nothing from the environment and unpacks nothing.

    The SDK's own timeout does not count for a session it is given.
    """
    return aiohttp.ClientSession(
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=TIME_LIMIT),
        response_class=CappedResponse,
        middlewares=(_stays_here,),
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
    )


def web_client(token: str, base_url: str, session: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """Return a client that never repeats a call by itself: the SDK's default posts twice after a dropped answer.

    It goes out directly; the SDK takes a proxy from the environment when it is given none.
    """
    client = AsyncWebClient(
        token=token,
        base_url=base_url,
        timeout=TIME_LIMIT,
        session=session,
        retry_handlers=[],
        trust_env_in_session=False,
    )
    client.proxy = None
    return client
