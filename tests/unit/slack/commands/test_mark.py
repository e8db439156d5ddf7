"""`/track mark` and `/track restore`: a person's word beside the carrier's."""

import asyncio

import pytest

from bot.domain.errors import ProviderRefused
from bot.domain.parcel import Checkpoint, ParcelKey
from bot.domain.status import Status
from tests.fakes import START
from tests.unit.slack.conftest import UPS, UPS_TOO, Conversation, reported

KEY = ParcelKey("ups", UPS)


async def test_delivered_on_the_card_marks_it_and_keeps_what_the_carrier_says(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.presses("Delivered", card)

    assert answer.nothing_said
    assert "*✅ Marked delivered by <@UADA>* · Blue mugs" in ada.card.shown
    assert "UPS says: 🕓 Not looked at yet" in ada.card.shown
    assert "<@UADA> marked it *delivered*" in ada.thread[0]
    assert ada.world.provider.marks == [(KEY, Status.DELIVERED)]


async def test_exception_on_the_card_marks_it(ada: Conversation) -> None:
    card = await ada.follows()

    await ada.presses("Exception", card)

    assert "⚠️ Marked exception by <@UADA>" in ada.card.shown
    assert ada.world.provider.marks == [(KEY, Status.EXCEPTION)]


async def test_return_to_carrier_status_takes_the_mark_away_and_is_never_called_returned(ada: Conversation) -> None:
    card = await ada.follows()
    await ada.presses("Delivered", card)

    answer = await ada.presses("Return to carrier status", card)

    assert answer.nothing_said
    assert "Marked" not in ada.card.shown
    assert ada.world.provider.marks == [(KEY, Status.DELIVERED), (KEY, None)]
    assert "returned to sender" not in " ".join([*ada.thread, ada.card.shown]).lower()


async def test_without_a_mark_there_is_nothing_to_undo_and_nobody_is_asked(ada: Conversation) -> None:
    card = await ada.follows()

    answer = await ada.presses("Return to carrier status", card)

    assert answer.only_asker_sees_it
    assert "Nothing to undo" in answer.text
    assert "mark" not in ada.world.provider.names()


async def test_a_mark_taken_away_by_two_at_once_is_taken_away_once(ada: Conversation, ben: Conversation) -> None:
    card = await ada.follows()
    await ada.presses("Delivered", card)

    answers = await asyncio.gather(
        ada.presses("Return to carrier status", card), ben.presses("Return to carrier status", card)
    )

    assert [answer.text for answer in answers if not answer.nothing_said] == [
        f"Nothing to undo: {UPS} has no mark, it already shows the carrier's status."
    ]
    assert ada.world.provider.marks == [(KEY, Status.DELIVERED), (KEY, None)]


async def test_the_same_person_pressing_twice_changes_it_once_and_hears_nothing(ada: Conversation) -> None:
    card = await ada.follows()

    await ada.presses("Delivered", card)
    answer = await ada.presses("Delivered", card)

    assert answer.nothing_said
    assert len(ada.world.provider.marks) == 1
    assert len(ada.thread) == 1


async def test_of_two_people_at_once_the_second_learns_who_was_first(ada: Conversation, ben: Conversation) -> None:
    card = await ada.follows()

    answers = await asyncio.gather(ada.presses("Delivered", card), ben.presses("Delivered", card))

    told = [answer for answer in answers if not answer.nothing_said]
    assert len(told) == 1
    assert "was already marked by <@U" in told[0].text
    assert len(ada.world.provider.marks) == 1
    assert len(ada.thread) == 1


@pytest.mark.parametrize(
    ("words", "status", "note"),
    [
        ("mark delivered P-1", Status.DELIVERED, ""),
        ("m P-1 delivered", Status.DELIVERED, ""),
        ("delivered last", Status.DELIVERED, ""),
        ("collected P-1", Status.DELIVERED, "collected"),
        ('lost 0016 note:"since Monday"', Status.EXCEPTION, "lost: since Monday"),
        ('mark exception P-1 --note "wet box"', Status.EXCEPTION, "wet box"),
        ("Exception “Blue mugs”", Status.EXCEPTION, ""),
    ],
)
async def test_marks_can_be_typed_in_many_ways(ada: Conversation, words: str, status: Status, note: str) -> None:
    await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.types(words)

    assert "Marked" in answer.text
    assert answer.buttons == {"Return to carrier status": "restore P-1"}
    assert ada.world.provider.marks == [(KEY, status)]
    assert note in ada.card.shown


@pytest.mark.parametrize("words", ["restore P-1", "unmark last", "mark restore P-1", "m unmark P-1"])
async def test_a_mark_can_be_taken_away_by_typing(ada: Conversation, words: str) -> None:
    await ada.follows()
    await ada.types("delivered P-1")

    answer = await ada.types(words)

    assert "shows the carrier's status again" in answer.text


async def test_returned_is_said_by_carriers_only_and_exception_is_offered(ada: Conversation) -> None:
    await ada.follows()

    explained = await ada.types("returned P-1")
    nothing_yet = list(ada.world.provider.marks)
    await ada.presses("Exception", explained)

    assert "Only the carrier can say" in explained.text
    assert nothing_yet == []
    assert ada.world.provider.marks == [(KEY, Status.EXCEPTION)]
    assert "“returned”" in ada.card.shown


async def test_marked_as_what_is_asked_when_it_was_not_said(ada: Conversation) -> None:
    await ada.follows()

    answer = await ada.types("mark P-1")

    assert "Mark it as what?" in answer.text
    assert answer.buttons == {"Help": "help"}


async def test_when_the_provider_refuses_nothing_is_marked(ada: Conversation) -> None:
    card = await ada.follows()
    ada.world.provider.faults["mark"] = ProviderRefused("The tracking service refuses that. Nothing was changed.")

    answer = await ada.presses("Delivered", card)

    assert answer.text == "The tracking service refuses that. Nothing was changed."
    assert "Marked" not in ada.card.shown


async def test_a_carrier_that_changes_its_mind_is_told_beside_the_mark(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')
    await ada.presses("Delivered", card)
    line = Checkpoint(
        carrier="ups",
        local_time=START.replace(tzinfo=None),
        text="Parcel is lost",
        status=Status.EXCEPTION,
        substatus="exception007",
    )

    await reported(ada.world, UPS, Status.DELIVERED, line)

    assert "*Blue mugs*: ⚠️ Problem: damaged or lost" in ada.thread[-1]
    assert "Marked delivered by <@UADA>" in ada.card.shown
    assert "UPS says: ⚠️ Problem: damaged or lost" in ada.card.shown


async def test_a_button_of_an_archived_parcel_says_so_and_offers_the_way_back(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')
    await ada.types("archive P-1")

    answer = await ada.presses("Exception", card)
    back = await ada.presses("Unarchive", answer)

    assert "Blue mugs is archived in this channel. Nothing was changed" in answer.text
    assert ada.world.provider.marks == []
    assert "is followed here again" in back.text


async def test_a_button_of_a_deleted_parcel_says_so(ada: Conversation) -> None:
    card = await ada.follows()
    await ada.types("delete P-1 sure")

    answer = await ada.presses("Delivered", card)

    assert "Nothing here matches `P-1`. It was deleted" in answer.text


async def test_an_old_card_works_as_long_as_the_parcel_is_followed(ada: Conversation) -> None:
    old = await ada.follows()
    await ada.follows(UPS_TOO)
    await ada.presses("Archive", old)
    await ada.types("unarchive P-1")

    await ada.presses("Delivered", old)

    assert "Marked delivered" in ada.cards[0].shown
    assert "Marked" not in ada.cards[1].shown
