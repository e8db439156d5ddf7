"""Slack repeats itself, slows down, refuses and goes away: everything is done and told once all the same."""

import asyncio
import logging
import re

import aiohttp
import pytest

from bot.domain.status import Status
from bot.services.pacing import PACE
from tests.contract.answers import CREATE, DELIVERED, EDIT, line, record
from tests.contract.seen import everything, shown
from tests.contract.whole import ADA, BEN, ORDERS, RETURNS, Street, Whole

UPS, OTHER = "1ZX000010300000016", "1ZX000020300000023"


def called(whole: Whole, method: str, channel: str = ORDERS) -> int:
    """Return how often the bot called a method of Slack's for a channel since we began to count."""
    return sum(call.method == method and call.args.get("channel") == channel for call in whole.slack.calls)


# --- twice


async def test_a_command_that_slack_delivers_again_is_done_once(whole: Whole) -> None:
    delivery = await whole.sends(f"add {UPS} Vase")
    await whole.settled()

    again = await whole.slack.redeliver(delivery)
    await whole.settled()

    assert (delivery.status, again.status, again.retry_num) == (200, 200, 1)
    assert await whole.followed() == [UPS]
    assert whole.asked(CREATE) == 1
    assert len(whole.posts()) == 1
    assert called(whole, "chat.postEphemeral") + sum(c.method == "response_url" for c in whole.slack.calls) == 1


async def test_a_press_that_slack_delivers_again_is_done_once(whole: Whole, caplog: pytest.LogCaptureFixture) -> None:
    await whole.follows(UPS, "transit")
    caplog.set_level(logging.INFO, "bot.slack.answer")

    delivery = await whole.press("Delivered", whole.card(UPS))
    await whole.settled()
    await whole.slack.redeliver(delivery)
    await whole.settled()

    assert len([one for one in caplog.records if one.name == "bot.slack.answer"]) == 1
    assert whole.asked(EDIT) == 1
    assert len(whole.posts()) == 1


async def test_a_button_pressed_by_two_at_once_is_done_once_and_the_second_is_told(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    card = whole.card(UPS)
    before = set(whole.slack.messages)

    await asyncio.gather(*(whole.press("Delivered", card, user=user) for user in (ADA, ADA, BEN)))
    await whole.settled()

    assert whole.sent(EDIT) == [{"status": 4}]
    assert len(whole.posts()) == 1
    private = [one for at, one in whole.slack.messages.items() if at not in before and one.only_for]
    assert [(one.only_for, "was already marked by <@U0ADA>" in shown(one)) for one in private] == [(BEN, True)]
    assert "Marked delivered by <@U0ADA>" in everything(whole.card(UPS))


# --- too much


async def test_a_long_title_and_two_hundred_lines_fit_into_an_answer(whole: Whole) -> None:
    await whole.follows(UPS, "transit", title="T" * 300)
    scans = [
        line(f"2026-02-{day:02d} {hour:02d}:00:00", f"Scan {day} {hour}") for day in range(25) for hour in range(8)
    ]

    await whole.polls(record(UPS, "transit", *reversed(scans[8:]), line("2026-03-01 07:00:00", "x" * 3000)))
    status = await whole.types(f"status {UPS}")

    assert "TTT" in status
    assert "earlier" in status
    assert [call.error for call in whole.slack.calls if call.error] == []


@pytest.mark.parametrize("words", ["list", "list all"])
async def test_a_long_list_comes_in_pages_with_its_total(whole: Whole, words: str) -> None:
    await whole.follows_many(120)

    answer = await whole.types(words)

    assert "120 parcels" in answer
    assert "page 1 of 15" in answer
    assert "[Next]" in answer
    assert [call.error for call in whole.slack.calls if call.error] == []


async def test_an_empty_title_and_an_empty_text_make_a_message_all_the_same(whole: Whole) -> None:
    await whole.follows(UPS, "transit")

    await whole.polls(record(UPS, "delivered", line("2026-03-02 11:00:00", "", "", "delivered"), title=""))

    assert len(whole.posts()) == 1
    assert "No description" in whole.posts()[0]
    assert "No description" in await whole.types(f"status {UPS}")
    assert [call.error for call in whole.slack.calls if call.error] == []


@pytest.mark.promise("R20")
@pytest.mark.parametrize(("count", "messages"), [(3, 3), (10, 1), (70, 2)])
async def test_deliveries_at_once_are_each_told_once_at_the_pace_that_slack_takes(
    street: Street, count: int, messages: int
) -> None:
    async with aiohttp.ClientSession(trust_env=False) as http, Whole(street, http, pace=PACE).running() as whole:
        numbers = [f"YT24{serial:014d}" for serial in range(count)]
        for number in numbers:
            await whole.follows(number, "transit", carrier="yunexpress")
            whole.passes(seconds=1)
        await whole.settled()
        whole.passes(minutes=2)
        whole.forget()
        whole.slack.limits.on = True
        whole.slack.faults.busy(times=2, retry_after=3)

        await whole.polls(*(record(number, "delivered", DELIVERED, carrier="yunexpress") for number in numbers))
        for _ in range(130):
            whole.passes(seconds=1)
            await whole.settled()

    assert len(whole.posts()) == messages
    lines = [line for text in whole.posts() for line in text.splitlines() if "✅" in line and line[0] in "*•"]
    assert [found[0] for line in lines if (found := re.search(r"YT24\d{14}", line))] == numbers  # in order, too
    assert all("✅ Delivered" in whole.card(number).text for number in numbers)
    assert sum(call.status == 429 for call in whole.slack.calls) == 2
    assert await whole.store.waiting() == []


# --- away


async def test_a_channel_that_the_bot_was_taken_out_of_is_paused_and_its_person_told_once(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    await whole.follows(UPS, channel=RETURNS)
    whole.slack.faults.fail("chat.postMessage", "not_in_channel", channel=ORDERS)

    await whole.polls(record(UPS, "delivered", DELIVERED))
    await whole.polls()

    assert len(whole.posts(RETURNS)) == 1
    assert called(whole, "chat.postMessage") == 1
    [told] = whole.whispers(ADA)
    assert "/invite @waybill" in told


async def test_an_archived_channel_holds_up_no_other(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    await whole.follows(OTHER, "transit", channel=RETURNS)
    whole.slack.archive(ORDERS)

    await whole.polls(record(UPS, "delivered", DELIVERED), record(OTHER, "delivered", DELIVERED))
    await whole.polls()

    assert len(whole.posts(RETURNS)) == 1
    assert "✅ Delivered" in whole.posts(RETURNS)[0]
    assert (await whole.store.settings((await whole.subscription(UPS)).place)).paused


async def test_a_channel_keeps_its_parcels_under_another_name(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.slack.rename(ORDERS, "orders-2026")

    await whole.polls(record(UPS, "delivered", DELIVERED))

    assert len(whole.posts()) == 1


async def test_a_card_that_is_gone_is_posted_anew_and_the_mark_stands(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    gone = whole.card(UPS).ts
    whole.slack.faults.fail("chat.update", "message_not_found")

    await whole.presses("Delivered", UPS)

    assert (await whole.parcel(UPS)).shown_status is Status.DELIVERED
    card, news = whole.posts()
    assert "Marked delivered by <@U0ADA>" in card
    assert "marked it *delivered*" in news
    assert whole.card(UPS).ts != gone
    assert [one.text for one in whole.slack.thread(ORDERS, whole.card(UPS).ts, ADA)][1:] == [news.splitlines()[0]]
    assert await whole.store.waiting() == []


@pytest.mark.promise("S14", "R23")
async def test_a_workspace_that_took_the_app_out_is_left_in_peace_until_we_have_its_new_token(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    await whole.follows(UPS, "transit")
    whole.slack.faults.fail("*", "account_inactive")
    caplog.set_level(logging.INFO)

    await whole.polls(record(UPS, "delivered", DELIVERED))
    await whole.polls()
    tries = len(whole.slack.calls)
    whole.slack.faults.clear()
    whole.passes(minutes=10)
    await whole.restart(token="xoxb-sandbox-0000")  # that of before, which Slack takes no longer
    with_the_old_one = whole.posts()
    whole.passes(minutes=10)
    await whole.restart()

    assert (tries, with_the_old_one) == (1, [])
    assert sum("account_inactive" in str(vars(one)) for one in caplog.records) == 1
    assert len(whole.posts()) == 1
    assert "✅ Delivered" in whole.posts()[0]


async def test_where_the_bot_can_never_post_nothing_is_followed(whole: Whole) -> None:
    answer = await whole.types(f"add {UPS}", channel="D0ADABEN")

    assert "direct message between people" in answer
    assert "my own chat" in answer
    assert await whole.followed("D0ADABEN") == []
    assert whole.asked(CREATE) == 0


async def test_a_button_of_an_archived_parcel_says_so_and_changes_nothing(whole: Whole) -> None:
    await whole.follows(UPS, "transit")
    whole.slack.faults.busy(method="chat.update", times=1, retry_after=60)  # the card stays as it is for a while
    await whole.types(f"archive {UPS}")
    before = set(whole.slack.messages)

    await whole.press("Exception", whole.card(UPS))
    await whole.settled()

    told = [one for at, one in whole.slack.messages.items() if at not in before]
    assert [one.only_for for one in told] == [ADA]
    assert "is archived in this channel" in shown(told[0])
    assert "[Unarchive]" in shown(told[0])
    assert whole.sent(EDIT) == [{"archived": "true"}]


# --- secrets


async def test_no_token_and_no_trace_is_shown_when_everything_fails(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    await whole.follows(UPS, "transit")
    caplog.set_level(logging.DEBUG)
    whole.answers("", http=502)
    status = await whole.types(f"status {UPS}")
    refresh = await whole.types(f"refresh {UPS}")
    whole.slack.faults.fail("chat.postMessage", "invalid_auth")
    whole.service.unscript()

    await whole.polls(record(UPS, "delivered", DELIVERED))

    said = status + refresh + "".join(str(vars(one)) for one in caplog.records if one.name.startswith("bot"))
    assert "is not answering" in refresh
    assert not [secret for secret in ("xoxb-", "sandbox-key", "hooks.slack.com", "Traceback") if secret in said]
