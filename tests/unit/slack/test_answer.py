"""Request → reply: words that nobody knows, and errors that nobody foresaw."""

import logging
from datetime import timedelta
from typing import NoReturn

import pytest

from bot.domain.errors import (
    AnswerNotUnderstood,
    KeyRefused,
    MessengerBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    StoreError,
)
from tests.unit.slack.conftest import UPS, UPS_TOO, Conversation


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("archve P-1", "archive"), ("listt", "list"), ("Hlep", "help"), ("subscirbe quiet", "subscribe")],
)
async def test_a_misspelt_verb_gets_the_nearest_and_changes_nothing(ada: Conversation, typed: str, meant: str) -> None:
    await ada.follows()

    answer = await ada.types(typed)

    assert answer.only_asker_sees_it
    assert answer.text == f"I do not know `{typed.split(maxsplit=1)[0]}`. Did you mean *{meant}*? Nothing was changed."
    assert answer.buttons == {"Help": "help"}


@pytest.mark.parametrize("typed", ["frobnicate", "🎁", "&lt;!channel&gt; hello", "<!here>", "<@U012AB3CD>"])
async def test_a_word_like_no_verb_gets_help_and_calls_nobody(ada: Conversation, typed: str) -> None:
    answer = await ada.types(typed)

    assert "I do not know" in answer.text
    assert answer.buttons == {"Help": "help"}


@pytest.mark.parametrize(
    "typed", [UPS_TOO, f"{UPS_TOO} Vase", f"ups {UPS_TOO}", "9400 1000 0000 0010 0000 10", f"<tel:1|{UPS_TOO}>"]
)
async def test_a_number_without_a_verb_is_offered_to_be_followed(ada: Conversation, typed: str) -> None:
    offered = await ada.types(typed)
    nothing_yet = list(ada.world.provider.created)

    answer = await ada.presses("Add it", offered)

    assert "looks like a tracking number" in offered.text
    assert nothing_yet == []
    assert "Added" in answer.text


@pytest.mark.promise("S18")
@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailable("https://api.example.com/v2?key=canary"),
        AnswerNotUnderstood("data.canary", "/srv/canary.py"),
        KeyRefused("The tracking service refuses our key.", code=4001),
        ProviderRefused("The tracking service said no.", code=4000),
    ],
)
async def test_a_failure_of_others_is_a_sentence_and_a_reference_that_the_log_has_too(
    ada: Conversation, caplog: pytest.LogCaptureFixture, error: ProviderError
) -> None:
    ada.world.provider.faults["create"] = error

    with caplog.at_level(logging.WARNING, logger="bot.slack.answer"):
        answer = await ada.types(f"add {UPS}")

    [reference] = [vars(one)["reference"] for one in caplog.records if one.name == "bot.slack.answer"]
    said = str(answer.message)
    assert f"Reference `{reference}`" in said
    assert not [word for word in ("canary", "Traceback", "http", ".py", "4001") if word in said]


@pytest.mark.promise("S18")
async def test_what_nobody_foresaw_is_our_fault_and_leaves_a_reference(
    ada: Conversation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise ZeroDivisionError("xoxb-sandbox-secret")

    monkeypatch.setattr(ada.world.services.tracker, "here", fails)

    with caplog.at_level(logging.ERROR):
        answer = await ada.types("list")

    assert "it is my fault" in answer.text
    assert "xoxb" not in answer.shown
    assert "Traceback" not in answer.shown
    reference = answer.text.split("reference: `")[1].split("`")[0]
    assert [getattr(record, "reference", "") for record in caplog.records] == [reference]


async def test_a_store_that_is_away_leaves_the_request_in_the_inbox(
    ada: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise StoreError("disk full")

    monkeypatch.setattr(ada.world.services.tracker, "here", fails)

    with pytest.raises(StoreError):
        await ada.types("list")


async def test_when_slack_is_busy_the_same_words_can_be_tried_again(ada: Conversation) -> None:
    ada.world.messenger.faults["introduce"] = [MessengerBusy(timedelta(seconds=1))]

    answer = await ada.types(f"add {UPS}")

    assert "Slack did not take my message" in answer.text
    assert "Added" in (await ada.presses("Try again", answer)).text


async def test_each_answered_request_leaves_who_what_and_where_in_the_log(
    ada: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bot.slack.answer"):
        await ada.types(f"add {UPS} Secret title")

    facts = [
        (record.msg, record.__dict__["verb"], record.__dict__["channel"], record.__dict__["user"])
        for record in caplog.records
    ]
    assert facts == [("a request was answered", "add", "CGENERAL", "UADA")]
    assert "Secret" not in caplog.text
