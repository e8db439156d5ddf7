"""Which parcel is meant: every verb finds it in the same way."""

import pytest

from tests.unit.slack.conftest import UPS, UPS_TOO, Conversation

VERBS = ["mark delivered", "restore", "refresh", "archive", "unarchive", "delete"]


@pytest.mark.parametrize(
    "reference",
    [
        "P-1",
        "p-1",
        UPS,
        UPS.lower(),
        "1Z X000 0103 0000 0016",
        "0016",
        "Blue mugs",
        "“blue mugs”",
        "mugs",
        "order:1042",
        "#1042",
    ],
)
async def test_a_parcel_answers_to_many_names(ada: Conversation, reference: str) -> None:
    await ada.follows(UPS, '"Blue mugs"', "order:1042")
    await ada.follows(UPS_TOO, '"Lamp"')

    answer = await ada.types(f"status {reference}")

    assert "Blue mugs" in answer.text


async def test_last_is_the_newest(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await ada.follows(UPS_TOO, '"Lamp"')

    answer = await ada.types("status last")

    assert "Lamp" in answer.text


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_without_a_parcel_asks_which(ada: Conversation, verb: str) -> None:
    await ada.follows()

    answer = await ada.types(verb)

    assert answer.text.startswith("Which parcel?")
    assert answer.buttons == {"List": "list"}


@pytest.mark.parametrize("verb", [*VERBS, "status"])
async def test_a_name_that_nothing_has_changes_nothing(ada: Conversation, verb: str) -> None:
    await ada.follows()

    answer = await ada.types(f"{verb} &lt;!channel&gt;`oops")

    assert "Nothing here matches `&lt;!channel&gt;'oops`" in answer.text


async def test_several_that_fit_are_picked_from_and_never_guessed(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await ada.follows(UPS_TOO, '"Red mugs"')

    asked = await ada.types('mark delivered mugs note:"at the desk"')
    nothing_yet = list(ada.world.provider.marks)
    answer = await ada.presses("P-2 Red mugs", asked)

    assert "“mugs” fits 2 parcels" in asked.text
    assert asked.buttons["P-1 Blue mugs"] == 'mark delivered P-1 note:"at the desk"'
    assert nothing_yet == []
    assert "*Red mugs*: ✅ Marked delivered" in answer.text
    assert "“at the desk”" in ada.cards[1].shown


async def test_a_picker_has_ten_buttons_at_most(ada: Conversation) -> None:
    for tail in ("016", "023", "030", "047", "054", "061", "078", "085", "092"):
        await ada.follows(f"1ZX0000{int(tail[:2])}0300000{tail}", '"Chairs"')
    await ada.follows("1ZX000100300000106", '"Chairs"')
    await ada.follows("RB400068556GB", '"Chairs"')

    answer = await ada.types("archive chairs")

    assert len(answer.buttons) == 10
    assert "and 1 more" in answer.shown


async def test_another_channel_does_not_know_the_parcel(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')

    answer = await ada.in_("CRETURNS").types("status P-1")

    assert "Nothing here matches `P-1`" in answer.text
    assert "mugs" not in answer.shown


async def test_a_reference_that_is_too_short_says_how_long_it_must_be(ada: Conversation) -> None:
    await ada.follows()

    answer = await ada.types("status 016")

    assert "Name at least the last four characters." in answer.text
