"""How bodies are read, proven and understood, without a connection."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from bot.domain.bounds import MOST_FIELDS, REQUEST_MAX
from bot.web import guard
from bot.web.guard import Bodies, Refused, check_signature, parse
from tests.unit.site import BODY, FORM, SECRET, signature

JSON = "application/json"
NOW = 1_772_442_000


class Pieces:
    """A body that comes in pieces, and may break off with an error."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.error = error

    async def readany(self) -> bytes:
        if not self.pieces and self.error:
            raise self.error
        return self.pieces.pop(0) if self.pieces else b""


def announced(length: object, kind: str = FORM) -> dict[str, str]:
    return {"Content-Length": str(length), "Content-Type": kind}


@pytest.mark.parametrize("kind", [FORM, JSON, FORM.upper(), f" {JSON} ; charset=utf-8"])
async def test_the_pieces_of_a_body_are_put_together(kind: str) -> None:
    body = await Bodies().read(Pieces(b"com", b"mand=", b"/track"), {"Content-Type": kind})

    assert body == b"command=/track"


async def test_the_longest_body_that_may_be_announced_is_read() -> None:
    assert await Bodies().read(Pieces(b"x"), announced(f"{REQUEST_MAX:012}")) == b"x"


@pytest.mark.parametrize("length", [REQUEST_MAX + 1, f"{5:013}", "-5", "5.0", "five", ""])
async def test_a_body_of_no_possible_length_is_left_unread(length: object) -> None:
    pieces = Pieces(b"x")

    with pytest.raises(Refused) as refused:
        await Bodies().read(pieces, announced(length))

    assert (refused.value.status, str(refused.value), pieces.pieces) == (413, "too long", [b"x"])


@pytest.mark.parametrize("headers", [{}, announced(1, ""), announced(1, "text/plain"), announced(1, "x; " + JSON)])
async def test_a_body_of_another_kind_is_left_unread(headers: Mapping[str, str]) -> None:
    pieces = Pieces(b"x")

    with pytest.raises(Refused) as refused:
        await Bodies().read(pieces, headers)

    assert (refused.value.status, refused.value.reason, pieces.pieces) == (400, "kind", [b"x"])


@pytest.mark.parametrize("more", [0, 1])
async def test_a_body_may_have_so_many_bytes_and_none_more(more: int) -> None:
    pieces = Pieces(b"x" * (REQUEST_MAX - 1), b"x" * (1 + more))

    if more:
        with pytest.raises(Refused, match="too long") as refused:
            await Bodies().read(pieces, announced(0))
        assert refused.value.status == 413
    else:
        assert len(await Bodies().read(pieces, announced(0))) == REQUEST_MAX


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), RuntimeError("Connection closed."), web.RequestPayloadError()]
)
async def test_a_body_that_breaks_off_is_refused_and_held_no_longer(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(guard, "HELD_MAX", 10)
    monkeypatch.setattr(guard, "SHORT", 4)
    bodies = Bodies()

    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await bodies.read(Pieces(b"123456", error=error), announced(9))
        assert (refused.value.status, refused.value.reason) == (400, "broken off")

    assert await bodies.read(Pieces(b"123456789"), announced(9)) == b"123456789"


@pytest.mark.parametrize(("body", "taken"), [(b"123456789", True), (b"1234567890", False)])
async def test_past_what_may_be_held_a_body_is_short_or_refused(
    monkeypatch: pytest.MonkeyPatch, body: bytes, *, taken: bool
) -> None:
    monkeypatch.setattr(guard, "HELD_MAX", 10)
    monkeypatch.setattr(guard, "SHORT", 9)

    if taken:
        assert await Bodies().read(Pieces(body), announced(9)) == body
    else:
        with pytest.raises(Refused, match="too long"):
            await Bodies().read(Pieces(body), announced(9))


# ── signatures ────────────────────────────────────────────────────────────────────────────────────────────────────────


def signed(body: bytes = BODY, *, stamp: object = NOW) -> dict[str, str]:
    headers = signature(body, stamp=str(stamp))
    return {
        "X-Slack-Request-Timestamp": headers["x_slack_request_timestamp"],
        "X-Slack-Signature": headers["x_slack_signature"],
    }


@pytest.mark.promise("S1")
@pytest.mark.parametrize("off", [-300, -299, 0, 299, 300])
def test_a_signature_is_good_for_five_minutes(monkeypatch: pytest.MonkeyPatch, off: int) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + off + 0.2)

    check_signature(BODY, signed(), SECRET.encode())


@pytest.mark.promise("S1")
@pytest.mark.parametrize("off", [-301, 301])
def test_a_second_later_it_is_not_and_the_log_says_by_how_much(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, off: int
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + off + 0.2)

    with pytest.raises(Refused) as refused:
        check_signature(BODY, signed(), SECRET.encode())

    assert (refused.value.status, refused.value.reason) == (401, "another time")
    (record,) = caplog.records
    assert record.getMessage() == "refused a request signed at another time: is this machine's clock right?"
    assert record.__dict__["clock_off_seconds"] == off


@pytest.mark.promise("S1")
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "timestamp"),
        (signed(stamp="1772442000 "), "timestamp"),
        (signed(stamp="1" * 13), "timestamp"),
        (signed() | {"X-Slack-Signature": ""}, "signature"),
        (signed() | {"X-Slack-Signature": "\udcff"}, "signature"),
        (signed(b"another body"), "signature"),
        ({"X-Slack-Request-Timestamp": str(NOW)}, "signature"),
        (signed(stamp="1" * 12), "another time"),
    ],
)
def test_what_is_wrong_with_a_signature_is_known_to_the_counter(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        check_signature(BODY, headers, SECRET.encode())

    assert (refused.value.status, refused.value.reason) == (401, reason)


# ── what they say ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"command=%2Ftrack&text=", {}, {"command": "/track", "text": ""}),
        (b"command=%2Ftrack&text=a+b%26c", {"Content-Type": FORM}, {"command": "/track", "text": "a b&c"}),
        (b'payload={"type":"block_actions"}', {"Content-Type": FORM}, {"type": "block_actions"}),
        (b'{"type":"x"}', {"Content-Type": "Application/JSON; charset=utf-8"}, {"type": "x"}),
        (b'{"payload":"{}"}', {"Content-Type": JSON}, {"payload": "{}"}),
        (b"&".join(b"%d=1" % one for one in range(MOST_FIELDS)), {}, {str(one): "1" for one in range(MOST_FIELDS)}),
    ],
)
def test_a_body_says_what_its_kind_says(body: bytes, headers: dict[str, str], said: dict[str, Any]) -> None:
    assert parse(body, headers) == said


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff", FORM),
        (b"payload=", FORM),
        (b"payload=5", FORM),
        (b"&".join([b"a=1"] * (MOST_FIELDS + 1)), FORM),
        (b"command=%2Ftrack", JSON),
        (b"[]", JSON),
        (b"[" * 100_000, JSON),
    ],
)
def test_a_body_that_says_nothing_of_slacks_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(body, {"Content-Type": kind})

    assert (refused.value.status, refused.value.reason) == (400, "shape")
