"""Calls to TrackingMore over real connections: what they take, how long they wait, and whom they trust."""

import gzip
import ssl
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, ProviderUnavailable
from bot.providers.trackingmore.transport import MEBIBYTE, ConnectionFault, Key, Network, Transport, outgoing_client
from tests.contract.liar import Liar, Say, dripping, endless, lying, whole

WHERE = "GET /trackings/get"


@asynccontextmanager
async def calling(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Liar, Transport]]:
    async with lying(say, tls) as liar:
        url = liar.url.replace("http", "https" if tls else "http")
        transport = Transport(key=Key("sandbox-key-0001"), base_url=url, allow_loopback=True)
        yield liar, transport
        await transport.close()


@pytest.mark.promise("H1")
async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with lying(whole(b"{}")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with calling(whole(b'{"meta":1}')) as (liar, transport):
            raw = await transport.send(WHERE, "/trackings/get")

    assert raw.body == b'{"meta":1}'
    assert (len(proxy.heads), len(liar.heads)) == (0, 1)
    assert b"accept-encoding: identity" in liar.heads[0].lower()


@pytest.mark.promise("H1")
async def test_the_key_follows_no_redirect() -> None:
    async with lying(whole(b"{}")) as elsewhere:
        moved = whole(b"", head=f"Location: {elsewhere.url}".encode(), status=b"307 Moved")
        async with calling(moved) as (_, transport):
            with pytest.raises(ProviderUnavailable):
                await transport.send(WHERE, "/trackings/get")

    assert elsewhere.heads == []


@pytest.mark.promise("H1")
async def test_an_answer_that_drips_ends_when_the_whole_time_is_up() -> None:
    began = time.monotonic()

    async with calling(dripping) as (_, transport):
        with pytest.raises(ProviderUnavailable):
            await transport.send(WHERE, "/trackings/get", total=timedelta(seconds=0.2))

    assert time.monotonic() - began < 3


@pytest.mark.promise("H1")
async def test_a_bomb_is_not_unpacked_and_an_endless_answer_not_read() -> None:
    bomb = gzip.compress(bytes(50 * MEBIBYTE))
    sent: list[int] = []
    tracemalloc.start()
    try:
        async with calling(whole(bomb, head=b"Content-Encoding: gzip")) as (_, transport):
            with pytest.raises(AnswerNotUnderstood):
                await transport.send(WHERE, "/trackings/get")
        async with calling(endless(50 * MEBIBYTE, sent)) as (_, transport):
            with pytest.raises(AnswerTooBig):
                await transport.send(WHERE, "/trackings/get")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 15 * MEBIBYTE
    assert sum(sent) < 20 * MEBIBYTE


@pytest.mark.promise("H1")
async def test_whoever_cannot_prove_a_name_does_not_get_the_key(tmp_path: Path) -> None:
    async with calling(whole(b"{}"), self_signed(tmp_path)) as (liar, transport):
        with pytest.raises(ConnectionFault):
            await transport.send(WHERE, "/trackings/get")

    assert liar.heads == []


async def test_whoever_proves_its_name_is_read_through_tls_however_long_its_answer(tmp_path: Path) -> None:
    long = b'{"meta":' + b"1" * 3 * MEBIBYTE + b"}"
    tls = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "tls.pem"))

    async with lying(whole(long), tls) as liar:
        network, url = Network(trusting), liar.url.replace("http", "https")
        transport = Transport(key=Key("sandbox-key-0001"), base_url=url, allow_loopback=True, network=network)
        raw = await transport.send(WHERE, "/trackings/get")
        await transport.close()

    assert raw.body == long


@pytest.mark.promise("H1")
async def test_only_so_many_connections_are_open_at_once() -> None:
    client = outgoing_client("https://api.example.com")

    pool = client._transport._pool  # type: ignore[attr-defined]  # noqa: SLF001 - httpx shows its limits nowhere else
    assert (pool._max_connections, pool._max_keepalive_connections) == (10, 5)  # noqa: SLF001 - the same
    await client.aclose()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return what a server has that says it is this machine, with nobody to confirm it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    return context
