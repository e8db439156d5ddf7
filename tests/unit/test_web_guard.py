"""What is not surely Slack's goes no further than the guard.

Over 300 lines: each check of the guard from both of its sides.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from bot.domain.bounds import REQUEST_MAX
from bot.web import door, guard
from tests.unit.site import BODY, FORM, RECORDINGS, Site, dashed, opened, signature


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(Site()) as site:
        yield site


def head(headers: Mapping[str, str], *, length: int) -> bytes:
    """Return the head of a request of Slack's."""
    lines = {"Host": "waybill.example", "Content-Type": FORM, "Content-Length": str(length), **dashed(headers)}
    return b"POST /slack/events HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode() + b"\r\n"


@pytest.mark.promise("S1", "H3")
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

    answer = await site.client.post("/slack/events", content=BODY, headers=[(b"Content-Type", FORM.encode()), *raw])

    assert (answer.status_code, answer.json()) == (401, {"error": "refused"})
    assert site.kept == []
    assert sum(site.refusals().values()) == 1


@pytest.mark.promise("H3")
@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff"])
async def test_what_is_not_signed_is_refused_before_anything_reads_it(site: Site, body: bytes) -> None:
    answer = await site.client.post("/slack/events", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


@pytest.mark.promise("S1")
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
    for name in ("x_slack_request_timestamp", "x_slack_signature"):
        for at in range(len(good[name]) * 8):
            flipped = bytearray(good[name].encode())
            flipped[at // 8] ^= 1 << at % 8
            raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in good.items() if key != name]
            raw += [(name.replace("_", "-").encode(), bytes(flipped)), (b"Content-Type", FORM.encode())]
            answer = await site.client.post("/slack/events", content=BODY, headers=raw)
            assert answer.status_code in {400, 401}  # some are no header any more
    assert (await site.post(good)).status_code == 200
    assert len(site.kept) == 1


@pytest.mark.promise("S1")
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
        right = [record for record in caplog.records if record.name == "bot.web.guard"]
        await site.post(headers, vector["body"].encode() + b"&")

    assert len(right) == 1
    assert [
        record for record in caplog.records if record.name == "bot.web.guard"
    ] == right  # of others not even the age is said


async def test_nobody_learns_of_our_clock_without_the_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    await site.post(signature(BODY, age=10_000, secret="another-secret"))

    assert caplog.records == []


@pytest.mark.promise("H3")
@pytest.mark.parametrize("length", [300 * 1024 * 1024, REQUEST_MAX + 1, 10**15])
async def test_what_is_announced_too_long_is_refused_unread(site: Site, length: int) -> None:
    line = site.line()

    line.says(head(signature(BODY), length=length))
    answer = await asyncio.wait_for(line.answer(), 1)

    assert (answer.status_code, answer.json()) == (413, {"error": "refused"})
    await asyncio.wait_for(line.ended.wait(), 1)


@pytest.mark.promise("H3")
async def test_what_is_too_long_unannounced_is_refused_without_being_held(site: Site) -> None:
    sent = 0

    def endless() -> Iterable[bytes]:
        nonlocal sent
        while sent < 300 * 1024 * 1024:
            sent += 64 * 1024
            yield b"x" * 64 * 1024

    answer = await site.post({}, endless())

    assert answer.status_code == 413
    assert sent <= 3 * REQUEST_MAX
    assert (site.kept, site.refusals()) == ([], {"too long": 1})


async def test_a_caller_who_hangs_up_half_way_leaves_nothing_behind(site: Site) -> None:
    line = site.line()
    line.says(head(signature(BODY), length=len(BODY)) + BODY[:5])
    await asyncio.sleep(0)

    line.close()
    await asyncio.sleep(0.01)

    assert (site.kept, site.refusals()) == ([], {"broken off": 1})


async def test_a_body_cut_into_no_pieces_is_refused(site: Site) -> None:
    line = site.line()

    line.says(head(signature(BODY), length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"zz\r\n")

    assert (await line.answer()).status_code == 400
    assert site.kept == []


@pytest.mark.promise("H3")
async def test_when_much_is_held_only_short_bodies_go_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HELD_MAX", 100_000)
    slow = site.line()
    slow.says(head(signature(BODY), length=200_000) + b"x" * 99_999)
    await asyncio.sleep(0)

    long = await site.signed(BODY + b"&pad=" + b"x" * 20_000)
    short = await site.signed()
    slow.close()
    await asyncio.sleep(0.01)
    later = await site.signed(BODY + b"&pad=" + b"x" * 20_000)

    assert [one.status_code for one in (long, short, later)] == [413, 200, 200]


@pytest.mark.promise("H3")
async def test_a_body_that_drips_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN", 0.02)
    line = site.line()
    line.says(head(signature(BODY), length=len(BODY)) + BODY[:5])

    answer = await asyncio.wait_for(line.answer(), 1)

    assert (answer.status_code, answer.json()) == (408, {"error": "refused"})
    await asyncio.wait_for(line.ended.wait(), 1)
    assert (site.kept, site.refusals()) == ([], {"slow": 1})


@pytest.mark.promise("H3")
@pytest.mark.parametrize("said", [b"", b"POST /slack", b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_head_that_drips_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(door, "HEAD_WITHIN", 0.02)
    line = site.line()

    line.says(said)
    await asyncio.wait_for(line.ended.wait(), 1)

    assert bool(line.written) == bool(said)  # who has said nothing is told nothing
    assert site.refusals() == {"slow head": 1}


@pytest.mark.promise("H3")
@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(100)) + b"\r\n",
        b"\x16\x03\x01 tls",
        b"GET\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /slack/events HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_http_of_slacks_is_refused_in_constant_words(
    site: Site, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    line = site.line()

    line.says(said)

    answer = await line.answer()
    assert (answer.status_code, answer.json()) == (400, {"error": "refused"})
    assert (caplog.text, sum(site.refusals().values())) == ("", 1)


@pytest.mark.promise("H3")
async def test_a_head_without_end_is_cut_off(site: Site) -> None:
    line = site.line()
    line.says(b"GET / HTTP/1.1\r\n")

    for number in range(1000):
        line.says(b"X-%d: %s\r\n" % (number, b"x" * 1000))

    assert line.ended.is_set()
    assert b"400" in line.written.split(b"\r\n")[0]


@pytest.mark.promise("H3")
@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
async def test_a_body_of_another_kind_is_refused_unread(site: Site, kind: str) -> None:
    answer = await site.signed(kind=kind)

    assert (answer.status_code, site.kept, site.refusals()) == (400, [], {"kind": 1})


@pytest.mark.promise("H3")
async def test_nobody_is_told_whether_only_the_signature_was_wrong(site: Site) -> None:
    texts = {(await site.signed(kind="text/plain")).text, (await site.post({})).text, (await site.signed(b"\xff")).text}

    assert texts == {'{"error":"refused"}'}


@pytest.mark.promise("H3")
@pytest.mark.parametrize(("levels", "status"), [(60, 200), (63, 200), (65, 400), (100_000, 400)])
async def test_what_nests_too_deep_is_refused(site: Site, levels: int, status: int) -> None:
    deep = '{"type":"event_callback","event":{"type":"x"},"more":' + "[" * levels + "]" * levels + "}"

    if len(deep) < REQUEST_MAX:
        assert (await site.signed(deep.encode(), kind="application/json")).status_code == status
    form = urlencode({"payload": deep}).encode()
    assert len(form) > REQUEST_MAX or (await site.signed(form)).status_code in {status, 404}


@pytest.mark.promise("H3")
@pytest.mark.parametrize(("fields", "status"), [(200, 200), (201, 400)])
async def test_what_has_too_many_fields_is_refused(site: Site, fields: int, status: int) -> None:
    more = "".join(f"&x{number}=1" for number in range(fields - 5))
    wide = json.dumps({"type": "event_callback", "event": {"type": "x"}, "m": {str(one): 1 for one in range(fields)}})

    assert (await site.signed(BODY + more.encode())).status_code == status
    assert (await site.signed(wide.encode(), kind="application/json")).status_code == status


async def test_a_command_may_say_payload(site: Site) -> None:
    body = urlencode({"command": "/track", "text": "rename P-1 payload", "team_id": "T", "user_id": "U"}).encode()

    answer = await site.signed(body)

    assert (answer.status_code, [item.words for item in site.kept]) == (200, ["rename P-1 payload"])


@pytest.mark.promise("H3")
async def test_strangers_make_room_the_oldest_first_and_whoever_was_signed_stays(site: Site) -> None:
    entry = site.wired.door
    entry.most = 3
    trusted, first, second = site.line(), site.line(), site.line()
    trusted.says(head(signature(BODY), length=len(BODY)) + BODY)
    await trusted.answer()

    third = site.line()

    assert [line.ended.is_set() for line in (trusted, first, second, third)] == [False, True, False, False]
    for line in (trusted, second, third):
        line.close()
    assert not entry.strangers


@pytest.mark.promise("H3")
async def test_where_all_are_trusted_a_newcomer_has_to_wait(site: Site) -> None:
    site.wired.door.most = 1
    trusted = site.line()
    trusted.says(head(signature(BODY), length=len(BODY)) + BODY)
    await trusted.answer()

    newcomer = site.line()

    assert (trusted.ended.is_set(), newcomer.ended.is_set()) == (False, True)
    trusted.close()


async def test_a_connection_brings_one_request_after_the_other(site: Site) -> None:
    line = site.line()

    for _ in range(3):
        line.written.clear()
        line.says(head(signature(BODY), length=len(BODY)) + BODY)
        assert (await line.answer()).status_code == 200

    assert len(site.kept) == 3
    line.close()


async def test_one_byte_too_many_is_too_long_even_when_signed(site: Site) -> None:
    assert (await site.signed(b"x" * (REQUEST_MAX + 1))).status_code == 413


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
