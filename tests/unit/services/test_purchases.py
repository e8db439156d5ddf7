"""What costs quota is bought once for one wish, whatever dies or gets lost, and not beyond what may be spent.

Over 300 lines: each way a wish can end, and each again after a restart.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest

from bot.domain.errors import (
    CarrierRefused,
    DayFull,
    InDoubt,
    NumberRefused,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    QuotaKept,
    QuotaSpent,
)
from bot.domain.parcel import NewParcel, Parcel, ParcelKey, Report
from bot.domain.records import Memo, Trouble
from bot.domain.status import Status
from bot.ports import Record
from bot.services.purchases import INTENT
from bot.services.results import Followed
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.fakes import FakeClock, FakeProvider
from tests.unit.domain.journeys import KEY, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, key_of, looks, out_for_delivery

LOST = ProviderUnavailable("reset")
NONE_LEFT = QuotaSpent("The tracking service has no quota left for us.", code=4021)


class Killed(BaseException):
    """The process dies here."""


class Shop(FakeProvider):
    """A provider at which things go wrong just before or just after it does what it is asked, once each."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.before: dict[str, BaseException] = {}
        self.after: dict[str, BaseException] = {}

    def _goes_wrong(self, when: dict[str, BaseException], name: str) -> None:
        if error := when.pop(name, None):
            raise error

    async def create(self, parcel: NewParcel) -> bool:
        self._goes_wrong(self.before, "create")
        created = await super().create(parcel)
        self._goes_wrong(self.after, "create")
        return created

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        self._goes_wrong(self.before, "report")
        return await super().report(key, asked_by_person=asked_by_person)

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        self._goes_wrong(self.before, "look_now")
        report = await super().look_now(key, asked_by_person=asked_by_person)
        self.has(key, report.status, *report.checkpoints, substatus=report.substatus)
        self._goes_wrong(self.after, "look_now")
        return report

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        await super().archive(key, archived=archived)
        self._goes_wrong(self.after, "archive")


class MortalStore(RecordStore):
    """A store whose process dies just after it has saved a record of this kind, or before it removes one."""

    dies_after: type[Record] | None = None
    dies_before_removing = False

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        if remove and self.dies_before_removing:
            self.dies_before_removing = False
            raise Killed
        await super().save(*records, remove=remove, onto=onto)
        if self.dies_after and any(isinstance(one, self.dies_after) for one in records):
            self.dies_after = None
            raise Killed


@pytest.fixture
def shop() -> Shop:
    return Shop(FakeClock())


@pytest.fixture
def core(shop: Shop) -> Core:
    return Core(clock=shop.clock, provider=shop, store=MortalStore(MemoryTables()))


async def follow(core: Core, key: ParcelKey = KEY) -> Followed:
    return await core.tracker.follow(NewParcel(key=key), ORDERS, by="UADA")


async def open_intents(core: Core) -> list[str]:
    everything = await core.store.everything()
    return [one.name for one in everything if isinstance(one, Memo) and one.name.startswith(INTENT)]


# ── one wish, one charge ──────────────────────────────────────────────────────────────────────────────────────────────


def _dies(core: Core, shop: Shop, point: str) -> None:
    assert isinstance(core.store, MortalStore)
    if point == "api.intent":
        core.store.dies_after = Memo
    elif point == "api.sent":
        shop.after["create"] = Killed()
    else:
        core.store.dies_after = Parcel


@pytest.mark.promise("R24")
@pytest.mark.parametrize("point", ["api.intent", "api.sent", "api.recorded"])
async def test_killed_at_any_point_of_a_purchase_the_next_process_is_charged_no_more(
    core: Core, shop: Shop, point: str
) -> None:
    await core.tracker.follow(NewParcel(key=key_of(1)), ORDERS, by="UADA")
    _dies(core, shop, point)
    with pytest.raises(Killed):
        await follow(core)

    followed = await follow(core.restarted())

    assert shop.left == 412 - 2
    assert len(shop.created) == 2
    assert followed.subscription.active
    assert await open_intents(core) == []


@pytest.mark.promise("R24")
async def test_the_wish_is_written_down_before_the_provider_is_asked(core: Core, shop: Shop) -> None:
    shop.before["create"] = Killed()

    with pytest.raises(Killed):
        await follow(core)

    assert await open_intents(core) == [f"{INTENT} create {KEY.carrier}/{KEY.number}"]


@pytest.mark.promise("R24")
async def test_an_answer_that_was_lost_is_read_and_the_parcel_is_followed(core: Core, shop: Shop) -> None:
    shop.after["create"] = LOST

    followed = await follow(core)

    assert (followed.spent, shop.left, len(shop.created)) == (True, 411, 1)
    assert await open_intents(core) == []


@pytest.mark.promise("R24")
async def test_while_nobody_knows_the_next_try_reads_first_and_does_not_buy_again(core: Core, shop: Shop) -> None:
    shop.after["create"] = LOST
    shop.before["report"] = LOST
    with pytest.raises(InDoubt, match="not charged twice"):
        await follow(core)
    shop.calls.clear()

    followed = await follow(core.restarted())

    assert shop.names()[0] == "report"
    assert "create" not in shop.names()
    assert (followed.spent, shop.left) == (True, 411)


@pytest.mark.promise("R24")
async def test_a_request_that_never_arrived_is_made_again_and_charged_once(core: Core, shop: Shop) -> None:
    shop.before["create"] = LOST
    with pytest.raises(ProviderUnavailable):
        await follow(core)

    followed = await follow(core)

    assert (followed.spent, shop.left, len(shop.created)) == (True, 411, 1)


@pytest.mark.promise("R24")
async def test_what_the_provider_has_already_is_followed_and_costs_nothing(core: Core, shop: Shop) -> None:
    shop.has(KEY, Status.IN_TRANSIT, PICKED_UP)

    followed = await follow(core)

    assert (followed.spent, shop.left) == (False, 412)
    assert await open_intents(core) == []


@pytest.mark.promise("R24")
@pytest.mark.parametrize(
    "error", [NumberRefused("The tracking service refuses this number.", code=4014), ProviderBusy(timedelta(minutes=2))]
)
async def test_a_definite_no_leaves_no_wish_behind(core: Core, shop: Shop, error: ProviderError) -> None:
    shop.before["create"] = error

    with pytest.raises(type(error)):
        await follow(core)

    assert await open_intents(core) == []


@pytest.mark.promise("R24")
async def test_a_look_whose_answer_was_lost_is_read_and_not_made_again(core: Core, shop: Shop) -> None:
    await core.follows()
    shop.look_costs = 1
    shop.after["look_now"] = LOST
    core.clock.move(hours=3)
    with pytest.raises(ProviderUnavailable):
        await core.tracker.refresh(ORDERS, KEY)

    await core.restarted().tracker.refresh(ORDERS, KEY)

    assert (len(looks(core)), shop.left) == (1, 410)
    assert await open_intents(core) == []


@pytest.mark.promise("R24")
async def test_a_look_that_never_was_is_made_at_the_next_try(core: Core, shop: Shop) -> None:
    await core.follows()
    shop.before["look_now"] = LOST
    core.clock.move(hours=3)
    with pytest.raises(ProviderUnavailable):
        await core.tracker.refresh(ORDERS, KEY)

    await core.tracker.refresh(ORDERS, KEY)

    assert len(looks(core)) == 1


@pytest.mark.promise("R24")
async def test_coming_back_from_the_providers_archive_is_asked_for_once(core: Core, shop: Shop) -> None:
    await core.follows()
    await core.tracker.archive(ORDERS, KEY, by="UADA")
    shop.after["archive"] = LOST
    with pytest.raises(ProviderUnavailable):
        await core.tracker.unarchive(ORDERS, KEY, by="UADA")
    shop.calls.clear()

    await core.restarted().tracker.unarchive(ORDERS, KEY, by="UADA")

    assert "archive" not in shop.names()
    assert await open_intents(core) == []


@pytest.mark.promise("R24")
async def test_killed_while_a_carrier_is_looked_up_it_is_not_bought_again(core: Core, shop: Shop) -> None:
    assert isinstance(core.store, MortalStore)
    core.store.dies_before_removing = True
    with pytest.raises(Killed):
        await core.tracker.detect(KEY.number)

    after = core.restarted().tracker
    with pytest.raises(CarrierRefused, match="Name the carrier"):
        await after.detect(KEY.number)
    await after.detect(KEY.number)

    assert shop.names().count("detect") == 2


# ── what may be spent ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R25")
async def test_a_workspace_asks_for_no_more_than_its_days_share_whoever_asks_and_after_a_restart(core: Core) -> None:
    tracker = core.restarted(creates_a_day=3).tracker
    came_to = await asyncio.gather(
        *(tracker.follow(NewParcel(key=key_of(one)), ORDERS, by="UADA") for one in range(5)), return_exceptions=True
    )
    again = core.restarted(creates_a_day=3).tracker
    with pytest.raises(DayFull, match="WAYBILL_CREATES_PER_DAY"):
        await again.follow(NewParcel(key=key_of(9)), OPS, by="UBEN")
    core.clock.move(days=1)
    await again.follow(NewParcel(key=key_of(9)), OPS, by="UBEN")

    assert sum(isinstance(one, DayFull) for one in came_to) == 2
    assert core.provider.names().count("create") == 4


@pytest.mark.promise("R25")
async def test_without_quota_nothing_is_asked_for_until_some_is_seen_again(core: Core, shop: Shop) -> None:
    shop.left = 0
    shop.faults["create"] = NONE_LEFT
    with pytest.raises(QuotaSpent):
        await follow(core)
    after = core.restarted()
    for _ in range(3):
        with pytest.raises(QuotaSpent, match="no quota left"):
            await follow(after)
        core.clock.move(minutes=2)
    tried = shop.names().count("create")

    shop.left = 100
    shop.faults.clear()
    await follow(after)

    assert tried == 1
    assert shop.names().count("create") == 2
    assert (await core.parcel()).key == KEY


@pytest.mark.promise("R25")
async def test_a_provider_that_shows_quota_and_gives_none_is_not_asked_again_at_once(core: Core, shop: Shop) -> None:
    shop.faults["create"] = NONE_LEFT

    for number in range(5):
        with pytest.raises(QuotaSpent):
            await follow(core, key_of(number))

    assert shop.names().count("create") == 1


@pytest.mark.promise("R25")
async def test_that_there_is_no_quota_is_told_to_each_admin_once(core: Core, shop: Shop) -> None:
    shop.faults |= {"create": NONE_LEFT, "updated_since": NONE_LEFT}

    for _ in range(3):
        with pytest.raises(QuotaSpent):
            await follow(core)
        await core.swept()

    assert [notice.trouble for _, notice in core.messenger.warnings] == [Trouble.QUOTA_SPENT] * 2


@pytest.mark.promise("R25")
async def test_what_is_kept_for_the_parcels_already_followed_is_not_spent_on_new_ones(core: Core, shop: Shop) -> None:
    shop.left = 12
    tracker = core.restarted(reserve=10).tracker

    for number in range(2):
        await tracker.follow(NewParcel(key=key_of(number)), ORDERS, by="UADA")
    with pytest.raises(QuotaKept, match="down to 10"):
        await tracker.follow(NewParcel(key=key_of(2)), ORDERS, by="UADA")

    assert shop.left == 10


@pytest.mark.promise("R24", "R27")
async def test_that_looks_cost_quota_is_known_to_the_next_process(core: Core, shop: Shop) -> None:
    await out_for_delivery(core, 3)
    shop.look_costs = 1
    await core.sweep.look_once()

    after = core.restarted()
    core.clock.move(hours=3)
    await after.sweep.look_once()
    other = core.restarted(looks_a_day=20)
    await other.sweep.look_once()

    assert len(looks(core)) == 2  # the second since somebody set another number
