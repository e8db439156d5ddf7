"""The client of Slack's Web API, against a server that answers as no Slack should."""

import asyncio
import gzip
import json
import time

import pytest

from bot.domain.errors import MessengerDoubtful, MessengerError
from bot.domain.parcel import ChannelSettings, Place
from bot.slack import client
from bot.slack.client import ANSWER_MAX, outgoing_session, web_client
from bot.slack.messenger import SlackMessenger
from tests.contract.liar import Say, dripping, endless, lying, whole
from tests.fakes import FakeClock

HERE = ChannelSettings(place=Place("T1", "C1"))
GOOD = json.dumps({"ok": True, "ts": "1.000001", "channel": "C1"}).encode()


async def post(say: Say) -> MessengerError | None:
    """Return what posting says."""
    async with lying(say) as liar, outgoing_session() as session:
        slack = web_client("xoxb-sandbox-token", liar.url, session)
        messenger = SlackMessenger(slack, session, clock=FakeClock(), command="/track", hooks="")
        try:
            await messenger.introduce(HERE, by="U1")
        except MessengerError as error:
            return error
    return None


async def test_a_good_answer_is_taken() -> None:
    assert await post(whole(GOOD)) is None


@pytest.mark.promise("H2")
@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"null", b"5", b'"ok"', b"true", b"{}", b"[[[[", b"", b"\xff\xfe", b'{"ok":[]}', b'{"ok":true}'),
        *(b'{"ok":true,"ts":null}', b'{"ok":true,"ts":{"a":1}}', b'{"ok":"yes","ts":1e999}', b"[" * 200_000),
        *(b'{"ok":false}', b'{"ok":false,"error":5}', b'{"ok":false,"error":{"a":[]}}', b"<html>bad gateway</html>"),
    ],
)
@pytest.mark.parametrize("kind", [b"application/json", b"text/plain", b"text/html", b"application/gzip", b"a/b; c="])
async def test_an_answer_of_the_wrong_shape_is_one_of_our_errors(body: bytes, kind: bytes) -> None:
    error = await post(whole(body, head=b"Content-Type: " + kind))

    assert isinstance(error, MessengerError)


@pytest.mark.promise("H2")
async def test_an_answer_announced_too_long_is_not_read() -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{" % (1 << 40))
        await writer.drain()
        await asyncio.sleep(30)

    began = time.monotonic()

    assert isinstance(await post(say), MessengerDoubtful)
    assert time.monotonic() - began < 5


@pytest.mark.promise("H2")
async def test_an_answer_that_grows_too_long_is_cut_off() -> None:
    sent: list[int] = []

    assert isinstance(await post(endless(10 * ANSWER_MAX, sent)), MessengerDoubtful)
    assert sum(sent) < 4 * ANSWER_MAX


@pytest.mark.promise("H2")
async def test_an_answer_just_short_enough_is_read() -> None:
    assert await post(whole(GOOD + b" " * (ANSWER_MAX - len(GOOD)))) is None


@pytest.mark.promise("H2")
async def test_what_is_compressed_is_not_unpacked() -> None:
    head = b"Content-Type: application/json\r\nContent-Encoding: gzip"

    assert isinstance(await post(whole(gzip.compress(GOOD), head=head)), MessengerDoubtful)


@pytest.mark.promise("H2")
async def test_a_call_ends_in_time_however_slowly_its_answer_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIME_LIMIT", 0.2)

    began = time.monotonic()

    assert isinstance(await post(dripping), MessengerDoubtful)
    assert time.monotonic() - began < 3


@pytest.mark.promise("H2")
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Moved", b"308 Moved"])
async def test_the_token_is_not_sent_elsewhere(status: bytes) -> None:
    async with lying(whole(GOOD)) as elsewhere:
        moved = whole(b"", head=b"Location: http://127.0.0.1:%d/" % elsewhere.port, status=status)

        error = await post(moved)

    assert isinstance(error, MessengerDoubtful)
    assert elsewhere.heads == []


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with lying(whole(GOOD)) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)

        assert await post(whole(GOOD)) is None

    assert proxy.heads == []
