"""Following a parcel: introduced, created or known, subscribed; nothing is bought twice."""

import asyncio

import pytest

from bot.domain.errors import MessengerDoubtful, Missing, NotHere, PlaceGone, ProviderUnavailable, QuotaSpent
from bot.domain.parcel import NewParcel, Parcel, Place, Subscription
from bot.domain.records import Notification
from bot.domain.status import Event, Status
from bot.services.results import Followed
from tests.unit.domain.journeys import KEY, PICKED_UP
from tests.unit.services.core import OPS, ORDERS, Core, key_of, settle
from tests.unit.services.midway import NotingStore


async def follow(core: Core, place: Place = ORDERS, by: str = "UADA") -> Followed:
    return await core.tracker.follow(NewParcel(key=KEY), place, by=by)


async def test_the_first_place_is_introduced_and_all_it_needs_is_saved_together() -> None:
    core = Core(store=(store := NotingStore()))

    followed = await follow(core)

    assert (followed.spent, followed.already) == (True, False)
    assert [one.place for one in core.messenger.introductions] == [ORDERS]
    assert [one.key for one in core.provider.created] == [KEY]
    assert [type(record) for record in store.saves[-1]] == [Parcel, Subscription, Notification]
    assert [(row.place, row.event) for row in await store.waiting()] == [(ORDERS, None)]


async def test_what_is_known_when_following_begins_is_no_news(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT, PICKED_UP)

    parcel = await core.follows()
    await core.swept()

    assert (parcel.status, parcel.checkpoints) == (Status.IN_TRANSIT, (PICKED_UP,))
    assert len(core.messenger.cards()) == 1
    assert core.told() == []


async def test_a_second_place_costs_nothing(core: Core) -> None:
    await core.follows(ORDERS)

    followed = await follow(core, OPS)

    assert (followed.spent, followed.already) == (False, False)
    assert (core.provider.names().count("create"), core.provider.names().count("archive")) == (1, 0)
    assert {row.place for row in await core.store.waiting()} == {OPS}


async def test_the_same_place_again_changes_nothing(core: Core) -> None:
    await core.follows()

    followed = await follow(core, by="UBEN")

    assert followed.already
    assert followed.subscription.added_by == "UADA"
    assert await core.store.waiting() == []


@pytest.mark.promise("R25")
async def test_two_who_follow_at_once_buy_it_once(core: Core) -> None:
    answers = await asyncio.gather(follow(core), follow(core, by="UBEN"), follow(core, OPS))

    assert [one.already for one in answers] == [False, True, False]
    assert core.provider.names().count("create") == 1
    assert {one.parcel.short_id for one in answers} == {"P-1"}


async def test_what_the_place_archived_comes_back_on_its_card_and_costs_nothing(core: Core) -> None:
    await core.follows()
    await core.tracker.archive(ORDERS, KEY, by="UBEN")
    await core.all_told()

    followed = await follow(core)
    await core.all_told()

    assert (followed.spent, followed.already, followed.subscription.archived_by) == (False, False, "")
    assert core.provider.archived[KEY] is False
    assert core.provider.names().count("create") == 1
    assert [one.subscription.active for one in core.messenger.cards()] == [True]


async def test_following_again_keeps_the_words_it_had_and_takes_new_ones(core: Core) -> None:
    new = NewParcel(key=KEY)
    await core.tracker.follow(new, ORDERS, by="UADA", title="Blue mugs", order="7", person="Cleo")
    await core.tracker.archive(ORDERS, KEY, by="UADA")

    first = await core.tracker.follow(new, ORDERS, by="UADA", order="8")
    await core.tracker.archive(ORDERS, KEY, by="UADA")
    second = await core.tracker.follow(new, ORDERS, by="UADA", title="Red mugs", person="Dora")

    words = [(one.subscription.title, one.subscription.order, one.subscription.person) for one in (first, second)]
    assert words == [("Blue mugs", "8", "Cleo"), ("Red mugs", "8", "Dora")]


async def test_what_is_gone_from_the_providers_archive_is_created_anew(core: Core) -> None:
    await core.follows()
    await core.tracker.archive(ORDERS, KEY, by="UADA")
    await core.provider.delete(KEY)
    core.provider.faults["archive"] = Missing("The tracking service has no such parcel.")

    followed = await follow(core)

    assert followed.spent
    assert (followed.parcel.short_id, followed.subscription.active) == ("P-1", True)


async def test_what_the_provider_lost_is_created_anew_where_it_is_still_followed(core: Core) -> None:
    await core.follows()
    await core.provider.delete(KEY)
    for _ in range(2):
        with pytest.raises(Missing):
            await core.tracker.refresh(ORDERS, KEY)

    followed = await follow(core)

    assert (followed.spent, followed.already) == (True, False)
    assert (followed.parcel.missing, followed.parcel.must_read) == (0, True)


async def test_when_the_provider_goes_away_after_the_purchase_the_parcel_is_read_later(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT)
    core.provider.faults["report"] = ProviderUnavailable()

    followed = await follow(core)
    core.provider.faults.clear()
    await core.sweep.look_once()

    assert followed.subscription.active
    assert (followed.parcel.must_read, followed.parcel.status) == (True, Status.PENDING)
    assert (await core.parcel()).must_read is False
    assert (await core.parcel()).status is Status.IN_TRANSIT


async def test_what_lay_in_the_providers_archive_is_taken_out(core: Core) -> None:
    core.provider.has(KEY, Status.IN_TRANSIT)
    core.provider.archived[KEY] = True

    await follow(core)

    assert core.provider.archived[KEY] is False


async def test_where_we_may_not_post_nothing_is_created(core: Core) -> None:
    core.messenger.closed[ORDERS.channel] = PlaceGone("not_in_channel")

    with pytest.raises(NotHere):
        await follow(core)

    assert core.provider.calls == []
    assert await core.store.parcels() == []
    assert not (await core.store.settings(ORDERS)).introduced


async def test_an_introduction_whose_answer_was_lost_is_not_repeated(core: Core) -> None:
    core.messenger.faults["introduce"] = [MessengerDoubtful("the answer was lost")]

    await follow(core)
    await core.follows(key=key_of(2))

    assert (await core.store.settings(ORDERS)).introduced
    assert core.messenger.introductions == []


async def test_what_the_provider_refuses_leaves_nothing_behind(core: Core) -> None:
    core.provider.faults["create"] = QuotaSpent("The account has no quota left.")

    with pytest.raises(QuotaSpent):
        await follow(core)

    assert await core.store.parcels() == []
    assert await core.store.subscriptions(ORDERS) == []
    assert await core.store.waiting() == []


async def test_the_card_does_not_wait_for_the_outbox_to_look_by_itself(core: Core) -> None:
    running = asyncio.create_task(core.outbox.run())
    await settle()

    await follow(core)
    await settle()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert len(core.messenger.cards()) == 1


async def test_a_place_is_introduced_once(core: Core) -> None:
    await core.follows()
    await core.follows(key=key_of(2))

    assert len(core.messenger.introductions) == 1


async def test_where_we_may_post_again_following_says_so_and_what_waited_is_told(core: Core) -> None:
    await core.follows()
    core.messenger.closed[ORDERS.channel] = PlaceGone("not_in_channel")
    await core.tracker.archive(ORDERS, KEY, by="UADA")
    await core.all_told()
    core.messenger.closed.clear()

    await core.follows(key=key_of(2), by="UBEN")

    settings = await core.store.settings(ORDERS)
    assert [one.introduced for one in core.messenger.introductions] == [True, True]
    assert (settings.paused, settings.set_by) == ("", "UADA")
    assert core.told() == [[Event.ARCHIVED]]


async def test_an_introduction_names_who_asked_for_it(core: Core) -> None:
    await follow(core, by="UBEN")

    assert [one.set_by for one in core.messenger.introductions] == ["UBEN"]
    assert (await core.store.settings(ORDERS)).set_by == "UBEN"


async def test_what_was_to_be_read_again_still_is_when_another_place_follows(core: Core) -> None:
    core.provider.faults["report"] = ProviderUnavailable()
    before = await core.follows(ORDERS)

    after = await core.follows(OPS)

    assert (before.must_read, after.must_read) == (True, True)
    assert after.revision == before.revision + 1


async def test_deleted_and_added_again_it_has_a_new_short_id_and_a_new_card(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")
    await core.all_told()

    parcel = await core.follows()

    assert parcel.short_id == "P-2"
    assert [one.parcel.short_id for one in core.messenger.cards()] == ["P-1", "P-2"]


async def test_added_again_before_its_deletion_was_told_it_stays(core: Core) -> None:
    await core.follows()
    await core.tracker.delete(ORDERS, KEY, by="UADA")

    await follow(core)
    await core.all_told()

    assert (await core.parcel()).short_id == "P-2"
    assert [one.subscription.active for one in await core.tracker.here(ORDERS)] == [True]
    assert core.told() == [[Event.DELETED]]
