"""`/track delete`: the one act that cannot be undone asks first."""

import pytest

from bot.domain.parcel import ParcelKey
from tests.unit.slack.conftest import UPS, Conversation


async def test_delete_asks_first_and_says_what_is_lost(ada: Conversation) -> None:
    card = await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.presses("Delete for everybody…", card)

    assert answer.only_asker_sees_it
    assert "adding it again may use 1 of the quota" in answer.text
    assert answer.buttons == {"Delete for everybody": "delete P-1 sure", "Archive here": "archive P-1"}
    assert "delete" not in ada.world.provider.names()


@pytest.mark.promise("S4")
async def test_it_asks_the_same_whether_others_follow_the_parcel_or_not(ada: Conversation) -> None:
    await ada.follows()
    alone = await ada.types("rm P-1")
    await ada.in_("CRETURNS").follows()
    await ada.in_("GSECRET").follows()
    await ada.in_("DADA").follows()

    answer = await ada.types("rm P-1")

    assert answer.shown == alone.shown
    assert "disappears from every channel that follows it" in answer.text


async def test_once_sure_it_is_gone_for_everybody_and_each_card_says_so(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await ada.in_("CRETURNS").follows()
    asked = await ada.types("delete P-1")

    answer = await ada.presses("Delete for everybody", asked)

    assert "is deleted for everybody" in answer.text
    assert ada.card.shown.startswith("🗑️ Deleted: Blue mugs")
    assert ada.card.buttons == {}
    assert "<@UADA> deleted it for everybody" in ada.in_("CRETURNS").thread[-1]
    assert ParcelKey("ups", UPS) not in ada.world.provider.reports


async def test_deleted_twice_it_is_gone_once(ada: Conversation) -> None:
    await ada.follows()
    asked = await ada.types("delete P-1")

    await ada.presses("Delete for everybody", asked)
    answer = await ada.presses("Delete for everybody", asked)

    assert "It was deleted" in answer.text
    assert ada.world.provider.names().count("delete") == 1


async def test_a_title_that_ends_in_sure_is_not_a_yes(ada: Conversation) -> None:
    await ada.follows(UPS, '"sure"')

    answer = await ada.types("delete sure")

    assert "Nothing was changed yet" in answer.text


async def test_a_deleted_parcel_can_be_followed_anew_under_a_new_name(ada: Conversation) -> None:
    await ada.follows()
    await ada.types("delete P-1 sure")

    answer = await ada.types(f"add {UPS}")

    assert "P-2" in answer.text
