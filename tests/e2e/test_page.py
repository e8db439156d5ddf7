"""Waybill as people see and use it: the sandbox's page in a browser, the bot behind it in a process of its own.

All tests share one sandbox, so each has parcels of its own, and a channel of its own where it changes the channel.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.person import Person
from tests.e2e.stage import ADA, BEN, GENERAL, ORDERS, RETURNS, Stage

DIRECT = "D0ADA"


@pytest_asyncio.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Return one sandbox and one bot for all tests here."""
    one = Stage(tmp_path_factory.mktemp("page"))
    await one.start()
    yield one
    await one.stop()


@pytest_asyncio.fixture
async def ada(page: Page, stage: Stage) -> AsyncIterator[Person]:
    """Return Ada in #orders; what the bot said to nobody but her in other tests is dismissed."""
    for channel in (ORDERS, RETURNS, GENERAL, DIRECT):
        for one in await stage.messages(channel=channel):
            if one["ephemeral"]:
                said = {"user": ADA, "channel": channel, "ts": one["ts"]}
                await stage.page.post(f"{stage.url}/sandbox/dismiss", json=said)
    person = Person(page, stage.url)
    await person.opens(ORDERS)
    yield person
    assert person.troubles == []


# ── following ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_parcel_is_followed_by_a_card_and_its_news_comes_in_the_thread(ada: Person) -> None:
    number = "1ZX000010300000016"

    await ada.types(f'/track add {number} "Blue mugs" order:1042')
    card = ada.message("Blue mugs")
    await expect(ada.private("Added Blue mugs")).to_contain_text("1 of the quota used.")
    await expect(card).to_contain_text("🕓 Not looked at yet · Blue mugs")
    await expect(card).to_contain_text(f"UPS {number} · order 1042 · P-")

    await ada.lets_carrier_scan(number, "Departed from Facility, Portland")
    await expect(card).to_contain_text("🚚 In transit · Blue mugs")
    await ada.lets_carrier_scan(number, "Arrived at Facility, Salt Lake City")
    await ada.lets_carrier_scan(number, "Departed from Facility, Salt Lake City")
    await ada.lets_carrier_scan(number, "Processing at UPS Facility, Austin")
    await ada.lets_carrier_scan(number, "Out For Delivery Today, Austin")
    await expect(card).to_contain_text("🛵 Out for delivery · Blue mugs")

    await ada.opens_thread(card)
    await expect(ada.thread).to_contain_text(f"Blue mugs: 🛵 Out for delivery · UPS {number}")
    await expect(ada.thread).to_contain_text("Out For Delivery Today · Austin, TX, US")


async def test_when_two_carriers_fit_a_button_says_which(ada: Person) -> None:
    number = "9261290983497923666238"

    await ada.types(f'/track add {number} "Tea towels"')
    question = ada.private(number)
    await expect(question).to_contain_text("fits FedEx and USPS. Which one carries it?")
    await expect(question.get_by_role("button", name="FedEx")).to_be_visible()
    await question.get_by_role("button", name="USPS").click()

    await expect(ada.message("Tea towels")).to_contain_text(f"USPS {number}")
    await expect(ada.private("Added Tea towels")).to_be_visible()


async def test_a_mistyped_number_costs_nothing(ada: Person, stage: Stage) -> None:
    left = (await stage.state())["quota"]

    await ada.types("/track add 1ZX000010300000017")

    answer = ada.private("1ZX000010300000017")
    await expect(answer).to_contain_text("does not add up for UPS: a digit may be mistyped")
    await expect(answer.get_by_role("button", name="Track it anyway")).to_be_visible()
    await expect(ada.carrier).to_contain_text(f"quota left: {left}")


async def test_where_the_bot_is_no_member_it_says_how_to_invite_it(ada: Person) -> None:
    number = "9400100000000700000023"
    await ada.goes_to("general")

    await ada.types(f'/track add {number} "Seeds"')
    await expect(ada.private("I am not in this channel")).to_contain_text("Type /invite @waybill, then try again.")
    await ada.types("/invite @waybill")
    await ada.types(f'/track add {number} "Seeds"')

    await expect(ada.message("asked me to follow parcels here")).to_be_visible()
    await expect(ada.message("Seeds")).to_contain_text(f"USPS {number}")


async def test_who_reads_the_newest_goes_on_reading_it_beside_a_thread(ada: Person, stage: Stage) -> None:
    await ada.goes_to("returns")
    for line in range(6):
        await stage.types(f"{line} Who has seen the {'long ' * 40} list?", user=BEN, channel=RETURNS)
    await ada.types('/track add RE700004046HK "Watch straps"')
    card = ada.message("Watch straps")
    await card.get_by_role("button", name="Archive").click()
    await stage.types("That was the last one.", user=BEN, channel=RETURNS)
    await expect(ada.message("That was the last one.")).to_be_in_viewport()

    await ada.opens_thread(card)

    await expect(ada.thread).to_contain_text("@Ada archived it in this channel")
    await expect(ada.message("That was the last one.")).to_be_in_viewport(ratio=1)


# ── buttons ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_marks_are_set_and_taken_away_by_the_cards_buttons(ada: Person) -> None:
    number = "RB400013711GB"
    await ada.types(f'/track add {number} "Tea samples"')
    card = ada.message("Tea samples")
    await expect(card).to_contain_text("🕓 Not looked at yet · Tea samples")

    await card.get_by_role("button", name="Delivered").click()
    await expect(card).to_contain_text("✅ Marked delivered by @Ada · Tea samples")
    await expect(card).to_contain_text("Royal Mail says: 🕓 Not looked at yet")
    await card.get_by_role("button", name="Exception").click()
    await expect(card).to_contain_text("⚠️ Marked exception by @Ada · Tea samples")
    await card.get_by_role("button", name="Return to carrier status").click()
    await expect(card).to_contain_text("🕓 Not looked at yet · Tea samples")
    await card.get_by_role("button", name="Return to carrier status").click()
    await expect(ada.private("Nothing to undo")).to_contain_text("Tea samples has no mark")

    await ada.opens_thread(card)
    await expect(ada.thread).to_contain_text("Tea samples: @Ada marked it delivered")
    await expect(ada.thread).to_contain_text("Tea samples: @Ada marked it exception")
    await expect(ada.thread).to_contain_text("Tea samples: @Ada returned it to the carrier's status")


async def test_who_presses_second_learns_who_was_first(ada: Person) -> None:
    await ada.types('/track add canada-post 0073938000123459 "Maple syrup"')
    card = ada.message("Maple syrup")
    await card.get_by_role("button", name="Delivered").click()
    await expect(card).to_contain_text("✅ Marked delivered by @Ada")

    await ada.becomes("Ben")
    await card.get_by_role("button", name="Delivered").click()
    answer = ada.private("Maple syrup was already marked")
    await expect(answer).to_contain_text("by @Ada just now. Nothing was changed.")

    await ada.becomes("Ada")
    await expect(ada.private("Added Maple syrup")).to_be_visible()
    await expect(answer).to_have_count(0)


async def test_a_carrier_is_asked_once_in_two_hours(ada: Person) -> None:
    await ada.types('/track add LK500027191CN "Phone cases"')
    card = ada.message("Phone cases")

    await card.get_by_role("button", name="Refresh").click()
    await expect(ada.private("China Post has news of Phone cases")).to_contain_text("🚚 In transit")
    await expect(card).to_contain_text("🚚 In transit · Phone cases")
    await card.get_by_role("button", name="Refresh").click()

    second = ada.private("Phone cases: China Post was asked just now")
    await expect(second).to_contain_text("can be asked again in 1 h 59 min. Still: 🚚 In transit.")


async def test_an_archived_parcel_is_brought_back_by_its_button(ada: Person) -> None:
    await ada.types('/track add 9400100000000010000010 "Sticker sheets"')
    card = ada.message("Sticker sheets")

    await card.get_by_role("button", name="Archive").click()
    await expect(card).to_contain_text("🗄️ Archived by @Ada: Sticker sheets")
    await expect(card.get_by_role("button", name="Delivered")).to_have_count(0)
    await card.get_by_role("button", name="Unarchive").click()

    await expect(card).to_contain_text("🕓 Not looked at yet · Sticker sheets")
    await ada.opens_thread(card)
    await expect(ada.thread).to_contain_text("@Ada archived it in this channel")
    await expect(ada.thread).to_contain_text("@Ada took it out of the archive")


async def test_a_parcel_is_deleted_once_the_asker_is_sure(ada: Person) -> None:
    await ada.types('/track add C11031500001879 "Coffee beans"')
    card = ada.message("Coffee beans")
    await card.get_by_label("More actions").click()
    await card.get_by_role("menuitem", name="Delete for everybody").click()
    question = ada.private("Delete Coffee beans")
    await expect(question).to_contain_text("Its history is lost")

    await question.get_by_role("button", name="Delete for everybody").click()
    await expect(ada.confirmation).to_contain_text("Coffee beans and its history cannot be brought back.")
    await ada.confirmation.get_by_role("button", name="Cancel").click()
    await expect(card.get_by_role("button", name="Delivered")).to_be_visible()
    await question.get_by_role("button", name="Delete for everybody").click()
    await ada.confirmation.get_by_role("button", name="Delete it").click()

    await expect(card).to_contain_text("🗑️ Deleted: Coffee beans")
    await expect(card.get_by_role("button", name="Delivered")).to_have_count(0)


# ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("/track", "Nothing is on its way in this channel."),
        ("/track quota", "left of the tracking quota"),
        ("/track help", '/track add 1ZX000010300000016 "Blue mugs" order:1042 – follow a parcel in this channel'),
        ("/track archve P-1", "I do not know archve. Did you mean archive? Nothing was changed."),
    ],
)
async def test_a_question_is_answered_to_nobody_else(ada: Person, words: str, says: str) -> None:
    await ada.goes_to("Waybill")

    await ada.types(words)

    await expect(ada.private(says)).to_contain_text("Only visible to you")


async def test_the_list_shows_what_is_followed_and_each_parcels_timeline(ada: Person) -> None:
    await ada.goes_to("desk")
    await ada.types("/invite @waybill")
    await ada.types('/track add SF1000000070015 "面料样品"')
    await ada.types('/track add dhl 7000070206 "Contracts"')
    await expect(ada.message("Contracts")).to_be_visible()

    await ada.types("/track list")
    answer = ada.private("2 parcels in this channel")
    await expect(answer).to_contain_text("🚚 Moving · 1")
    await expect(answer).to_contain_text("🕓 Waiting for the first scan · 1")
    await answer.get_by_role("button", name="Show").first.click()

    timeline = ada.private("Times are local to the scan.")
    await expect(timeline).to_contain_text("🚚 In transit · 面料样品")
    await expect(timeline).to_contain_text("快件已到达 【嘉兴转运中心】 · 嘉兴")


async def test_a_channel_hears_of_what_it_subscribes_to(ada: Person) -> None:
    number = "700000701016"
    await ada.goes_to("returns")
    await ada.types(f'/track add {number} "Return of monitors"')
    await expect(ada.message("Return of monitors")).to_contain_text("🕓 Not looked at yet")

    await ada.types("/track subscribe everything aloud:all")
    await expect(ada.message("@Ada changed what this channel hears of")).to_contain_text("everything, aloud:all")
    await ada.lets_carrier_scan(number, "Returning to sender, SACRAMENTO")

    told = ada.message("Replied to a thread:")
    await expect(told).to_contain_text("Return of monitors: ↩️ Problem: returning to sender")
    await expect(told).to_contain_text("Returning to sender · SACRAMENTO, CA")


# ── what comes by itself ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_news_in_another_channel_is_seen_from_afar(ada: Person) -> None:
    number = "09987000020033P"
    await ada.types(f'/track add dpd {number} "Printer ink"')
    await expect(ada.message("Printer ink")).to_be_visible()
    await ada.goes_to("returns")
    await expect(ada.conversation("orders")).to_have_accessible_name("orders")

    await ada.carrier.get_by_role("button", name=f"To the end: {number}").click()
    await expect(ada.conversation("orders")).to_have_accessible_name("orders (unread)")
    await ada.goes_to("orders")

    await expect(ada.messages.get_by_role("separator", name="New messages")).to_be_visible()
    await expect(ada.message("Replied to a thread:")).to_contain_text("Printer ink: ✅ Delivered")
    await expect(ada.conversation("orders")).to_have_accessible_name("orders")


async def test_while_the_provider_is_down_the_bot_is_kind_and_afterwards_it_works(ada: Person) -> None:
    await ada.goes_to("Waybill")
    await ada.carrier.get_by_role("tab", name="Faults").click()
    await ada.carrier.get_by_label("Down (HTTP 502)").check()

    await ada.types("/track quota")
    answer = ada.private("The tracking service is not answering.")
    await expect(answer).to_contain_text("Nothing was changed or lost; try again")
    await ada.carrier.get_by_label("Down (HTTP 502)").uncheck()
    await answer.get_by_role("button", name="Try again").click()

    await expect(ada.private("left of the tracking quota")).to_be_visible()
