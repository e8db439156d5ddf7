"""`/track subscribe`, `/track quota` and `/track help`: the channel's rules, the account, the words."""

import pytest

from bot.domain.errors import ProviderUnavailable
from bot.domain.parcel import Checkpoint
from bot.domain.status import Aloud, Preset, Status
from bot.slack.commands import COMMANDS, VERBS
from bot.slack.commands.add import OPTIONS
from tests.fakes import START
from tests.unit.slack.conftest import UPS, Conversation, reported

SCAN = Checkpoint(carrier="ups", local_time=START.replace(tzinfo=None), text="Departed", location="Köln")


async def test_the_rules_are_shown_to_the_asker_alone(ada: Conversation) -> None:
    answer = await ada.types("subscribe")

    assert answer.only_asker_sees_it
    assert "*essentials*, `aloud:important`. You hear of problems, failed attempts" in answer.text
    assert "problems, returns, reversals and deliveries also here in the channel." in answer.text
    assert "Nobody changed it yet." in answer.text
    assert answer.buttons == {"Quiet": "subscribe quiet", "Everything": "subscribe everything"}


async def test_a_change_of_the_rules_is_told_to_the_channel_with_who_made_it(ada: Conversation) -> None:
    answer = await ada.types("sub everything aloud:all")

    assert not answer.only_asker_sees_it
    assert answer.text.startswith("<@UADA> changed what this channel hears of: *everything*, `aloud:all`.")
    assert "all of it also here in the channel" in answer.text
    settings = await ada.world.store.settings(ada.place)
    assert (settings.preset, settings.aloud, settings.set_by) == (Preset.EVERYTHING, Aloud.ALL, "UADA")


async def test_setting_what_is_set_changes_nothing_and_bothers_nobody(ada: Conversation, ben: Conversation) -> None:
    await ada.types("subscribe quiet")

    answer = await ben.types("subscribe quiet")

    assert answer.only_asker_sees_it
    assert "Set by <@UADA>" in answer.text


async def test_what_is_not_named_stays(ada: Conversation) -> None:
    await ada.types("subscribe quiet aloud:none")

    await ada.types("subscribe everything")

    assert (await ada.world.store.settings(ada.place)).aloud is Aloud.NONE


@pytest.mark.parametrize("words", ["notify only problems", "subscribe QUIET", "subscribe only problem"])
async def test_presets_answer_to_what_people_call_them(ada: Conversation, words: str) -> None:
    await ada.types(words)

    assert (await ada.world.store.settings(ada.place)).preset is Preset.QUIET


@pytest.mark.parametrize("words", ["subscribe loud", "subscribe problem delivered", "subscribe aloud:everybody"])
async def test_rules_that_nobody_knows_change_nothing(ada: Conversation, words: str) -> None:
    answer = await ada.types(words)

    assert "I know" in answer.text
    assert "Nothing was changed" in answer.text


async def test_a_scan_is_told_only_where_everything_is(ada: Conversation) -> None:
    loud = ada.in_("CLOUD")
    await ada.follows()
    await loud.follows()
    await loud.types("subscribe everything")

    await reported(ada.world, UPS, Status.IN_TRANSIT, SCAN)

    assert ada.thread == []
    assert "First scan: 🚚 In transit" in loud.thread[0]
    assert "Departed · Köln" in ada.card.shown


async def test_the_quota_is_shown_with_the_last_round(ada: Conversation) -> None:
    await ada.world.sweeps()

    answer = await ada.types("q")

    assert answer.only_asker_sees_it
    assert "*412* left of the tracking quota." in answer.text
    assert "Last checked" in answer.text


@pytest.mark.parametrize(
    ("most", "left", "is_low"), [(412, 41, True), (412, 42, False), (20, 9, True), (20, 10, False)]
)
async def test_little_quota_is_called_low(ada: Conversation, most: int, left: int, is_low: bool) -> None:  # noqa: FBT001 - a case
    ada.world.provider.left = most
    await ada.types("quota")
    ada.world.provider.left = left

    answer = await ada.types("quota")

    assert f"*{left}* left" in answer.text
    assert ("that is low" in answer.text) is is_low


async def test_rounds_that_fail_are_said_with_since_when(ada: Conversation) -> None:
    ada.world.provider.faults["updated_since"] = ProviderUnavailable("dns")
    await ada.world.sweeps()

    answer = await ada.types("quota")

    assert "has not answered since <!date^" in answer.text
    assert "nothing is lost" in answer.text


@pytest.mark.parametrize("words", ["help", "?", "-h", "—help", "help me"])
async def test_help_shows_every_verb_with_an_example(ada: Conversation, words: str) -> None:
    answer = await ada.types(words)

    assert answer.only_asker_sees_it
    assert all(f"/track {one.example}" in answer.shown for one in COMMANDS)


@pytest.mark.parametrize("name", sorted(VERBS))
async def test_each_name_of_a_verb_has_help(ada: Conversation, name: str) -> None:
    answer = await ada.types(f"help {name}")

    assert VERBS[name].summary in answer.shown


async def test_every_event_is_explained(ada: Conversation) -> None:
    answer = await ada.types("help events")

    assert "*quiet*: problems, failed attempts" in answer.shown
    assert "*essentials*: quiet, and also out for delivery" in answer.shown
    assert "*everything*: essentials, and also new parcels, each scan" in answer.shown


async def test_help_for_a_word_that_is_no_verb_says_so_first(ada: Conversation) -> None:
    unknown, everything = await ada.types("help foo"), await ada.types("help")

    assert unknown.shown.startswith("I do not know `foo`.\n")
    assert "I do not know" not in everything.shown


async def test_help_explains_each_option_of_add(ada: Conversation) -> None:
    answer = await ada.types("help add")

    lines = [line.lstrip('`"') for line in answer.shown.splitlines()]
    assert [key for key in OPTIONS[:7] if not any(line.startswith(key) for line in lines)] == []


async def test_every_example_in_help_is_understood(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"', "order:1042")

    for one in COMMANDS:
        answer = await ada.types(one.example.replace("P-142", "P-1"))

        assert "I do not know" not in answer.text
