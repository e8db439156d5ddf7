"""TrackingMore behind the port: what services ask for, and the windowed list.

Over 300 lines, since every way in which a list can move needs the same service that moves it.

Over 300 lines: a list can move in many ways while it is read.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from bot import ports
from bot.domain.errors import AnswerNotUnderstood, AnswerTooBig, CarrierRefused, Missing, ProviderUnavailable
from bot.domain.parcel import NewParcel, Report
from bot.domain.status import Status
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.provider import MOST_FRESH_STARTS, MOST_PAGES, page_at
from tests.unit.providers.trackingmore.network import KEY, MUGS, NOON, Network, Time, bad, good, html

MINE = {"tracking_number": MUGS.number, "carrier_code": "ups", "status": "transit"}


async def test_it_is_a_provider() -> None:
    def takes_a_provider(provider: ports.Provider) -> str:  # mypy checks this
        return provider.account

    provider = TrackingMore.connect(key=KEY, base_url="https://api.example.com/v2", clock=Time())

    assert takes_a_provider(provider)
    await provider.close()


async def test_a_parcel_that_the_provider_follows_already_is_no_error() -> None:
    async with Network(bad(4016)) as network:
        assert await network.provider.create(NewParcel(key=MUGS)) is False


async def test_a_new_parcel_is_followed() -> None:
    async with Network(good(MINE)) as network:
        assert await network.provider.create(NewParcel(key=MUGS)) is True


@pytest.mark.parametrize("code", [4017, 4031])
async def test_a_parcel_that_the_provider_does_not_know_is_missing(code: int) -> None:
    async with Network(bad(code)) as network:
        with pytest.raises(Missing):
            await network.provider.report(MUGS)


@pytest.mark.parametrize(("status", "number"), [(Status.DELIVERED, 4), (Status.EXCEPTION, 7), (None, 8)])
async def test_marks_are_the_three_numbers_and_the_echo_is_not_read(status: Status | None, number: int) -> None:
    echo = {"tracking_number": "??", "status": "7", "archived": "true", "origin_info": "??"}
    async with Network(good(echo)) as network:
        await network.provider.mark(MUGS, status)

    assert network.bodies == [{"status": number}]


@pytest.mark.parametrize("archived", [True, False])
async def test_the_archive_is_told_in_words(*, archived: bool) -> None:
    async with Network(good([])) as network:
        await network.provider.archive(MUGS, archived=archived)

    assert network.bodies == [{"archived": "true" if archived else "false"}]


@pytest.mark.parametrize("answer", [good([]), bad(4017), bad(4031)])
async def test_to_delete_what_is_not_there_is_done(answer: object) -> None:
    async with Network(answer) as network:
        await network.provider.delete(MUGS)

    assert network.paths == [f"DELETE /v2/trackings/ups/{MUGS.number}"]


@pytest.mark.parametrize(("left", "parcels"), [("431", 431), (9999, 9999), (12.6, 12), ("0", 0), (-1, -1)])
async def test_the_quota_is_counted_in_whole_parcels(left: object, parcels: int) -> None:
    async with Network(good({"money": "12.50", "track_number": left, "email": "x@example.com"})) as network:
        assert (await network.provider.quota()).left == parcels


async def test_detected_carriers_come_best_first_without_those_we_do_not_know() -> None:
    found = [{"code": "china-ems"}, {"code": "no-such-carrier"}, {"code": "china-post"}]
    async with Network(good(found)) as network:
        carriers = await network.provider.detect("EA000000031CN")

    assert [carrier.code for carrier in carriers] == ["china-ems", "china-post"]


async def test_a_number_of_no_carrier_is_refused() -> None:
    async with Network(bad(4032)) as network:
        with pytest.raises(CarrierRefused):
            await network.provider.detect("EA000000031CN")


async def test_what_a_person_asks_goes_before_a_round() -> None:
    async with Network(good(MINE)) as network:
        await network.provider.report(MUGS)
        order: list[str] = []

        async def ask(who: str, *, person: bool) -> None:
            await network.provider.report(MUGS, asked_by_person=person)
            order.append(who)

        async with asyncio.TaskGroup() as group:
            group.create_task(ask("round", person=False))
            group.create_task(ask("Ada", person=True))

    assert order == ["Ada", "round"]


class Service:
    """A list of parcels in the window, of which some leave it while it is read."""

    def __init__(self, count: int, *, cap: int = 2000, too_big_over: int = 2000) -> None:
        self.parcels = [f"1ZX{number:06}" for number in range(count)]
        self.cap = cap
        self.too_big_over = too_big_over
        self.too_big_calls: set[int] = set()
        self.leave: dict[int, Sequence[int]] = {}
        self.asked: list[tuple[int, int]] = []
        self.total: Any = None
        self.limit: int | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page, limit = int(request.url.params["page"]), int(request.url.params["limit"])
        self.asked.append((page, limit))
        if limit > self.too_big_over or len(self.asked) in self.too_big_calls:
            return httpx.Response(200, headers={"Content-Length": str(33 * 1024 * 1024)}, content=b"{}")
        gone = self.leave.get(len(self.asked), ())
        self.parcels = [number for at, number in enumerate(self.parcels) if at not in gone]
        limit = min(limit, self.cap)
        shown = self.parcels[(page - 1) * limit : page * limit]
        items = [number and MINE | {"tracking_number": number} for number in shown]
        total = str(len(self.parcels)) if self.total is None else self.total
        facts = {"page": page, "limit": self.limit or limit, "total": total, "items": items}
        return httpx.Response(200, json=good(facts))


async def window(service: Service) -> tuple[Network, list[Report]]:
    async with Network(service) as network:
        pages = [page async for page in network.provider.updated_since(NOON - timedelta(hours=1), NOON)]
    return network, [report for page in pages for report in page]


def numbers(reports: Sequence[Report]) -> list[str]:
    return [report.key.number for report in reports]


@pytest.mark.parametrize("count", [0, 1, 280, 1999, 2000])
async def test_what_fits_a_page_is_one_call(count: int) -> None:
    service = Service(count)

    network, reports = await window(service)

    assert numbers(reports) == service.parcels
    assert network.queries == [
        {"page": "1", "limit": "2000", "update_time_min": "1772449200", "update_time_max": "1772452800"}
    ]


@pytest.mark.parametrize(("count", "calls"), [(2001, 2), (3900, 2), (10_000, 6), (20_000, 11)])
async def test_a_long_window_is_read_whole_and_each_parcel_once(count: int, calls: int) -> None:
    service = Service(count)

    _, reports = await window(service)

    assert numbers(reports) == service.parcels
    assert len(service.asked) == calls
    assert max(limit for _, limit in service.asked) == 2000


async def test_pages_are_more_than_a_second_apart() -> None:
    network, _ = await window(Service(5000))

    assert all(later - earlier >= 1 for earlier, later in pairwise(network.at))


async def test_nobody_is_overlooked_when_parcels_leave_the_window_while_it_is_read() -> None:
    service = Service(6000)
    everybody = set(service.parcels)
    service.leave = {2: range(10), 3: range(40), 4: (5000,)}
    left = {service.parcels[at] for at in range(50)}

    _, reports = await window(service)

    assert everybody - set(numbers(reports)) <= left | {service.parcels[-1]}
    assert set(service.parcels) <= set(numbers(reports))


async def test_a_window_that_moved_by_more_than_pages_share_is_read_again() -> None:
    service = Service(6000)
    service.leave = {2: range(500)}

    _, reports = await window(service)

    assert set(service.parcels) <= set(numbers(reports))
    assert service.asked[:3] == [(1, 2000), (2, 1950), (1, 2000)]


async def test_a_list_that_never_joins_comes_to_an_end_all_the_same() -> None:
    service = Service(12_000)
    service.leave = {call: range(500) for call in range(2, 100)}

    await window(service)

    assert service.asked.count((1, 2000)) == 1 + MOST_FRESH_STARTS


async def test_a_page_that_is_too_big_is_asked_for_with_half_the_parcels() -> None:
    service = Service(1200, too_big_over=500)

    _, reports = await window(service)

    assert service.asked[:3] == [(1, 2000), (1, 1000), (1, 500)]
    assert numbers(reports) == service.parcels


async def test_a_page_that_is_too_big_half_way_is_asked_for_from_where_the_last_one_ended() -> None:
    service = Service(5000)
    service.too_big_calls = {2}

    _, reports = await window(service)

    assert service.asked[:3] == [(1, 2000), (2, 1950), (3, 987)]
    assert numbers(reports) == service.parcels


async def test_one_parcel_that_is_too_big_is_an_error() -> None:
    with pytest.raises(AnswerTooBig):
        await window(Service(3, too_big_over=0))


async def test_a_service_that_gives_fewer_than_it_is_asked_for_is_read_to_the_end() -> None:
    service = Service(700, cap=200)

    _, reports = await window(service)

    assert numbers(reports) == service.parcels


async def test_a_service_that_tells_a_wrong_length_is_believed_by_what_it_gives() -> None:
    service = Service(2500)
    service.limit = 100

    _, reports = await window(service)

    assert numbers(reports) == service.parcels
    assert len(service.asked) == 2


async def test_parcels_that_cannot_be_read_do_not_make_a_page_short() -> None:
    service = Service(2500)
    service.parcels[3] = ""

    _, reports = await window(service)

    assert len(reports) == 2499


@pytest.mark.parametrize("total", ["56", 0, None, "many", -1])
async def test_a_total_that_is_not_true_does_no_harm(total: object) -> None:
    service = Service(25)
    service.total = total if total is not None else []

    _, reports = await window(service)

    assert len(reports) == 25
    assert len(service.asked) == 1


async def test_without_a_total_pages_are_read_until_one_is_short() -> None:
    service = Service(4100)
    service.total = []

    _, reports = await window(service)

    assert numbers(reports) == service.parcels


async def test_pages_without_end_are_an_error() -> None:
    served: list[int] = []

    def endless(request: httpx.Request) -> httpx.Response:
        served.append(1)
        items = [MINE | {"tracking_number": f"1ZX{number}"} for number in range(int(request.url.params["limit"]))][:3]
        return httpx.Response(200, json=good({"limit": 3, "total": 10**9, "items": items}))

    async with Network(endless) as network:
        with pytest.raises(AnswerNotUnderstood):
            async for _ in network.provider.updated_since(NOON, NOON):
                pass

    assert len(served) == MOST_PAGES


async def test_a_window_that_breaks_off_is_an_error_after_the_pages_that_came() -> None:
    async with Network(Service(3000), html(502)) as network:
        pages = network.provider.updated_since(NOON, NOON)
        first = await anext(pages)
        with pytest.raises(ProviderUnavailable):
            await anext(pages)

    assert len(first) == 2000


@pytest.mark.parametrize("longest", [1, 2, 31, 125, 2000])
def test_each_page_begins_before_the_last_one_ended_and_goes_beyond_it(longest: int) -> None:
    end = longest
    for _ in range(40):
        page, limit = page_at(end, longest)
        begin = (page - 1) * limit

        assert 1 <= limit <= longest
        assert begin <= end < begin + limit
        end = begin + limit
