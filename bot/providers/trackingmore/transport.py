"""HTTP to TrackingMore: the one place that makes outgoing clients, and the only one that knows httpx.

Whatever goes wrong here becomes an error of ours that holds nothing of httpx: its errors hold the request, and the
request holds the key.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpcore
import httpx
import msgspec

from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, ProviderUnavailable, SettingsError

CONNECT = timedelta(seconds=3)
READ = timedelta(seconds=20)
TOTAL = timedelta(seconds=30)
MEBIBYTE = 1024 * 1024
_AT_ONCE = MEBIBYTE  # bytes of an answer to take from the connection, if so many have come
_ELSEWHERE = 3  # what HTTP statuses of redirects begin with


class ConnectionFault(ProviderUnavailable):
    """The connection failed before an answer began: what only reads may be asked once more."""


class Key:
    """The account's key, which shows itself to nobody but the header it goes into."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        # An illegal header would be quoted in the library's error.
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise SettingsError(["The TrackingMore key must be of printable ASCII characters without spaces."])
        self._value = value

    def __repr__(self) -> str:
        return "Key(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not to be written anywhere.")

    def reveal(self) -> str:
        """Return the key itself."""
        return self._value


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it came: the body is not yet looked at."""

    status: int
    headers: Mapping[str, str]
    body: bytes | bytearray


class Transport:
    """Sends one call and returns its answer within the limits of time and size; repeats nothing.

    Raises:
        SettingsError: the key or the address is not one we would send a key to.
    """

    def __init__(
        self, *, key: Key, base_url: str, allow_loopback: bool = False, network: httpx.AsyncBaseTransport | None = None
    ) -> None:
        check_address(base_url, allow_loopback=allow_loopback)
        self._key = key
        self._client = outgoing_client(base_url, network)

    async def send(
        self,
        where: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        language: str = "",
        total: timedelta = TOTAL,
        most_bytes: int = 4 * MEBIBYTE,
        on_sent: Callable[[], None] = lambda: None,
    ) -> RawAnswer:
        """Send a call and return what came back; `where` is the vendor's name of the operation.

        Raises:
            ConnectionFault: no answer began.
            ProviderUnavailable: no whole answer came in time, or it sends us elsewhere.
            AnswerTooBig: it is larger than it may be.
            AnswerNotUnderstood: it is compressed although we asked for plain text.
        """
        may_repeat = True

        async def trace(event: str, _info: Mapping[str, Any]) -> None:
            if event.endswith("send_request_body.complete"):
                on_sent()

        try:
            async with (
                asyncio.timeout(total.total_seconds()),
                self._client.stream(
                    where.partition(" ")[0],
                    path,
                    params=query,
                    content=None if body is None else msgspec.json.encode(body),
                    headers={"Trackingmore-Api-Key": self._key.reveal()} | ({"Lang": language} if language else {}),
                    timeout=_timeout(READ if total <= TOTAL else total),
                    extensions={"trace": trace},
                ) as response,
            ):
                may_repeat = False
                return await _read(response, where, most_bytes)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            may_repeat, why = False, "no answer in time"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            why = type(error).__name__
        # Raised here and not above, so that httpx's error does not travel along as the cause.
        raise ConnectionFault(why) if may_repeat else ProviderUnavailable(why)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def outgoing_client(base_url: str, network: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client that takes nothing from the environment, follows no redirects and unpacks nothing."""
    return httpx.AsyncClient(
        base_url=base_url,
        transport=network or Network(),
        trust_env=False,
        follow_redirects=False,
        timeout=_timeout(READ),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "waybill",
        },
    )


class Network(httpx.AsyncHTTPTransport):
    """The usual one but for its connections: they give all that has come, where the usual ones give 64 KiB.

    A page of the list has some MiB, and what a piece costs does not depend on its size. Certificates are those that
    the libraries bring, unless `context` trusts others.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        context = context or httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=10,
            max_keepalive_connections=5,
            # Shorter than servers keep idle connections: a call must not be sent into one that is just being closed.
            keepalive_expiry=2,
            network_backend=_Backend(),
        )


class _Backend(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore calls it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's word
        return await self._stream.read(max(max_bytes, _AT_ONCE), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the same
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def check_address(url: str, *, allow_loopback: bool) -> None:
    """Check that a key may be sent there: https, and this machine only when that is allowed.

    Raises:
        SettingsError: it may not.
    """
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        plain = getattr(address, "ipv4_mapped", None) is None  # 3.13 looks through IPv4 in IPv6
        loopback, public = address.is_loopback and plain, address.is_global and plain
    except ValueError:
        loopback, public = False, bool(host)
    if not (scheme == "https" and public) and not (scheme in {"http", "https"} and loopback and allow_loopback):
        raise SettingsError(["The TrackingMore address must start with https:// and must not be of a private network."])


def _timeout(read: timedelta) -> httpx.Timeout:
    return httpx.Timeout(read.total_seconds(), connect=CONNECT.total_seconds())


async def _read(response: httpx.Response, where: str, most_bytes: int) -> RawAnswer:
    if response.status_code // 100 == _ELSEWHERE:
        raise ProviderUnavailable(f"sent elsewhere by HTTP {response.status_code}")
    encoding = response.headers.get("content-encoding", "").lower()
    if encoding not in {"", "identity"}:
        raise AnswerNotUnderstood(where, f"compressed ({encoding[:20]})")
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most_bytes:  # noqa: PLR2004 - no sane length
        raise AnswerTooBig(where, f"{announced} bytes where {most_bytes} are the most")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > most_bytes:
            raise AnswerTooBig(where, f"more than {most_bytes} bytes")
    return RawAnswer(status=response.status_code, headers=response.headers, body=body)
