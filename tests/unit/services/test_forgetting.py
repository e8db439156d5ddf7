"""What nobody needs is dropped; what somebody wants forgotten is gone, and nothing else is."""

from datetime import timedelta

import msgspec
import pytest

from bot.domain.parcel import ChannelSettings, NewParcel, ParcelKey, Place
from bot.domain.records import InboxItem, Memo
from bot.domain.status import Status
from bot.services.forgetting import Forgetting
from bot.stores.store import LAST_SERIAL
from tests.unit.domain.journeys import DELIVERED, KEY, OUT
from tests.unit.services.core import OPS, ORDERS, Core, key_of

ADA, BEN = "UCANARYADA", "UBEN"
OTHER = Place("T2", "C-FAR")


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def forgetting(core: Core) -> Forgetting:
    return Forgetting(store=core.store, clock=core.clock, keep=timedelta(days=30))


async def stored(core: Core) -> str:
    """Return all that is stored, as text."""
    return msgspec.json.encode(await core.store.everything()).decode()


async def item(core: Core, words: str, *, by: str = BEN, place: Place = ORDERS, done: bool = True) -> None:
    """Keep a request, done or not."""
    now = core.clock.now()
    await core.store.add(
        InboxItem(
            workspace=place.workspace,
            delivery=f"{now.timestamp()}",
            channel=place.channel,
            user=by,
            words=words,
            received_at=now,
            done_at=now if done else None,
        )
    )


# ── round by round ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("S13")
async def test_a_delivered_parcel_goes_when_nobody_touched_it_for_so_long(core: Core, forgetting: Forgetting) -> None:
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by=BEN, title="Canary mugs", person=ADA)
    await core.reported(Status.DELIVERED, DELIVERED)

    core.clock.move(days=29)
    early = await forgetting.run_once()
    core.clock.move(days=2)
    late = await forgetting.run_once()

    left = await stored(core)
    assert (early, late) == (0, 1)
    assert not [word for word in (ADA, "Canary", KEY.number) if word in left]
    assert not await core.store.parcels()
    assert not await core.store.followers("T", KEY)


@pytest.mark.promise("S13")
async def test_a_parcel_under_way_stays_however_long_it_takes(core: Core, forgetting: Forgetting) -> None:
    await core.follows()
    await core.reported(Status.IN_TRANSIT, OUT)

    core.clock.move(days=400)

    assert await forgetting.run_once() == 0
    assert await core.store.followers("T", KEY)


@pytest.mark.promise("S13")
async def test_a_parcel_that_every_channel_has_archived_goes(core: Core, forgetting: Forgetting) -> None:
    await core.follows()
    await core.tracker.archive(ORDERS, KEY, by=BEN)
    await core.all_told()

    core.clock.move(days=31)

    assert await forgetting.run_once() == 1
    assert not await core.store.parcels()


@pytest.mark.promise("S13")
async def test_of_a_parcel_that_goes_on_elsewhere_only_the_archived_subscription_goes(
    core: Core, forgetting: Forgetting
) -> None:
    await core.follows(ORDERS)
    await core.follows(OPS)
    await core.tracker.archive(ORDERS, KEY, by=BEN)
    await core.all_told()

    core.clock.move(days=31)

    assert await forgetting.run_once() == 0
    assert [one.place for one in await core.store.followers("T", KEY)] == [OPS]


@pytest.mark.promise("S13")
async def test_an_act_of_a_person_begins_the_time_anew(core: Core, forgetting: Forgetting) -> None:
    await core.follows()
    await core.reported(Status.DELIVERED, DELIVERED)
    core.clock.move(days=29)
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by=BEN)
    await core.tracker.restore(ORDERS, KEY, by=BEN)
    await core.all_told()

    core.clock.move(days=29)

    assert await forgetting.run_once() == 0


async def test_a_parcel_followed_again_after_it_was_forgotten_has_a_new_short_id(
    core: Core, forgetting: Forgetting
) -> None:
    before = await core.follows()
    await core.reported(Status.DELIVERED, DELIVERED)
    core.clock.move(days=31)
    await forgetting.run_once()

    after = await core.follows()

    assert after.serial > before.serial


# ── at once ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def crowd(core: Core) -> None:
    """Two people, two channels, two workspaces, three parcels; Ada has left traces of every kind."""
    core.provider.has(KEY, Status.IN_TRANSIT)
    await core.tracker.follow(NewParcel(key=KEY), ORDERS, by=ADA, title="Mugs", person=ADA)
    await core.tracker.follow(NewParcel(key=KEY), OPS, by=BEN, title=f"ask @{ADA} first")
    await core.tracker.follow(NewParcel(key=key_of(2)), Place("T", "D-ADA"), by=ADA, title="my own")
    await core.tracker.follow(NewParcel(key=KEY), OTHER, by=BEN, title="Far")
    await core.store.save(ChannelSettings(place=OPS, introduced=True, set_by=ADA))
    await core.tracker.mark(ORDERS, KEY, Status.EXCEPTION, by=ADA, note="canary note")
    await item(core, "list", by=ADA)
    await item(core, f"add 1Z for:{ADA}", done=False)


@pytest.mark.promise("S13")
async def test_a_person_is_forgotten_with_what_they_wrote_and_the_channels_keep_their_parcels(
    core: Core, forgetting: Forgetting
) -> None:
    await crowd(core)

    done = await forgetting.person(ADA)

    left = await stored(core)
    assert done.trace == ADA
    assert ADA not in left
    assert "canary note" not in left
    assert "D-ADA" not in left
    assert [one.title for one in await core.store.followers("T", KEY)] == ["Mugs", "ask @… first"]
    assert (await core.parcel()).shown_status is Status.EXCEPTION


@pytest.mark.promise("S13")
async def test_a_parcel_is_forgotten_in_every_channel_with_the_commands_that_named_it(
    core: Core, forgetting: Forgetting
) -> None:
    await crowd(core)
    spaced = " ".join([KEY.number[:2], KEY.number[2:9], KEY.number[9:]]).lower()
    await item(core, f"add {spaced}")
    await core.store.save(Memo(workspace="T", name=f"intent create ups/{KEY.number}", value="1"))

    done = await forgetting.parcel(KEY.number)

    left = await stored(core)
    assert done.removed["parcel"] == 2
    assert KEY.number not in left
    assert spaced not in left
    assert key_of(2).number in left


@pytest.mark.promise("S13")
async def test_a_parcel_of_another_carrier_with_the_same_number_stays(core: Core, forgetting: Forgetting) -> None:
    twin = ParcelKey("dhl", KEY.number)
    await core.follows(key=KEY)
    await core.follows(key=twin)

    await forgetting.parcel(KEY.number, KEY.carrier)

    assert [one.key for one in await core.store.parcels()] == [twin]


@pytest.mark.promise("S13")
async def test_a_channel_is_forgotten_with_what_only_it_followed(core: Core, forgetting: Forgetting) -> None:
    await crowd(core)
    await core.follows(ORDERS, key_of(3))

    await forgetting.channel(ORDERS.channel)

    left = await stored(core)
    assert ORDERS.channel not in left
    assert key_of(3).number not in left
    assert [one.place for one in await core.store.followers("T", KEY)] == [OPS]


@pytest.mark.promise("S13")
async def test_a_workspace_is_forgotten_and_the_others_are_as_they_were(core: Core, forgetting: Forgetting) -> None:
    await crowd(core)
    before = {one.id: one for one in await core.store.everything() if one.id.startswith("T2/")}

    await forgetting.workspace("T")

    after = await core.store.everything()
    assert {one.id: one for one in after if one.id.startswith("T2/")} == before
    assert not [one for one in after if one.id.startswith("T/")]
    assert await core.store.memo("T", LAST_SERIAL) is None


async def test_to_forget_what_was_never_known_changes_nothing(core: Core, forgetting: Forgetting) -> None:
    await crowd(core)
    before = await stored(core)

    done = await forgetting.person("UNOBODY")

    assert (dict(done.removed), done.changed) == ({}, 0)
    assert await stored(core) == before
