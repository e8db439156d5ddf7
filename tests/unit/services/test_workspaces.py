"""A workspace that lets us in no longer is left alone at once, and forgotten after its grace."""

import itertools
import logging
from collections.abc import Iterable
from datetime import timedelta

import pytest

from bot.domain.errors import StoreError, WorkspaceGone
from bot.domain.parcel import Place
from bot.domain.status import Event, Status
from bot.ports import Record
from bot.services.workspaces import GRACE, SURE_AFTER, Workspaces
from bot.stores.memory import MemoryTables
from bot.stores.store import RecordStore
from tests.unit.domain.journeys import DELIVERED, KEY
from tests.unit.services.core import ORDERS, Core, key_of, out_for_delivery

FAR = Place("T2", "C-FAR")


@pytest.fixture
def workspaces(core: Core) -> Workspaces:
    return Workspaces(store=core.store, clock=core.clock, wake=core.outbox.wake)


async def of(core: Core, workspace: str) -> list[Record]:
    """Return all that is stored of a workspace."""
    return [one for one in await core.store.everything() if one.id.startswith(f"{workspace}/")]


async def grace_passes(core: Core, workspaces: Workspaces) -> None:
    """Let the grace pass, with a round each day and two at the end of it."""
    for _ in range(GRACE.days + 1):
        await workspaces.purge_once()
        core.clock.move(days=1)
    await workspaces.purge_once()
    core.clock.move(seconds=SURE_AFTER.total_seconds())
    await workspaces.purge_once()


@pytest.mark.promise("S14", "R23")
async def test_when_no_workspace_is_left_the_provider_is_not_asked_any_more(core: Core, workspaces: Workspaces) -> None:
    await out_for_delivery(core)
    await workspaces.suspend("T", "app_uninstalled")
    core.provider.calls.clear()

    for process in (core, core.restarted()):
        await process.swept()
        await process.sweep.look_once()

    assert core.provider.calls == []


@pytest.mark.promise("S14", "R23")
async def test_while_another_is_left_only_its_parcels_are_looked_at(core: Core, workspaces: Workspaces) -> None:
    await out_for_delivery(core, 2)
    await core.follows(FAR, key_of(0))
    await workspaces.suspend("T", "account_inactive")
    core.provider.calls.clear()

    await core.swept()
    await core.sweep.look_once()

    assert "updated_since" in core.provider.names()
    assert [key for name, key in core.provider.calls if name == "look_now"] == [key_of(0)]


@pytest.mark.promise("S14")
async def test_what_is_said_in_any_order_and_again_is_one_suspension(
    core: Core, workspaces: Workspaces, caplog: pytest.LogCaptureFixture
) -> None:
    since = []
    for reasons in itertools.permutations(["app_uninstalled", "tokens_revoked", "account_inactive"]):
        with caplog.at_level(logging.WARNING):
            for reason in (*reasons, *reasons):
                await workspaces.suspend("T", reason)
                core.clock.move(minutes=1)
        since.append((await workspaces.suspended())["T"].since)
        await workspaces.reopen("T")

    assert len(set(since)) == 6
    assert len(caplog.records) == 6


@pytest.mark.promise("S14")
async def test_after_the_grace_all_that_is_stored_of_it_is_gone_and_nothing_of_the_others(
    core: Core, workspaces: Workspaces
) -> None:
    await core.follows(ORDERS)
    await core.follows(FAR)
    others = await of(core, "T2")
    await workspaces.suspend("T", "app_uninstalled")

    await grace_passes(core, workspaces)

    assert await of(core, "T") == []
    assert sorted(one.id for one in await of(core, "T2")) == sorted(one.id for one in others)
    assert await workspaces.suspended() == {}


@pytest.mark.promise("S14")
async def test_before_the_grace_is_over_it_may_come_back_and_hears_what_it_missed(
    core: Core, workspaces: Workspaces
) -> None:
    await core.follows()
    await core.swept()
    await workspaces.suspend("T", "tokens_revoked")
    core.provider.has(KEY, Status.DELIVERED, DELIVERED)
    core.clock.move(days=GRACE.days - 1)
    await workspaces.purge_once()
    await core.swept()
    before = core.told()

    await workspaces.reopen("T")
    await core.swept()

    assert (before, core.told()) == ([], [[Event.DELIVERED]])


@pytest.mark.promise("S14", "R36")
@pytest.mark.parametrize("step", [{"days": 400}, {"days": -400}])
async def test_a_clock_that_is_wrong_for_a_while_erases_nothing(
    core: Core, workspaces: Workspaces, step: dict[str, float]
) -> None:
    await core.follows()
    await workspaces.suspend("T", "app_uninstalled")

    core.clock.step(**step)
    await workspaces.purge_once()
    core.clock.move(minutes=5)
    core.clock.step(**{unit: -value for unit, value in step.items()})
    core.clock.move(hours=1)
    gone = await workspaces.purge_once()

    assert gone == 0
    assert await of(core, "T") != []


class FailingStore(RecordStore):
    """A store that fails once when it is to remove much."""

    fails = False

    async def save(self, *records: Record, remove: Iterable[Record] = (), onto: Iterable[Record] = ()) -> None:
        remove = list(remove)
        if self.fails and len(remove) > 1:
            self.fails = False
            raise StoreError("No space is left. This change was not made.")
        await super().save(*records, remove=remove, onto=onto)


@pytest.mark.promise("S14")
async def test_an_erasure_that_is_cut_short_is_made_up_for() -> None:
    core = Core(store=(store := FailingStore(MemoryTables())))
    workspaces = Workspaces(store=store, clock=core.clock, grace=timedelta())
    await core.follows()
    await workspaces.suspend("T", "app_uninstalled")
    await workspaces.purge_once()
    core.clock.move(hours=1)
    store.fails = True
    with pytest.raises(StoreError):
        await workspaces.purge_once()
    kept = await workspaces.suspended()

    gone = await workspaces.purge_once()

    assert (list(kept), gone) == (["T"], 1)
    assert await of(core, "T") == []


@pytest.mark.promise("S14")
async def test_a_workspace_without_a_name_is_none(workspaces: Workspaces) -> None:
    await workspaces.suspend("", "app_uninstalled")

    assert await workspaces.suspended() == {}


@pytest.mark.promise("S14", "R23")
async def test_a_workspace_whose_account_is_closed_is_suspended_and_comes_back_with_the_first_message(
    core: Core, workspaces: Workspaces
) -> None:
    await core.follows()
    core.messenger.closed[ORDERS.channel] = WorkspaceGone("account_inactive")
    await core.reported(Status.DELIVERED, DELIVERED)
    out = dict(await workspaces.suspended())

    core.messenger.closed.clear()
    core.clock.move(hours=1)
    await core.all_told()

    assert {name: one.reason for name, one in out.items()} == {"T": "account_inactive"}
    assert await workspaces.suspended() == {}
    assert core.told() == [[Event.DELIVERED]]
