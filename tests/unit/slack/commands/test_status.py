"""`/track`, `/track status` and `/track list`: where things stand."""

from datetime import datetime, timedelta

import pytest

from bot.domain.parcel import Checkpoint, Parcel, ParcelKey, Place, Subscription
from bot.domain.status import Status
from bot.slack.blocks import escape
from tests.fakes import START
from tests.unit.slack.conftest import UPS, UPS_TOO, WORKSPACE, Conversation, World, reported

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - carriers give no zone


def line(text: str, *, hours: int = 0, status: Status | None = None, location: str = "Berlin") -> Checkpoint:
    return Checkpoint(
        carrier="ups", local_time=NOON + timedelta(hours=hours), text=text, location=location, status=status
    )


async def followed(world: World, count: int, *, status: Status = Status.IN_TRANSIT, archived: bool = False) -> None:
    """Have #general follow so many parcels."""
    for serial in range(1, count + 1):
        key = ParcelKey("ups", f"1Z{status.value[:3].upper()}{serial:08}")
        name = await world.store.next_serial(WORKSPACE)
        await world.store.save(
            Parcel(workspace=WORKSPACE, key=key, serial=name, added_at=START, status=status),
            Subscription(
                place=Place(WORKSPACE, "CGENERAL"),
                key=key,
                added_by="UADA",
                added_at=START,
                archived_at=START if archived else None,
            ),
        )


async def test_track_alone_is_a_private_menu_with_counts_and_five_buttons(ada: Conversation) -> None:
    await followed(ada.world, 3)
    await followed(ada.world, 2, status=Status.EXCEPTION)
    await followed(ada.world, 1, status=Status.DELIVERED)
    await ada.world.sweeps()

    answer = await ada.types("/track")

    assert answer.only_asker_sees_it
    assert "6 parcels in this channel: 2 need a person, 3 moving, 1 delivered." in answer.text
    assert "Last checked <!date^" in answer.text
    assert list(answer.buttons.values()) == ["status", "list", "subscribe", "quota", "help"]


@pytest.mark.parametrize("words", ["/track", "status", "list", "list all"])
async def test_where_nothing_is_followed_the_next_step_is_named(ada: Conversation, words: str) -> None:
    answer = await ada.types(words)

    assert "Nothing is on its way" in answer.text
    assert "/track add 1Z" in answer.text


@pytest.mark.parametrize("label", ["Status", "List", "What is told here", "Quota", "Help"])
async def test_every_button_of_the_menu_leads_somewhere(ada: Conversation, label: str) -> None:
    await followed(ada.world, 1)
    menu = await ada.types("")

    answer = await ada.presses(label, menu)

    assert answer.only_asker_sees_it
    assert "Did you mean" not in answer.text


async def test_status_shows_the_channel_on_one_screen(ada: Conversation) -> None:
    await followed(ada.world, 7, status=Status.EXCEPTION)
    await followed(ada.world, 2, status=Status.PICKUP)

    answer = await ada.types("status")

    assert "9 parcels in this channel: 7 need a person, 2 out today." in answer.text
    assert "…and 2 more" in answer.shown
    assert "Out today or to collect" in answer.shown


async def test_status_says_when_nothing_needs_a_person(ada: Conversation) -> None:
    await followed(ada.world, 2)

    answer = await ada.types("s")

    assert "Nothing needs a person." in answer.shown


async def test_a_parcel_that_no_longer_moves_needs_a_person(ada: Conversation) -> None:
    await ada.follows()
    await reported(ada.world, UPS, Status.IN_TRANSIT, line("Departed"))
    ada.world.clock.move(days=11)
    await reported(ada.world, UPS, Status.IN_TRANSIT, line("Departed"))

    answer = await ada.types("status")

    assert "1 needs a person" in answer.text
    assert "No movement for 11 days" in ada.thread[-1]


async def test_a_timeline_is_newest_first_in_the_carriers_own_time(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await reported(ada.world, UPS, Status.IN_TRANSIT, line("Arrived", hours=5), line("Picked up", location=""))

    answer = await ada.types("where P-1")

    assert answer.only_asker_sees_it
    assert "01 Mar 17:00 · Arrived · Berlin\n01 Mar 12:00 · Picked up" in answer.shown
    assert "local to the scan" in answer.shown
    assert "added by <@UADA>" in answer.shown
    assert "Read <!date^" in answer.shown
    assert "last checked <!date^" in answer.shown


async def test_a_long_timeline_is_cut_at_twenty_lines(ada: Conversation) -> None:
    lines = [line(f"Scan {hours} {'x' * 400}", hours=hours) for hours in range(200, 0, -1)]
    await ada.follows(UPS, f'"{"T" * 300}"')
    await reported(ada.world, UPS, Status.IN_TRANSIT, *lines)

    answer = await ada.types("status P-1")

    assert "Scan 200" in answer.shown
    assert "Scan 180" not in answer.shown
    assert "more" in answer.shown


async def test_a_parcel_without_a_line_says_so(ada: Conversation) -> None:
    await ada.follows()
    await reported(ada.world, UPS, Status.DELIVERED)

    answer = await ada.types("status P-1")

    assert "Delivered" in answer.text
    assert "The carrier gives no details." in answer.shown
    assert "None" not in answer.shown


async def test_the_timeline_of_an_archived_parcel_offers_the_way_back(ada: Conversation) -> None:
    await ada.follows()
    await ada.types("archive P-1")

    answer = await ada.types("status P-1")

    assert "Archived here by <@UADA>" in answer.shown
    assert answer.buttons == {"Unarchive": "unarchive P-1"}


async def test_a_word_of_the_provider_that_nobody_knows_is_shown_as_it_is(ada: Conversation) -> None:
    await ada.follows()
    ada.world.provider.has(ParcelKey("ups", UPS), Status.UNKNOWN, word="awaiting_customs_review")
    await ada.world.sweeps()

    answer = await ada.types("list")

    assert f"❔ {escape('awaiting_customs_review')}" in answer.shown


async def test_a_list_has_pages_and_its_total(ada: Conversation) -> None:
    await followed(ada.world, 120)

    first = await ada.types("list")
    second = await ada.presses("Next", first)
    last = await ada.types("ls 15")
    beyond = await ada.types("list 9999")

    assert "120 parcels in this channel, page 1 of 15" in first.text
    assert "Previous" not in first.buttons
    assert "page 2 of 15" in second.text
    assert second.buttons["Previous"] == "list 1"
    assert "Next" not in last.buttons
    assert beyond.text == last.text


async def test_a_list_is_grouped_with_the_urgent_first(ada: Conversation) -> None:
    await followed(ada.world, 1, status=Status.DELIVERED)
    await followed(ada.world, 1, status=Status.NOT_FOUND)
    await followed(ada.world, 1, status=Status.IN_TRANSIT)
    await followed(ada.world, 1, status=Status.PICKUP)
    await followed(ada.world, 1, status=Status.UNDELIVERED)

    answer = await ada.types("list")

    heads = [text for text in answer.shown.splitlines() if text.endswith(" · 1")]
    assert [head.split("*")[1].split(maxsplit=1)[1] for head in heads] == [
        "Needs a person",
        "Out today or to collect",
        "Moving",
        "Waiting for the first scan",
        "Delivered",
    ]


async def test_a_list_can_be_filtered_by_a_word(ada: Conversation) -> None:
    await followed(ada.world, 2, status=Status.DELIVERED)
    await followed(ada.world, 9, status=Status.IN_TRANSIT)

    answer = await ada.types("list Moving")

    assert "9 parcels in this channel (moving), page 1 of 2" in answer.text
    assert answer.buttons["Next"] == "list moving 2"


async def test_archived_parcels_are_listed_only_when_asked_for(ada: Conversation) -> None:
    await followed(ada.world, 2)
    await followed(ada.world, 3, status=Status.DELIVERED, archived=True)

    assert "2 parcels" in (await ada.types("list")).text
    assert "3 parcels" in (await ada.types("list archived")).text
    assert "5 parcels" in (await ada.types("list all")).text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("delivered", "No parcel here is delivered."),
        ("problems", "No parcel here has a problem."),
        ("archived", "The archive is empty."),
        ("delivered archived", "No parcel here is “delivered archived”."),
    ],
)
async def test_a_list_of_a_kind_that_nothing_is_says_so(ada: Conversation, words: str, said: str) -> None:
    await followed(ada.world, 1)

    answer = await ada.types(f"list {words}")

    assert answer.text == said


async def test_a_word_that_is_no_status_is_not_guessed(ada: Conversation) -> None:
    await followed(ada.world, 1)

    answer = await ada.types("list purple")

    assert "I can't list `purple`" in answer.text
    assert "`delivered`" in answer.text


async def test_a_parcel_that_the_provider_lost_is_marked_as_ended(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await ada.follows(UPS_TOO)
    del ada.world.provider.reports[ParcelKey("ups", UPS)]
    await ada.types("refresh P-1")
    await ada.types("refresh P-1")

    answer = await ada.types("list problems")

    assert "1 parcel in this channel" in answer.text
    assert "no longer at the tracking service" in answer.shown
