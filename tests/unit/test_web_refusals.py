"""What is refused is counted under the name of its reason; whoever sent it reads the same few bytes each time."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.bounds import MOST_FIELDS
from bot.web import OPEN_A_MINUTE, door
from tests.unit.site import BODY, FORM, Site, dashed, opened, signature


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(Site()) as site:
        yield site


@pytest.mark.promise("H3")
@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 401, "timestamp"),
        (signature(BODY, stamp="1000000000000"), 401, "timestamp"),
        (signature(BODY, stamp="100000000000"), 401, "another time"),
        (signature(BODY, age=400), 401, "another time"),
        (signature(BODY, secret="another-secret"), 401, "signature"),
        ({"content_type": "text/plain"}, 400, "kind"),
        ({"content_length": "262145"}, 413, "too long"),
    ],
)
async def test_each_reason_for_a_refusal_has_a_counter(
    site: Site, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = await site.post(headers)

    assert (answer.status_code, answer.content, site.refusals()) == (status, door.REFUSED, {reason: 1})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["server"] == "waybill"


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"), [("GET", "/.env", 404, "path"), ("POST", "/metrics", 405, "method")]
)
async def test_other_paths_and_methods_are_counted_too(
    site: Site, method: str, path: str, status: int, reason: str
) -> None:
    answer = await site.client.request(method, path)

    assert (answer.status_code, answer.content, site.refusals()) == (status, door.REFUSED, {reason: 1})


async def test_what_comes_too_often_from_one_address_is_counted(site: Site) -> None:
    for _ in range(OPEN_A_MINUTE + 40):
        await site.client.get("/healthz")

    assert set(site.refusals()) == {"too often"}


async def test_a_request_of_slacks_costs_its_address_nothing(site: Site) -> None:
    for _ in range(OPEN_A_MINUTE + 40):
        await site.post({})

    assert (await site.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("odd", [{"authorizations": [5]}, {"team": 5}, {"user": 5}])
async def test_what_bolt_cannot_read_is_refused_and_its_failure_is_logged(
    site: Site, caplog: pytest.LogCaptureFixture, odd: dict[str, Any]
) -> None:
    answer = await site.signed(json.dumps(odd).encode(), kind="application/json")

    assert (answer.status_code, answer.content, site.refusals()) == (400, door.REFUSED, {"not understood": 1})
    (record,) = (record for record in caplog.records if record.name == "bot.web")
    assert (record.getMessage(), record.levelno) == ("a request of Slack's was not understood", logging.ERROR)
    assert record.exc_info


async def test_what_a_listener_of_bolts_cannot_read_is_refused(site: Site) -> None:
    answer = await site.signed(b'{"type": "event_callback", "event": 5}', kind="application/json")

    assert (answer.status_code, answer.content, site.refusals()) == (400, door.REFUSED, {"not understood": 1})


@pytest.mark.parametrize("body", [b"a=" + b"&a=" * MOST_FIELDS, b"payload=[]", b"payload=", b"\xff"])
async def test_a_form_of_no_shape_of_slacks_is_counted(site: Site, body: bytes) -> None:
    answer = await site.signed(body)

    assert (answer.status_code, site.refusals()) == (400, {"shape": 1})


async def test_what_is_no_http_is_counted(site: Site) -> None:
    line = site.line()

    line.says(b"GET\r\n\r\n")

    answer = await line.answer()
    assert (answer.content, answer.headers["content-type"]) == (door.REFUSED, "application/json")
    assert site.refusals() == {"no http": 1}


async def test_a_head_without_end_is_counted_once_and_told_so(site: Site) -> None:
    line = site.line()
    line.says(b"GET / HTTP/1.1\r\n")

    for number in range(40):
        line.says(b"X-%d: %s\r\n" % (number, b"x" * 1000))

    answer = await line.answer()
    assert (answer.status_code, answer.content, answer.headers["connection"]) == (400, door.REFUSED, "close")
    assert site.refusals() == {"long head": 1}


async def test_a_head_of_the_longest_kind_is_still_read(site: Site) -> None:
    line = site.line()
    parts = [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        *(b"X-%d: %s\r\n" % (one, b"x" * 4000) for one in range(4)),
        b"\r\n",
    ]

    for part in parts:
        line.says(part)

    assert (await line.answer()).status_code == 200
    line.close()


async def test_the_head_of_each_request_on_a_line_is_measured_anew(site: Site) -> None:
    line = site.line()
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Pad: " + b"x" * 4000 + b"\r\n\r\n"

    for _ in range(10):
        line.written.clear()
        line.says(head)
        assert (await line.answer()).status_code == 200

    line.close()


async def test_a_newcomer_that_has_no_room_is_counted(site: Site) -> None:
    site.wired.door.most = 1
    first = site.line()

    second = site.line()

    assert (first.ended.is_set(), second.ended.is_set(), bytes(first.written)) == (True, False, b"")
    assert site.refusals() == {"too many connections": 1}
    second.close()


async def test_whoever_left_makes_room(site: Site) -> None:
    site.wired.door.most = 1

    for _ in range(3):
        site.line().close()

    assert site.refusals() == {}


async def test_a_stranger_who_was_answered_has_to_ask_again_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = site.line()
    monkeypatch.setattr(door, "HEAD_WITHIN", 0.02)
    line.says(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await line.answer()

    await line.ended.wait()

    assert site.refusals() == {"slow head": 1}
    assert b"408" not in line.written  # it asked nothing that an answer could be for


async def test_a_second_head_that_drips_or_has_no_end_is_cut_off_like_a_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "HEAD_WITHIN", 0.05)
    slow, long = site.line(), site.line()
    for line in (slow, long):
        line.says(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await line.answer()
        line.written.clear()
        line.says(b"GET /healthz HTTP/1.1\r\n")

    for number in range(40):
        long.says(b"X-%d: %s\r\n" % (number, b"x" * 1000))
    await slow.ended.wait()

    assert [(await line.answer()).status_code for line in (slow, long)] == [408, 400]
    assert site.refusals() == {"slow head": 1, "long head": 1}


async def test_slack_may_be_silent_for_longer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    line = site.line()
    monkeypatch.setattr(door, "HEAD_WITHIN", 0.0)
    given = {"Content-Type": FORM, "Content-Length": str(len(BODY)), **dashed(signature(BODY))}
    line.says(
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\n" + "".join(f"{k}: {v}\r\n" for k, v in given.items()).encode()
    )
    line.says(b"\r\n" + BODY)

    answer = await line.answer("POST")
    await asyncio.sleep(0.01)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain")
    assert (line.ended.is_set(), site.wired.door.strangers, site.refusals()) == (False, {}, {})
    line.close()


async def test_who_still_sends_has_a_moment_to_read_the_refusal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TO_READ_WHY", 0.05)
    line = site.line()
    line.says(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\nx")

    answer = await line.answer()
    at_first = line.ended.is_set()
    await line.ended.wait()

    assert (answer.status_code, answer.content, at_first) == (413, door.REFUSED, False)


async def test_who_has_sent_all_is_refused_and_answered_without_delay(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "TO_READ_WHY", 60)
    refused, kept = site.line(), site.line()

    refused.says(b"GET /.env HTTP/1.1\r\nHost: x\r\n\r\n")
    kept.says(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    statuses = [(await line.answer()).status_code for line in (refused, kept)]
    await asyncio.wait_for(refused.ended.wait(), 1)

    assert (statuses, kept.ended.is_set()) == ([404, 200], False)
    kept.close()


class Ill(Site):
    """A site whose health cannot be told."""

    async def _health(self) -> Mapping[str, Any]:
        raise RuntimeError("the store has gone")


async def test_a_failure_of_ours_is_logged_and_said_in_the_same_words(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(Ill()) as site:
        answer = await site.client.get("/readyz")

    assert (answer.status_code, answer.content) == (500, door.REFUSED)
    assert (answer.headers["content-type"], answer.headers["connection"]) == ("application/json", "close")
    (record,) = (record for record in caplog.records if record.name == "bot.web.door")
    assert (record.getMessage(), record.levelno) == ("a request could not be answered", logging.ERROR)
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the store has gone"
    assert site.refusals() == {}


async def test_answers_say_what_they_are(site: Site) -> None:
    challenge = json.dumps({"type": "url_verification", "challenge": "c4"}).encode()

    answers = [
        await site.client.get("/healthz"),
        await site.client.get("/readyz"),
        await site.client.get("/metrics"),
        await site.signed(challenge, kind="application/json; charset=utf-8"),
        await site.signed(b'{"type": "no word of Slack\'s"}', kind="Application/JSON"),
    ]

    kinds = [answer.headers["content-type"] for answer in answers]
    assert [kind.partition(";")[0] for kind in kinds] == [*["application/json"] * 2, "text/plain", *kinds[3:]]
    assert kinds[2:] == ["text/plain; version=0.0.4", "application/json", "application/json"]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404]


async def test_without_a_signing_secret_there_is_no_door_for_slack() -> None:
    async with opened(Site(secret="")) as site:
        answer = await site.signed()

        assert (answer.status_code, site.refusals(), site.kept) == (404, {"path": 1}, [])
