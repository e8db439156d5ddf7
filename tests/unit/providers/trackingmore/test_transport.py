"""Calls over HTTP: to whom, within which limits, and that the key stays ours."""

import asyncio
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import msgspec
import pytest

from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, BotError, ProviderUnavailable, SettingsError
from bot.providers.trackingmore.transport import (
    CONNECT,
    MEBIBYTE,
    READ,
    TOTAL,
    ConnectionFault,
    Key,
    RawAnswer,
    Transport,
    check_address,
    outgoing_client,
)
from tests.unit.providers.trackingmore.network import BASE, KEY, MUGS, Network, good, html, streamed

WHERE = "POST /trackings/post"


async def send(
    answer: Callable[[httpx.Request], httpx.Response], *, total: timedelta = TOTAL, most_bytes: int = 4 * MEBIBYTE
) -> RawAnswer:
    def whole(request: httpx.Request) -> httpx.Response:
        return streamed(answer(request))

    transport = Transport(key=Key(KEY), base_url=BASE, network=httpx.MockTransport(whole))
    try:
        return await transport.send(WHERE, "/trackings/post", total=total, most_bytes=most_bytes)
    finally:
        await transport.close()


@pytest.mark.parametrize(
    "url", ["https://api.trackingmore.com/v2", "https://8.8.8.8/v2", "https://api.example.com:8443"]
)
def test_a_public_address_over_https_may_have_the_key(url: str) -> None:
    check_address(url, allow_loopback=False)
    check_address(url, allow_loopback=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8808/trackingmore/v2", "http://localhost:1/v2", "https://[::1]:1/v2"]
)
def test_this_machine_may_have_it_only_when_that_is_allowed(url: str) -> None:
    check_address(url, allow_loopback=True)

    with pytest.raises(SettingsError, match="https://"):
        check_address(url, allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.trackingmore.com/v2",
        "http://10.0.0.1/v2",
        "https://10.0.0.1/v2",
        "https://192.168.1.1/v2",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/v2",
        "https://[::ffff:127.0.0.1]/v2",
        "ftp://127.0.0.1/v2",
        "file:///etc/passwd",
        "api.trackingmore.com",
        "https://",
        "https://[broken",
        "",
    ],
)
@pytest.mark.parametrize("allow", [True, False])
def test_no_other_address_gets_it(url: str, *, allow: bool) -> None:
    with pytest.raises(SettingsError):
        check_address(url, allow_loopback=allow)


@pytest.mark.promise("S8")
def test_a_key_shows_itself_to_nobody() -> None:
    key = Key(KEY)

    assert KEY not in f"{key} {key!r} {[key]}"
    for writes in (pickle.dumps, msgspec.json.encode):
        with pytest.raises(TypeError):
            writes(key)


@pytest.mark.parametrize("value", ["", "sandbox key", "sandbox-ключ", "sandbox\n-key", "sandbox-key\x00", " sandbox"])
def test_a_key_that_no_header_carries_is_refused_unquoted(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Key(value)

    assert "sandbox" not in str(refused.value)


async def test_a_call_carries_the_key_and_asks_for_plain_json() -> None:
    async with Network(good([])) as network:
        await network.client.delete(MUGS)

    headers = network.calls[0].headers
    assert headers["Trackingmore-Api-Key"] == KEY
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7890")
    monkeypatch.setenv("HTTPS_PROXY", "bare.example")

    client = outgoing_client(BASE)

    assert not client.trust_env
    assert not client.follow_redirects
    assert (client.timeout.connect, client.timeout.read) == (CONNECT.total_seconds(), READ.total_seconds())
    await client.aclose()


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_we_are_not_sent_elsewhere(status: int) -> None:
    asked: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"Location": "http://other.example/v2"}, json=good([]))

    with pytest.raises(ProviderUnavailable) as raised:
        await send(elsewhere)

    assert raised.value.why == f"sent elsewhere by HTTP {status}"
    assert asked == ["api.example.com"]


@pytest.mark.promise("R26")
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
async def test_what_is_compressed_is_not_unpacked(encoding: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as refused:
        await send(lambda _: httpx.Response(200, headers={"Content-Encoding": encoding}, content=pieces(b"\x1f\x8b")))

    assert refused.value.detail() == f"{WHERE}: compressed ({encoding})"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.promise("R26")
async def test_an_answer_announced_too_big_is_not_read() -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"x"

    with pytest.raises(AnswerTooBig):
        await send(lambda _: httpx.Response(200, headers={"Content-Length": "1001"}, content=body()), most_bytes=1000)

    assert not read


@pytest.mark.promise("R26")
async def test_an_answer_that_grows_too_big_is_cut_off() -> None:
    with pytest.raises(AnswerTooBig):
        await send(lambda _: httpx.Response(200, content=pieces(b"x" * 600, b"x" * 600)), most_bytes=1000)


async def test_an_answer_just_small_enough_is_read() -> None:
    raw = await send(lambda _: httpx.Response(200, content=pieces(b"x" * 600, b"x" * 400)), most_bytes=1000)

    assert len(raw.body) == 1000


async def test_a_call_ends_when_its_time_is_up() -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    with pytest.raises(ProviderUnavailable) as raised:
        await send(lambda _: httpx.Response(200, content=never()), total=timedelta(0))

    assert raised.value.why == "no answer in time"
    assert not isinstance(raised.value, ConnectionFault)


FAULTS = [
    (httpx.ConnectError("refused"), True),
    (httpx.ConnectTimeout("slow"), True),
    (httpx.ReadError("reset"), True),
    (httpx.RemoteProtocolError("gone without a word"), True),
    (httpx.ReadTimeout("slow"), False),
    (httpx.WriteTimeout("slow"), False),
    (httpx.PoolTimeout("full"), False),
    (httpx.InvalidURL("what is this"), True),
]


@pytest.mark.parametrize(("fault", "before_an_answer"), FAULTS, ids=[type(fault).__name__ for fault, _ in FAULTS])
async def test_every_fault_of_the_network_is_an_outage(fault: Exception, *, before_an_answer: bool) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(ProviderUnavailable) as raised:
        await send(fail)

    assert isinstance(raised.value, ConnectionFault) == before_an_answer


async def test_an_answer_that_breaks_off_has_begun() -> None:
    async def torn() -> AsyncIterator[bytes]:
        yield b'{"meta":'
        raise httpx.ReadError("reset")

    with pytest.raises(ProviderUnavailable) as raised:
        await send(lambda _: httpx.Response(200, content=torn()))

    assert not isinstance(raised.value, ConnectionFault)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError(f"cannot connect with {KEY}"),
        httpx.LocalProtocolError(f"Illegal header value b'{KEY}'"),
        httpx.ReadTimeout(KEY),
        html(502),
        html(301, {"Location": f"https://other.example/{KEY}"}),
        "not JSON",
        good({"track_number": {"x": 1}}),
        {"meta": {"code": 4001}},
        {"meta": {"code": 429}},
    ],
    ids=str,
)
async def test_no_error_and_no_log_holds_the_key(answer: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Network(answer) as network:
        with pytest.raises(BotError) as raised:
            await network.client.getuserinfo()

    assert raised.tb.tb_next  # our own frame knows the key
    whole = traceback.TracebackException(raised.type, raised.value, raised.tb.tb_next, capture_locals=True)
    assert KEY not in "".join(whole.format())
    assert KEY not in f"{raised.value!r} {vars(raised.value)}"
    assert KEY not in caplog.text
    assert all(KEY not in str(vars(record)) for record in caplog.records)
