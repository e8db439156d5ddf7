"""`/track refresh`: have the carrier asked now, kindly refused within two hours."""

from datetime import timedelta

import pytest

from bot.domain.errors import Missing, ProviderBusy, ProviderUnavailable
from bot.domain.parcel import Checkpoint, ParcelKey
from bot.domain.status import Status
from tests.fakes import START
from tests.unit.slack.conftest import UPS, Conversation

KEY = ParcelKey("ups", UPS)
SCAN = Checkpoint(carrier="ups", local_time=START.replace(tzinfo=None), text="Out for delivery", location="Berlin")


async def test_news_goes_to_the_asker_the_card_and_its_thread(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')
    ada.world.provider.has(KEY, Status.PICKUP, SCAN, substatus="pickup001")

    answer = await ada.presses("Refresh", card)

    assert answer.only_asker_sees_it
    assert "UPS has news of *Blue mugs*: 🛵 Out for delivery." in answer.text
    assert "*🛵 Out for delivery* · Blue mugs" in ada.card.shown
    assert "*Blue mugs*: 🛵 Out for delivery" in ada.thread[0]


@pytest.mark.parametrize("verb", ["refresh", "r", "now"])
async def test_no_news_is_said_too(ada: Conversation, verb: str) -> None:
    await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.types(f"{verb} P-1")

    assert "UPS has nothing new of *Blue mugs*" in answer.text
    assert ada.thread == []


async def test_a_second_look_within_two_hours_says_when_the_next_is_possible(ada: Conversation) -> None:
    card = await ada.follows()
    await ada.presses("Refresh", card)
    ada.world.clock.move(minutes=25)

    answer = await ada.presses("Refresh", card)

    assert "UPS was asked 25 min ago and can be asked again in 1 h 34 min." in answer.text
    assert ada.world.provider.names().count("look_now") == 1


async def test_after_two_hours_the_carrier_is_asked_again(ada: Conversation) -> None:
    card = await ada.follows()
    await ada.presses("Refresh", card)
    ada.world.clock.move(hours=2)

    await ada.presses("Refresh", card)

    assert ada.world.provider.names().count("look_now") == 2


async def test_a_provider_that_asks_for_silence_is_passed_on(ada: Conversation) -> None:
    card = await ada.follows()
    ada.world.provider.faults["look_now"] = ProviderBusy(timedelta(seconds=120))

    answer = await ada.presses("Refresh", card)

    assert "asked me to wait 2 minutes" in answer.text
    assert "Try again" in answer.buttons


async def test_a_provider_that_is_away_changes_nothing(ada: Conversation) -> None:
    card = await ada.follows()
    ada.world.provider.faults["look_now"] = ProviderUnavailable("timeout")

    answer = await ada.presses("Refresh", card)
    ada.world.provider.faults.clear()
    again = await ada.presses("Try again", answer)

    assert "not answering" in answer.text
    assert "nothing new" in again.text


async def test_a_parcel_that_the_provider_lost_says_so(ada: Conversation) -> None:
    card = await ada.follows()
    ada.world.provider.faults["look_now"] = Missing("The tracking service no longer has this parcel.", code=4031)

    answer = await ada.presses("Refresh", card)

    assert "no longer has this parcel" in answer.text
