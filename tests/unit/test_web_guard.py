"""What is not surely Slack's goes no further than the guard."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, MutableMapping
from typing import Any

import pytest
import pytest_asyncio

from bot.web import BODY_MAX
from tests.unit.site import BODY, FORM, RECORDINGS, Site, dashed, opened, signature


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(Site()) as site:
        yield site


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_slack_signature": "v0=00"},
        {"x_slack_request_timestamp": "1772442000"},
        signature(BODY, secret="another-secret"),
        signature(b"another body"),
        signature(BODY) | {"x_slack_signature": ""},
        signature(BODY) | {"x_slack_signature": "v0="},
        signature(BODY) | {"x_slack_signature": "v1=" + signature(BODY)["x_slack_signature"][3:]},
        signature(BODY) | {"x_slack_signature": signature(BODY)["x_slack_signature"].upper()},
        signature(BODY) | {"x_slack_signature": "v0=ééé"},
        *(signature(BODY, stamp=odd) for odd in ("", "-1", "+1772442000", "1e9", "17724420000000", "٣", "1_000", " 1")),
    ],
)
async def test_what_slack_did_not_sign_goes_no_further(site: Site, headers: dict[str, str]) -> None:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    answer = await site.client.post("/slack/events", content=BODY, headers=raw)

    assert (answer.status_code, answer.json()) == (401, {"error": "refused"})
    assert site.kept == []


async def test_a_single_flipped_bit_anywhere_is_refused(site: Site) -> None:
    good = signature(BODY)
    digest = good["x_slack_signature"][3:]

    for at in range(len(BODY) * 8):
        flipped = bytearray(BODY)
        flipped[at // 8] ^= 1 << at % 8
        assert (await site.post(good, bytes(flipped))).status_code == 401
    for at in range(len(digest) * 4):
        wrong = f"v0={int(digest, 16) ^ (1 << at):064x}"
        assert (await site.post(good | {"x_slack_signature": wrong})).status_code == 401
    for digit in range(len(good["x_slack_request_timestamp"])):
        stamp = list(good["x_slack_request_timestamp"])
        stamp[digit] = str((int(stamp[digit]) + 1) % 10)
        headers = good | {"x_slack_request_timestamp": "".join(stamp)}
        assert (await site.post(headers)).status_code == 401
    assert site.kept == []


@pytest.mark.parametrize("age", [302, 1_000_000, -302, -1_000_000])
async def test_a_request_signed_at_another_time_is_refused_and_the_log_names_the_difference(
    site: Site, caplog: pytest.LogCaptureFixture, age: float
) -> None:
    answer = await site.signed(age=age)

    assert (answer.status_code, site.kept) == (401, [])
    (record,) = caplog.records
    assert "clock" in record.getMessage()
    assert abs(record.__dict__["clock_off_seconds"] - age) <= 2


@pytest.mark.parametrize("vector", json.loads((RECORDINGS / "signature.vectors.json").read_text()))
async def test_signatures_are_reckoned_as_slack_does(vector: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    headers = {
        "x_slack_request_timestamp": vector["timestamp"],
        "x_slack_signature": vector["signature"],
    }

    async with opened(Site(vector["signing_secret"])) as site:
        await site.post(headers, vector["body"].encode())
        right = [record for record in caplog.records if record.name == "bot.web"]
        await site.post(headers, vector["body"].encode() + b"&")

    assert len(right) == 1
    assert [
        record for record in caplog.records if record.name == "bot.web"
    ] == right  # of others not even the age is said


async def test_nobody_learns_of_our_clock_without_the_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    await site.post(signature(BODY, age=10_000, secret="another-secret"))

    assert caplog.records == []


async def test_what_is_too_long_is_refused_without_being_held(site: Site) -> None:
    sent = 0

    def endless() -> Iterable[bytes]:
        nonlocal sent
        while sent < 300 * 1024 * 1024:
            sent += 64 * 1024
            yield b"x" * 64 * 1024

    answer = await site.post({}, endless())

    assert answer.status_code == 413
    assert sent <= 2 * BODY_MAX
    assert site.kept == []


async def test_a_caller_who_hangs_up_half_way_leaves_nothing_behind(site: Site) -> None:
    headers = [(name.encode(), value.encode()) for name, value in dashed(signature(BODY)).items()]
    scope = {"type": "http", "method": "POST", "path": "/slack/events", "query_string": b"", "headers": headers}
    coming: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": BODY, "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await site.app(scope, receive, send)

    assert sent[0]["status"] == 413
    assert site.kept == []


async def test_one_byte_too_many_is_too_long_even_when_signed(site: Site) -> None:
    assert (await site.signed(b"x" * (BODY_MAX + 1))).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", FORM),
        (b"not json", "application/json"),
        (b"[1]", "application/json"),
        (b"payload=%7Bbad", FORM),
        (b"payload=%5B%5D", FORM),
        (b"{" * 5000, "application/json"),
    ],
)
async def test_what_is_signed_and_yet_makes_no_sense_is_refused_without_its_content_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture, body: bytes, kind: str
) -> None:
    answer = await site.signed(body, kind=kind)

    assert 400 <= answer.status_code < 500
    assert site.kept == []
    assert "not json" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_slacks_door_takes_nothing_but_posts(site: Site, method: str) -> None:
    assert (await site.client.request(method, "/slack/events")).status_code == 405


async def test_nothing_else_is_there(site: Site) -> None:
    for path in ("/", "/slack", "/slack/install", "/docs", "/.env"):
        assert (await site.client.get(path)).status_code == 404
