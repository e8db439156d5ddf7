"""One account's calls: the envelope, silence after a 429, what is asked twice, and the provider's time."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.domain.errors import AnswerNotUnderstood, KeyRefused, ProviderBusy, ProviderUnavailable
from bot.domain.parcel import NewParcel
from bot.providers.trackingmore.provider import account_of
from tests.unit.providers.trackingmore.network import MUGS, NOON, Network, bad, good, html

MINE = {"tracking_number": MUGS.number, "carrier_code": "ups", "status": "transit"}
LEFT = good({"track_number": 412})


@pytest.mark.parametrize("code", [200, 201, "200", "201", 200.0])
async def test_two_hundred_and_201_are_good_however_written(code: object) -> None:
    async with Network(good({"track_number": "412"}, code)) as network:
        assert (await network.provider.quota()).left == 412


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("", "GET /trackings/getuserinfo: empty"),
        ("<html>Sign in to the hotel</html>", "GET /trackings/getuserinfo: not JSON"),
        ("[]", "GET /trackings/getuserinfo.meta.code: None is no number"),
        ("{}", "GET /trackings/getuserinfo.meta.code: None is no number"),
        ("17", "GET /trackings/getuserinfo: 17 is no object"),
        ('{"meta": "Success"}', "GET /trackings/getuserinfo.meta: 'Success' is no object"),
        ('{"meta": {"code": "fine"}}', "GET /trackings/getuserinfo.meta.code: 'fine' is no number"),
        ('{"meta": {"code": 200}, "data": [1]}', "GET /trackings/getuserinfo data: a list is no object"),
        ('{"meta": {"code": 200}, "data": {}}', "GET /trackings/getuserinfo data.track_number: None is no number"),
    ],
)
async def test_an_answer_of_another_shape_is_refused_with_its_place(body: str, where: str) -> None:
    async with Network(body) as network:
        with pytest.raises(AnswerNotUnderstood) as refused:
            await network.provider.quota()

    assert refused.value.detail() == where


@pytest.mark.parametrize("status", [400, 403, 404, 500, 502, 503, 504])
async def test_a_page_of_a_gateway_is_an_outage_and_no_answer(status: int) -> None:
    async with Network(html(status)) as network:
        with pytest.raises(ProviderUnavailable) as raised:
            await network.provider.report(MUGS)

    assert type(raised.value) is ProviderUnavailable
    assert "html" not in str(raised.value)


@pytest.mark.parametrize(
    "too_many",
    [bad(429), bad("429"), httpx.Response(429, json=bad(429)), html(429)],
    ids=["inside a 200", "as text", "with its own status", "from a gateway"],
)
async def test_after_too_many_requests_nothing_is_sent_for_two_minutes(too_many: object) -> None:
    async with Network(too_many, LEFT) as network:
        with pytest.raises(ProviderBusy) as first:
            await network.provider.report(MUGS)
        network.time.seconds += 119
        with pytest.raises(ProviderBusy) as second:
            await network.provider.quota()
        sent_in_silence = len(network.calls)
        network.time.seconds += 1.1
        quota = await network.provider.quota()

    assert first.value.retry_after == timedelta(seconds=120)
    assert second.value.retry_after is not None
    assert round(second.value.retry_after.total_seconds()) == 1
    assert sent_in_silence == 1
    assert quota.left == 412


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("3600", 3600),
        ("0", 120),
        ("-5", 120),
        ("3601", 120),
        ("99999999999", 120),
        ("soon", 120),
        ("1.5", 120),
        ("", 120),
        ("²", 120),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 120),
    ],
)
async def test_retry_after_is_honoured_when_it_makes_sense(header: str, seconds: int) -> None:
    refusal = httpx.Response(200, json=bad(429), headers={b"Retry-After": header.encode()})
    async with Network(refusal) as network:
        with pytest.raises(ProviderBusy) as busy:
            await network.provider.quota()

    assert busy.value.retry_after == timedelta(seconds=seconds)


async def test_silence_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with Network(bad(429)) as network:
        for _ in range(3):
            with pytest.raises(ProviderBusy):
                await network.provider.quota()

    assert [record.message for record in caplog.records] == ["provider asks for silence"]


FAULT = httpx.ConnectError("refused")


async def test_what_only_reads_is_asked_once_more_when_the_connection_fails() -> None:
    async with Network(FAULT, LEFT) as network:
        quota = await network.provider.quota()

    assert quota.left == 412
    assert len(network.calls) == 2
    assert network.at[1] - network.at[0] >= 1


async def test_it_is_asked_only_once_more() -> None:
    async with Network(FAULT) as network:
        with pytest.raises(ProviderUnavailable):
            await network.provider.quota()

    assert len(network.calls) == 2


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.ReadTimeout("slow")])
async def test_what_creates_changes_or_costs_is_never_sent_twice(fault: Exception) -> None:
    parcel = NewParcel(key=MUGS)
    async with Network(fault) as network:
        client, provider = network.client, network.provider
        calls = [
            provider.create(parcel),
            provider.look_now(MUGS),
            provider.mark(MUGS, None),
            provider.archive(MUGS, archived=True),
            provider.delete(MUGS),
            provider.detect("1ZX"),
            client.batch([parcel]),
            client.update(MUGS, "usps"),
            client.notupdate([MUGS]),
            client.delete_many([MUGS]),
            client.updatemore({}),
            client.remote([]),
            client.costtime([]),
            client.aircargo("172-00000011"),
        ]
        for call in calls:
            try:
                await call
            except ProviderUnavailable:
                continue

    assert len(network.calls) == 11  # the three with nothing to ask for ask nothing


async def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    async def torn() -> AsyncIterator[bytes]:
        yield b'{"meta":'
        raise httpx.ReadError("reset")

    async with Network(httpx.Response(200, content=torn())) as network:
        with pytest.raises(ProviderUnavailable):
            await network.provider.quota()

    assert len(network.calls) == 1


async def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot")
    async with Network(html(502), html(502), FAULT, FAULT, LEFT) as network:
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await network.provider.quota()
        network.time.seconds += 600
        await network.provider.quota()
        await network.provider.quota()

    began, ended = [record for record in caplog.records if record.name.startswith("bot")]
    assert (began.message, vars(began)["why"]) == (
        "provider stopped answering",
        "HTTP 502 without a word of the service",
    )
    assert ended.message == "provider answers again"
    assert vars(ended)["seconds"] > 600


async def test_a_refusal_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    async with Network(bad(4001)) as network:
        with pytest.raises(KeyRefused):
            await network.provider.quota()

    assert not [record for record in caplog.records if record.name.startswith("bot")]


def told_at(date: str) -> httpx.Response:
    return httpx.Response(200, json=LEFT, headers={"Date": date} if date else {})


async def test_the_providers_time_is_that_of_its_latest_answer_moved_on() -> None:
    async with Network(told_at("Mon, 02 Mar 2026 09:00:00 GMT")) as network:
        await network.provider.quota()
        network.time.seconds += 90

        now = await network.provider.now()

    assert now == datetime(2026, 3, 2, 9, 1, 30, tzinfo=UTC)
    assert len(network.calls) == 1


async def test_the_provider_is_asked_for_its_time_when_it_has_not_spoken_yet() -> None:
    async with Network(told_at("Mon, 02 Mar 2026 09:00:00 GMT")) as network:
        now = await network.provider.now()

    assert now == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert network.paths == ["GET /v2/trackings/getuserinfo"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 02 Mar 2026 09:00:00 -0000", "Mon, 99 Mar 2026 09:00:00 GMT"])
async def test_without_a_time_of_the_providers_ours_is_taken_and_not_asked_for_again(date: str) -> None:
    async with Network(told_at(date)) as network:
        first = await network.provider.now()
        network.time.seconds += 60
        second = await network.provider.now()

    assert (first, second) == (NOON, NOON + timedelta(seconds=60))
    assert len(network.calls) == 1


async def test_a_report_says_when_it_was_asked_for_and_not_when_its_turn_was_awaited() -> None:
    async with Network(good(MINE)) as network:
        first = await network.provider.report(MUGS)
        second = await network.provider.report(MUGS)

    assert first.asked_at == NOON
    assert second.asked_at is not None
    assert second.asked_at - NOON >= timedelta(seconds=1)


async def test_a_big_answer_is_read_as_a_small_one_is() -> None:
    many = [MINE | {"tracking_number": f"1ZX{number}"} for number in range(1000)]
    async with Network(good({"items": many})) as network:
        pages = [page async for page in network.provider.updated_since(NOON, NOON)]

    assert len(pages[0]) == 1000


async def test_an_account_is_named_without_its_key() -> None:
    async with Network(LEFT) as network:
        name = network.provider.account

    assert re.fullmatch(r"trackingmore:[0-9a-f]{8}", name)
    assert name != account_of("sandbox-key-0002")
