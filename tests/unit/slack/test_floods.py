"""Floods: so many commands a minute from a person, a channel and a workspace, and no more."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.records import InboxItem
from bot.services.buckets import REMEMBERED
from bot.slack.answer import answer
from bot.slack.floods import CHANNEL, WORKSPACE, Floods, TooOften
from tests.fakes import START
from tests.unit.slack.conftest import UPS, Conversation


class Time:
    """Moves when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def item(user: str = "UADA", channel: str = "C1", workspace: str = "T1", words: str = "list") -> InboxItem:
    return InboxItem(workspace=workspace, delivery="1", channel=channel, user=user, words=words, received_at=START)


def taken(floods: Floods, *items: InboxItem) -> int:
    """Return how many of these are taken before the first that is not."""
    for count, one in enumerate(items):
        try:
            floods.take(one)
        except TooOften:
            return count
    return len(items)


@pytest.mark.promise("S11")
def test_one_person_may_ask_so_often_a_minute_and_others_are_not_held_up() -> None:
    time = Time()
    floods = Floods(10, monotonic=time)

    first = taken(floods, *[item()] * 11)
    others = taken(floods, item("UBEN"))
    time.now += 6.01
    later = taken(floods, *[item()] * 2)

    assert (first, others, later) == (10, 1, 1)


@pytest.mark.promise("S11")
def test_a_channel_and_a_workspace_have_their_own_measure() -> None:
    in_channel = taken(Floods(1, monotonic=Time()), *[item(f"U{at}") for at in range(100)])
    everywhere = taken(Floods(1, monotonic=Time()), *[item(f"U{at}", f"C{at}") for at in range(100)])
    elsewhere = taken(Floods(1, monotonic=Time()), *[item(f"U{at}", f"C{at}", f"T{at}") for at in range(100)])

    assert (in_channel, everywhere, elsewhere) == (CHANNEL, WORKSPACE, 100)


@pytest.mark.promise("S11")
def test_what_is_refused_costs_nothing_so_that_waiting_helps() -> None:
    time = Time()
    floods = Floods(60, monotonic=time)

    taken(floods, *[item()] * 60)
    for _ in range(1000):
        assert taken(floods, item()) == 0
    time.now += 1.01

    assert taken(floods, item()) == 1


@pytest.mark.promise("S11")
def test_no_number_of_people_makes_it_grow() -> None:
    floods = Floods(10, monotonic=Time())
    crowd = [item(f"U{at}", f"C{at}", f"T{at}") for at in range(REMEMBERED)]

    tracemalloc.start()
    taken(floods, *crowd)
    full, _ = tracemalloc.get_traced_memory()
    taken(floods, *(replace(one, user=f"{one.user}X", channel=f"{one.channel}X") for one in crowd))
    later, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert later < full * 1.2


def test_a_measure_of_nought_is_none() -> None:
    assert taken(Floods(0), *[item()] * 1000) == 1000


@pytest.mark.promise("S11")
async def test_one_command_too_many_is_answered_with_when_to_come_again_and_not_done(ada: Conversation) -> None:
    floods = Floods(1, monotonic=Time())
    services, now = ada.world.services, ada.world.clock.now()

    await answer(item(), services, command="/track", now=now, floods=floods)
    reply = await answer(item(words=f"add {UPS}"), services, command="/track", now=now, floods=floods)

    assert reply.message.text == (
        "You gave 1 command within a minute; more I do not take. This one was not done: try it again in 60 seconds."
    )
    assert ada.world.provider.created == []


@pytest.mark.promise("S11", "R1")
async def test_a_command_taken_up_again_after_a_crash_is_not_counted_twice(ada: Conversation) -> None:
    floods = Floods(1, monotonic=Time())
    again = replace(item(words=f"add {UPS}"), attempts=1)
    now = ada.world.clock.now() + timedelta(minutes=1)

    await answer(item(), ada.world.services, command="/track", now=now, floods=floods)
    await answer(again, ada.world.services, command="/track", now=now, floods=floods)

    assert len(ada.world.provider.created) == 1


@pytest.mark.promise("S11")
async def test_more_than_twenty_numbers_are_asked_about_with_what_they_cost(ada: Conversation) -> None:
    numbers = [f"9400100000000010{at:06}" for at in range(21)]

    asked = await ada.types(f"add usps {' '.join(numbers)} anyway:yes")

    assert asked.text.startswith("Those are 21 numbers; adding them uses up to 21 of the quota. Nothing was added yet.")
    assert ada.world.provider.created == []
    assert list(asked.buttons) == ["Add all 21"]
