"""The TrackingMore client against the simulated service, over real HTTP on loopback.

Over 300 lines, since all of it shares one server and one world.

Over 300 lines: every operation and every code has its turn.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from bot.domain import errors
from bot.domain.parcel import Checkpoint, NewParcel, ParcelKey, Report
from bot.domain.status import Status
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.bodies import Edit, Override, Search, Window
from bot.providers.trackingmore.lookups import Address, Route
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.provider import account_of
from bot.providers.trackingmore.session import Operation, Session
from bot.providers.trackingmore.transport import Key, Transport
from bot.sandbox import trackingmore as sandbox
from tests.unit.providers.trackingmore.network import KEY, Time, bad
from tests.unit.providers.trackingmore.test_codes import TABLE

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UPS, USPS = ParcelKey("ups", "1ZX000010300000016"), ParcelKey("usps", "9400111899223000000001")
ONE = "GET /trackings/{carrier_code}/{tracking_number}"
LIST = "GET /trackings/get"


class Door:
    """The address of whatever service stands behind it just now."""

    service: sandbox.TrackingMore
    url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.service.app(scope, receive, send)


class Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    """Open one server for all tests here: each puts its own service behind it."""
    door = Door()
    app = Starlette(routes=[Mount("/trackingmore", app=door)])
    server = Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False, date_header=False))
    serving = asyncio.create_task(server.serve())
    await server.ready.wait()
    door.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/trackingmore/v2"
    yield door
    server.should_exit = True
    await serving


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service, somebody who asks it, and the time of both: it passes when the client waits for its turn."""

    service: sandbox.TrackingMore
    clock: sandbox.CarrierClock
    time: Time
    provider: TrackingMore
    session: Session

    def passes(self, **time: float) -> None:
        self.clock.step(timedelta(**time))
        self.time.seconds += timedelta(**time).total_seconds()

    def codes(self, operation: str = "") -> list[int | None]:
        return [call.code for call in self.service.calls if operation in {"", call.operation}]

    def told(self) -> list[object]:
        """What the client sent, in turn."""
        return [call.body for call in self.service.calls]


def world_of(door: Door, *, quirks: bool = False, quota: int = 412, key: str = KEY) -> World:
    time, clock = Time(), sandbox.CarrierClock(start=START, speed=0)
    service = sandbox.TrackingMore(clock=clock, key=KEY, quota=quota, seed=1, quirks=quirks, monotonic=time.monotonic)
    door.service = service
    transport = Transport(key=Key(key), base_url=door.url, allow_loopback=True)
    pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
    session = Session(transport, time, pacer=pacer, monotonic=time.monotonic)
    provider = TrackingMore(session, account=account_of(key))
    return World(service=service, clock=clock, time=time, provider=provider, session=session)


@pytest.fixture
async def world(door: Door) -> AsyncIterator[World]:
    world = world_of(door)
    yield world
    await world.provider.close()


async def window(world: World, hours: float = 240) -> list[Report]:
    now = await world.provider.now()
    pages = world.provider.updated_since(now - timedelta(hours=hours), now)
    return [report async for page in pages for report in page]


async def test_the_life_of_a_parcel(world: World) -> None:
    provider = world.provider

    new = await provider.create(NewParcel(key=UPS, title="Blue mugs", order="#1042"))
    pending = await provider.report(UPS)
    world.passes(days=1)
    [moving] = await window(world)
    await provider.mark(UPS, Status.EXCEPTION)
    marked = await provider.report(UPS)
    await provider.mark(UPS, None)
    restored = await provider.report(UPS)
    await provider.archive(UPS, archived=True)
    archived = await provider.report(UPS)
    await provider.archive(UPS, archived=False)
    again = await provider.report(UPS)
    await provider.delete(UPS)
    await provider.delete(UPS)

    assert new
    assert (pending.status, pending.checkpoints, pending.updated_at) == (Status.PENDING, (), None)
    assert (moving.key, moving.status) == (UPS, restored.status)
    assert moving.checkpoints
    assert moving.updated_at is not None
    assert marked.status is Status.EXCEPTION
    assert marked.checkpoints == moving.checkpoints
    assert (archived.archived, again.archived) == (True, False)
    with pytest.raises(errors.Missing):
        await provider.report(UPS)
    assert 429 not in world.codes()


async def test_a_parcel_that_exists_costs_nothing(world: World) -> None:
    assert await world.provider.create(NewParcel(key=UPS)) is True
    assert await world.provider.create(NewParcel(key=UPS)) is False

    assert (await world.provider.quota()).left == 411


async def test_a_parcel_that_exists_may_be_told_by_201_and_nothing(world: World) -> None:
    world.service.faults.set("existing_is_201", "on")
    await world.provider.create(NewParcel(key=UPS))

    assert await world.provider.create(NewParcel(key=UPS)) is False


async def test_a_look_brings_what_the_carrier_knows_now(world: World) -> None:
    await world.provider.create(NewParcel(key=UPS))
    world.passes(minutes=5)
    await world.provider.report(UPS)
    world.service.move(UPS.number)

    report = await world.provider.look_now(UPS, asked_by_person=True)

    assert report.checkpoints
    assert report.updated_at is None
    assert report.asked_at == world.time.now()


async def test_all_sixteen_operations_and_the_two_on_carriers_are_understood(world: World) -> None:
    client = world.provider.client
    key = ParcelKey("dhl", "1234567890")

    assert await client.post(NewParcel(key=UPS)) is True
    batch = await client.batch([NewParcel(key=UPS), NewParcel(key=USPS), NewParcel(key=ParcelKey("ups", "!!"))])
    assert batch.done == (USPS,)
    assert [type(error) for error in batch.refused.values()] == [errors.AlreadyExists, errors.NumberRefused]
    assert (await client.get(UPS, language="en")).key == UPS
    await client.put(UPS, Edit(title="Cups", order="#7", status=Override.DELIVERED))
    edited = await client.updatemore({UPS: Edit(archived=True), key: Edit(title="x")})
    assert (edited.done, [type(error) for error in edited.refused.values()]) == ((UPS,), [errors.Missing])
    page = await client.list_page(Search(numbers=[UPS.number], archived=True, status=Status.DELIVERED, language="en"))
    assert ([report.key for report in page.reports], page.total) == ([UPS], 1)
    assert (await client.realtime(NewParcel(key=USPS, postcode="10001"))).key == USPS
    assert sum((await client.getstatusnumber(created=Window(since=START))).values()) == 2
    assert (await client.notupdate([USPS, key])).done == (USPS,)
    moved = await client.update(USPS, "ups")
    assert (await client.get(moved)).status is Status.PENDING
    places = [Address(country="JP", postcode=str(postcode)) for postcode in range(7621094, 7621104)]
    assert {area.country for area in (await client.remote(places)).remote} == {"Japan"}
    routes = [Route(carrier="dhl", origin="CN", destination=country) for country in ("US", "DE", "FR")]
    times = (await client.costtime(routes)).times
    assert [time.route for time in times] == routes
    assert all(0.97 < sum(time.shares.values()) < 1.03 for time in times if time.samples)
    air = await client.aircargo("172-00000011")
    assert air
    assert [event.status for event in air.events] == ["RCF", "ARR", "DEP", "RCS"]
    assert await client.aircargo("999-00000011") is None
    assert len(await client.carriers()) == 663
    assert [carrier.code for carrier in await client.detect("1ZX000010300000016")] == ["ups"]
    assert set((await client.delete_many([UPS, moved, key])).done) == {UPS, moved, key}
    await client.post(NewParcel(key=key))
    await client.delete(key)
    assert (await client.getuserinfo()).left == int(412 - 4 - 14 * 0.2 - 2 * 20)  # created, looked up, air waybills
    assert {call.operation for call in world.service.calls} == set(OPERATIONS)
    assert set(world.codes()) <= {200, 201}


OPERATIONS = [
    "POST /trackings/post",
    ONE,
    "PUT /trackings/{carrier_code}/{tracking_number}",
    "DELETE /trackings/{carrier_code}/{tracking_number}",
    "POST /trackings/batch",
    LIST,
    "POST /trackings/updatemore",
    "POST /trackings/delete",
    "POST /trackings/realtime",
    "POST /trackings/update",
    "GET /trackings/getuserinfo",
    "GET /trackings/getstatusnumber",
    "POST /trackings/notupdate",
    "POST /trackings/remote",
    "POST /trackings/costtime",
    "POST /trackings/aircargo",
    "GET /carriers",
    "POST /carriers/detect",
]


@pytest.mark.parametrize("mode", ["documented", "all 200", "real"])
@pytest.mark.parametrize(("code", "error"), TABLE, ids=[str(code) for code, _ in TABLE])
async def test_every_code_is_its_error_with_any_http_status(
    world: World, code: int, error: type[errors.ProviderError], mode: str
) -> None:
    http = {"all 200": 200, "real": code if code < 600 else 400}.get(mode, code if 401 <= code < 600 else 200)
    world.service.script(ONE, bad(code), http=http)

    with pytest.raises(errors.ProviderError) as raised:
        await world.provider.report(UPS)

    assert type(raised.value) is error


Ask = Callable[[TrackingMore], Awaitable[object]]
OWN_CODES: list[tuple[str, dict[str, object], Ask, type[errors.ProviderError]]] = [
    ("a key that is none", {"key_refused": 4001}, lambda p: p.quota(), errors.KeyRefused),
    ("a deleted key", {"key_refused": 4002}, lambda p: p.report(UPS), errors.KeyRefused),
    ("a missing field", {}, lambda p: p.client.aircargo(""), errors.FieldMissing),
    ("no number", {}, lambda p: p.detect(""), errors.NumberRefused),
    ("a bad number", {}, lambda p: p.create(NewParcel(key=ParcelKey("ups", "1Z!"))), errors.NumberRefused),
    ("a bad carrier", {}, lambda p: p.create(NewParcel(key=ParcelKey("evry", "12345"))), errors.CarrierRefused),
    ("no such parcel", {}, lambda p: p.report(USPS), errors.Missing),
    ("no parcel to mark", {}, lambda p: p.mark(USPS, None), errors.Missing),
    ("no feature", {"not_activated": True}, lambda p: p.look_now(UPS), errors.FeatureNotActive),
    ("no quota", {"quota_gone": True}, lambda p: p.create(NewParcel(key=USPS)), errors.QuotaSpent),
    ("no money", {"quota_gone": True}, lambda p: p.detect(UPS.number), errors.QuotaSpent),
    ("the end of a trial", {"trial_over": True}, lambda p: p.report(UPS), errors.QuotaSpent),
    ("nobody's number", {}, lambda p: p.detect("ZZZZZZZZZ"), errors.CarrierRefused),
    ("too many calls", {"rate_limited": True}, lambda p: p.report(UPS), errors.ProviderBusy),
    ("a gateway", {"down": True}, lambda p: p.report(UPS), errors.ProviderUnavailable),
    ("half an answer", {"drop": True}, lambda p: p.report(UPS), errors.ProviderUnavailable),
    ("an empty body", {"empty_body": True}, lambda p: p.report(UPS), errors.AnswerNotUnderstood),
    ("no data", {"data_null": True}, lambda p: p.report(UPS), errors.Missing),
    ("5 MiB", {"too_big": True}, lambda p: p.report(UPS), errors.AnswerTooBig),
]


@pytest.mark.parametrize(
    ("faults", "ask", "error"), [row[1:] for row in OWN_CODES], ids=[name for name, *_ in OWN_CODES]
)
async def test_every_fault_of_the_service_is_an_error_of_ours(
    world: World, faults: dict[str, object], ask: Ask, error: type[errors.ProviderError]
) -> None:
    await world.provider.create(NewParcel(key=UPS))
    for name, value in faults.items():
        world.service.faults.set(name, value)

    with pytest.raises(errors.ProviderError) as raised:
        await ask(world.provider)

    assert type(raised.value) is error


async def test_after_a_fault_all_goes_on_as_before(world: World) -> None:
    await world.provider.create(NewParcel(key=UPS))
    for fault in ("down", "empty_body", "drop", "too_big"):
        world.service.faults.set(fault, value=True)
        with pytest.raises(errors.ProviderError):
            await world.provider.report(UPS)
        world.service.faults.clear()

    assert (await world.provider.report(UPS)).key == UPS


async def test_a_code_written_as_text_is_understood(world: World) -> None:
    world.service.faults.set("code_as_string", value=True)

    assert await world.provider.create(NewParcel(key=UPS)) is True
    with pytest.raises(errors.Missing):
        await world.provider.report(USPS)


async def test_a_service_that_does_not_answer_is_given_up(world: World) -> None:
    world.service.faults.set("hang", value=True)
    hurried = Operation(name="GET /trackings/getuserinfo", total=timedelta(milliseconds=50))

    with pytest.raises(errors.ProviderUnavailable):
        await world.session.ask(hurried)

    world.service.faults.clear()


async def test_nobody_listening_is_an_outage(door: Door) -> None:
    transport = Transport(key=Key(KEY), base_url="http://127.0.0.1:9/v2", allow_loopback=True)
    time = Time()
    pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
    provider = TrackingMore(Session(transport, time, pacer=pacer), account="trackingmore:0")

    with pytest.raises(errors.ProviderUnavailable):
        await provider.quota()

    await provider.close()


async def test_calls_in_a_row_never_come_too_soon(world: World) -> None:
    for _ in range(5):
        await world.provider.quota()
        await world.provider.counts()
    for number in range(5):
        await world.provider.create(NewParcel(key=ParcelKey("ups", f"1ZX00001030000{number:04}")))

    assert set(world.codes()) == {200}


async def test_after_too_many_calls_the_client_is_silent_until_it_may_speak(world: World) -> None:
    world.service.faults.next(1, "", rate_limited=True)
    with pytest.raises(errors.ProviderBusy):
        await world.provider.quota()
    called = len(world.service.calls)

    for seconds in (1, 60, 58):
        world.time.seconds += seconds
        with pytest.raises(errors.ProviderBusy):
            await world.provider.report(UPS, asked_by_person=True)
    assert len(world.service.calls) == called
    world.time.seconds += 2

    assert (await world.provider.quota()).left == 412


async def test_the_services_time_is_taken_and_not_ours(world: World) -> None:
    await world.provider.quota()
    world.time.seconds += 30

    now = await world.provider.now()

    assert now == START + timedelta(seconds=30)
    assert now.year != world.time.now().year or abs(now - world.time.now()) > timedelta(hours=2)


@pytest.mark.parametrize("empty", ["object", "list", "4031"])
async def test_an_empty_account_is_no_error(world: World, empty: str) -> None:
    world.service.faults.set("empty_list", empty)

    assert await window(world) == []


def many(world: World, count: int) -> None:
    for number in range(count):
        world.service.put(f"1ZX{number:015}", "ups", status="transit")


async def test_a_window_holds_what_was_refreshed_in_it(world: World) -> None:
    many(world, 300)
    world.passes(hours=5)
    everything = (await world.provider.client.list_page(Search(limit=2000))).reports

    reports = await window(world, hours=1)

    an_hour_ago = START + timedelta(hours=4)
    fresh = {report.key for report in everything if report.updated_at and report.updated_at >= an_hour_ago}
    assert 0 < len(fresh) < 300
    assert {report.key for report in reports} == fresh
    assert world.service.calls[-1].query.keys() == {"page", "limit", "update_time_min", "update_time_max"}


async def test_archived_parcels_are_in_the_window_too(world: World) -> None:
    many(world, 2)
    await world.provider.archive(ParcelKey("ups", "1ZX000000000000001"), archived=True)

    assert sorted(report.archived for report in await window(world)) == [False, True]


async def test_a_window_of_many_pages_is_read_whole(world: World) -> None:
    many(world, 2500)

    reports = await window(world)

    assert len({report.key for report in reports}) == len(reports) == 2500
    assert world.codes(LIST) == [200, 200]


async def test_a_page_that_is_too_big_is_asked_for_with_half_the_parcels(world: World) -> None:
    many(world, 30)
    world.service.faults.set("too_big", value=True)
    world.service.faults.set("only", LIST)

    reports = await window(world)

    limits = [call.query["limit"] for call in world.service.calls if call.operation == LIST]
    assert len(reports) == 30
    assert limits == ["2000", "1000"]


async def test_a_parcel_that_cannot_be_read_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    fine = {"tracking_number": "1ZX000020300000023", "carrier_code": "ups", "status": "delivered"}
    broken = {"tracking_number": "1ZX000010300000016", "status": {"x": 1}, "origin_info": "??"}
    world.service.script(LIST, {"meta": {"code": 200}, "data": {"items": [broken, fine]}})

    reports = await window(world)

    assert [report.key.number for report in reports] == ["1ZX000020300000023"]
    assert "1ZX000010300000016" in [vars(record).get("number") for record in caplog.records]


def alike(report: Report) -> Report:
    """Return the report as far as oddities in writing can't change it."""
    lines = [
        replace(line, local_time=line.local_time and line.local_time.replace(second=0), status=None)
        for line in report.checkpoints
    ]
    lines.sort(key=_words)
    return replace(report, updated_at=None, asked_at=None, fingerprint=0, checkpoints=tuple(lines))


def _words(line: Checkpoint) -> tuple[str, str]:
    return str(line.local_time), line.text


async def test_every_oddity_of_writing_is_read_as_what_it_means(door: Door) -> None:
    seen: list[list[Report]] = []
    for quirks in (False, True):
        world = world_of(door, quirks=quirks, quota=1000)
        parcels = [ParcelKey(view.carrier, view.number) for view in world.service.routes()]
        parcels += [ParcelKey("china-post", f"LX{number:09}CN") for number in range(60)]
        await world.provider.client.batch(
            NewParcel(key=key, title="Mugs", extra={"customer_email": "a@example.com"}) for key in parcels
        )
        reports = []
        for _ in range(4):
            world.passes(days=3)
            reports += await window(world)
        reports += [await world.provider.look_now(key) for key in parcels]
        await world.provider.close()
        seen.append([alike(report) for report in reports])

    plain, odd = seen
    assert len(plain) > 200
    assert {report.status for report in plain} >= {Status.DELIVERED, Status.IN_TRANSIT, Status.EXCEPTION}
    assert sorted(odd, key=repr) == sorted(plain, key=repr)


async def test_the_key_is_in_no_log_and_no_error(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for faults in [row[1] for row in OWN_CODES] + [{}]:
        for name, value in faults.items():
            world.service.faults.set(name, value)
        for ask in (world.provider.quota(), world.provider.report(UPS), world.provider.look_now(UPS)):
            try:
                await ask
            except errors.ProviderError as error:
                said.append(f"{error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}")
        world.service.faults.clear()
        world.time.seconds += 130

    assert any(record.name.startswith("httpcore") for record in caplog.records)  # the most talkative one was heard
    assert said
    assert KEY not in "".join(said)
    assert not [record for record in caplog.records if KEY in str(vars(record)) + record.getMessage()]


async def test_a_wrong_key_is_refused_and_not_shown(door: Door) -> None:
    world = world_of(door, key="sandbox-key-wrong")

    with pytest.raises(errors.KeyRefused) as refused:
        await world.provider.quota()

    assert "sandbox-key" not in f"{refused.value!r} {vars(refused.value)}"
    await world.provider.close()


async def test_people_go_before_rounds(world: World) -> None:
    await world.provider.create(NewParcel(key=UPS))
    await world.provider.report(UPS)
    order: list[str] = []

    async def ask(who: str, *, person: bool) -> None:
        with suppress(errors.ProviderError):
            await world.provider.report(UPS, asked_by_person=person)
        order.append(who)

    async with asyncio.TaskGroup() as group:
        for who in ("round 1", "round 2"):
            group.create_task(ask(who, person=False))
        group.create_task(ask("Ada", person=True))

    assert order == ["Ada", "round 1", "round 2"]
