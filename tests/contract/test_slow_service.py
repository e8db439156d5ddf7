"""A tracking service that takes for ever: a round waits for it as long as it must, and no longer."""

import asyncio

import httpx

from bot.domain.parcel import Parcel, ParcelKey, Place, Subscription
from bot.domain.status import Status
from bot.providers.trackingmore import TrackingMore
from bot.providers.trackingmore.provider import account_of
from bot.providers.trackingmore.session import Session
from bot.providers.trackingmore.transport import Key, Transport
from bot.services.observer import Observer
from bot.services.sweep import Sweep
from bot.services.watch import Watch
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import FakeClock, FakeMessenger
from tests.faults.loop import run
from tests.unit.providers.trackingmore.network import BASE, KEY

UPS, HERE = ParcelKey("ups", "1ZX000010300000016"), Place("T", "C1")


class Silence(httpx.AsyncBaseTransport):
    """A network that takes every call and never answers."""

    calls = 0

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        self.calls += 1
        await asyncio.Event().wait()
        raise TimeoutError


def test_a_service_that_never_answers_holds_up_a_round_for_less_than_a_minute() -> None:
    silence = Silence()

    async def one_of_each() -> list[float]:
        clock, store, loop = FakeClock(), RecordStore(MemoryTables()), asyncio.get_running_loop()
        session = Session(Transport(key=Key(KEY), base_url=BASE, network=silence), clock, monotonic=loop.time)
        watch = Watch(store=store, messenger=FakeMessenger(clock), clock=clock, admins=())
        sweep = Sweep(
            store=store,
            provider=TrackingMore(session, account=account_of(KEY)),
            clock=clock,
            observer=Observer(store, clock, lambda: None),
            watch=watch,
            spent=lambda: None,
        )
        await store.save(
            Parcel(workspace="T", key=UPS, serial=1, status=Status.PICKUP, added_at=clock.now()),
            Subscription(place=HERE, key=UPS, added_by="U1", added_at=clock.now()),
        )
        took = []
        for rounds in (sweep.run_once, sweep.look_once):
            began = loop.time()
            await rounds()
            took.append(loop.time() - began)
        assert (await sweep.health()).failing_since
        await session.close()
        return took

    took = run(one_of_each(), seed="slow")

    assert silence.calls >= 2
    assert all(0 < seconds <= 60 for seconds in took)
