"""`/track archive` and `/track unarchive`: this channel hears no more, or hears again."""

import asyncio

import pytest

from bot.domain.parcel import ParcelKey
from bot.domain.status import Status
from tests.unit.slack.conftest import UPS, Conversation, reported

KEY = ParcelKey("ups", UPS)


async def test_archive_on_the_card_leaves_one_line_and_the_way_back(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.presses("Archive", card)

    assert answer.nothing_said
    assert ada.card.shown.startswith("🗄️ Archived by <@UADA>: Blue mugs")
    assert ada.card.buttons == {"Unarchive": "unarchive P-1"}
    assert ada.world.provider.archived == {KEY: True}


async def test_unarchive_on_the_card_brings_it_back_for_nothing(ada: Conversation) -> None:
    await ada.presses("Archive", await ada.follows())

    answer = await ada.presses("Unarchive", ada.card)

    assert answer.nothing_said
    assert "Delivered" in ada.card.buttons
    assert ada.world.provider.archived == {KEY: False}
    assert ada.world.provider.names().count("create") == 1
    assert "took it out of the archive" in ada.thread[-1]


async def test_an_archived_parcel_is_told_of_no_more(ada: Conversation) -> None:
    await ada.presses("Archive", await ada.follows())
    before = len(ada.thread)

    await reported(ada.world, UPS, Status.DELIVERED)

    assert len(ada.thread) == before


async def test_another_channel_keeps_its_own(ada: Conversation) -> None:
    card = await ada.follows()
    await ada.in_("CRETURNS").follows()

    await ada.presses("Archive", card)

    assert "Delivered" in ada.in_("CRETURNS").card.buttons
    assert "archive" not in ada.world.provider.names()


@pytest.mark.parametrize("verb", ["archive", "done", "AR"])
async def test_typed_it_answers_the_asker_with_the_way_back(ada: Conversation, verb: str) -> None:
    await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.types(f"{verb} mugs")

    assert "*Blue mugs* is archived" in answer.text
    assert answer.buttons == {"Unarchive": "unarchive P-1"}


async def test_of_two_people_at_once_the_second_learns_who_was_first(ada: Conversation, ben: Conversation) -> None:
    card = await ada.follows()

    answers = await asyncio.gather(ada.presses("Archive", card), ben.presses("Archive", card))

    told = [answer for answer in answers if not answer.nothing_said]
    assert len(told) == 1
    assert "was already archived here, by <@U" in told[0].text
    assert len(ada.thread) == 1


async def test_pressed_twice_it_is_archived_once(ada: Conversation) -> None:
    card = await ada.follows()

    await ada.presses("Archive", card)
    answer = await ada.presses("Archive", card)

    assert answer.nothing_said
    assert len(ada.thread) == 1


async def test_what_is_not_archived_cannot_be_taken_out(ada: Conversation) -> None:
    await ada.follows()

    answer = await ada.types("unarchive P-1")

    assert "is already followed here: 🕓" in answer.text
