"""Who may do what: people of other workspaces look only, and what another channel follows is not there.

Each command is asked in every kind of channel, by everybody who could.
"""

from typing import Any

import pytest

from bot.slack.commands import COMMANDS, VERBS
from bot.slack.exchange import Audience, Reply
from bot.slack.listeners import read_command, read_press
from tests.fakes import FakeClock
from tests.unit.slack.asking import ask
from tests.unit.slack.conftest import UPS, WORKSPACE, Conversation, World
from tests.unit.slack.door import COMMAND

CHANGING = [one.name for one in COMMANDS if one.changes]
LOOKING = [one.name for one in COMMANDS if not one.changes]
CHANNELS = ("CPUBLIC", "GPRIVATE", "DADA", "GGROUP")
"""A public channel, a private one, the bot's own chat and a group of people."""
ABOUT_ONE = (
    "status",
    "refresh",
    "mark delivered",
    "restore",
    "archive",
    "unarchive",
    "delete",
    "collected",
    "rm",
    "done",
)
CANARIES = ("Canary mugs", "canary-order", "UCANARY", "GSECRET")


def shown(reply: Reply) -> str:
    return f"{reply.message.text} {reply.message.blocks}"


async def secret(world: World) -> None:
    """Let a private channel follow a parcel under a title, with an order and a person."""
    await ask(world, f'add {UPS} "Canary mugs" order:canary-order for:UCANARY', channel="GSECRET", user="UCANARY")


# ── people of other workspaces ─────────────────────────────────────────────────────────────────────────────────────


def test_which_commands_change_something_is_decided_for_each() -> None:
    assert CHANGING == ["add", "refresh", "mark", "restore", "archive", "unarchive", "subscribe", "delete"]
    assert LOOKING == ["status", "list", "quota", "help"]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("card", ["", "1772442000.000001"], ids=["typed", "pressed"])
@pytest.mark.parametrize("verb", [name for name, one in VERBS.items() if one.changes])
async def test_somebody_of_another_workspace_changes_nothing(ada: Conversation, verb: str, card: str) -> None:
    await ada.follows()
    before, calls = await ada.world.store.everything(), list(ada.world.provider.calls)
    words = f"{verb} P-1 sure delivered"

    reply = await ask(ada.world, words, channel="CGENERAL", user="UFAR", stranger=True, card=card)

    assert reply.message.text.startswith("You are of another workspace, so here you can look but change nothing.")
    assert reply.audience is Audience.ASKER
    assert await ada.world.store.everything() == before
    assert ada.world.provider.calls == calls


@pytest.mark.promise("S5")
@pytest.mark.parametrize("words", ["", "status", "status P-1", "list all", "quota", "help add"])
async def test_somebody_of_another_workspace_sees_what_the_channel_sees(ada: Conversation, words: str) -> None:
    await ada.follows()

    own = await ask(ada.world, words, channel="CGENERAL")
    theirs = await ask(ada.world, words, channel="CGENERAL", user="UFAR", stranger=True)

    assert theirs.message.text == own.message.text


@pytest.mark.promise("S5")
@pytest.mark.parametrize(
    ("team", "users_team", "org", "home", "stranger"),
    [
        ("T1", "T1", None, "T1", False),
        ("T1", "T1", None, "", False),
        ("T1", None, None, "T1", False),
        ("T1", "T2", None, "T1", True),
        ("T1", "T2", None, "", True),
        ("T2", "T2", None, "T1", True),
        ("T1", "E1", "E1", "T1", False),
        ("T1", "E2", "E1", "T1", True),
    ],
)
def test_a_press_tells_whether_somebody_is_of_another_workspace(
    team: str, users_team: str | None, org: str | None, home: str, *, stranger: bool
) -> None:
    body = {
        "team": {"id": team},
        "enterprise": {"id": org} if org else None,
        "user": {"id": "U1", "team_id": users_team},
        "actions": [{"value": "list"}],
    }

    item = read_press(body, FakeClock(), home=home)

    assert item
    assert item.stranger is stranger


@pytest.mark.promise("S5")
def test_a_command_from_another_workspace_is_a_strangers() -> None:
    assert read_command({**COMMAND, "team_id": "T2"}, FakeClock(), home="T1").stranger
    assert not read_command({**COMMAND, "team_id": "T1"}, FakeClock(), home="T1").stranger
    assert not read_command({**COMMAND, "team_id": "T1"}, FakeClock()).stranger


# ── what a press carries ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("S5")
async def test_a_buttons_words_are_allowed_anew_where_they_are_pressed(ada: Conversation) -> None:
    card = await ada.follows()
    everywhere = [words for words in card.buttons.values() if words != "status P-1"]

    for words in everywhere:
        elsewhere = await ask(ada.world, words, channel="COTHER", card=card.card)
        foreign = await ask(ada.world, words, workspace="TFAR", channel="CGENERAL", card=card.card)
        assert "Nothing here matches `P-1`" in elsewhere.message.text
        assert elsewhere.message.text == foreign.message.text

    parcel = (await ada.world.store.parcels())[0]
    assert (parcel.mark, parcel.removed_at) == (None, None)
    assert [one.active for one in await ada.world.store.followers(WORKSPACE, parcel.key)] == [True]


@pytest.mark.promise("S5")
async def test_a_button_names_its_parcel_by_a_short_id_and_nothing_else(ada: Conversation) -> None:
    await secret(ada.world)
    [card] = ada.in_("GSECRET").cards

    for words in card.buttons.values():
        assert words.split()[-1] == "P-1"
        assert not [canary for canary in (*CANARIES, UPS) if canary in words]


# ── what is not here ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("S4")
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("user", ["UADA", "UCANARY"])
async def test_elsewhere_a_parcel_of_a_private_channel_is_answered_like_an_unknown_one(
    world: World, channel: str, user: str
) -> None:
    await secret(world)
    asked = list(world.provider.calls)

    for verb in ABOUT_ONE:
        for there, nowhere in ((UPS, UPS[::-1]), ("P-1", "P-9"), (UPS[-4:], "zzzz"), ("Canary mugs", "Canary jugs")):
            known = await ask(world, f"{verb} {there}", channel=channel, user=user)
            unknown = await ask(world, f"{verb} {nowhere}", channel=channel, user=user)

            assert shown(known) == shown(unknown).replace(nowhere, there)

    assert world.provider.calls == asked


@pytest.mark.promise("S4", "S13")
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("verb", ["", *VERBS])
async def test_no_command_elsewhere_shows_anything_of_a_private_channel(world: World, channel: str, verb: str) -> None:
    await secret(world)

    for rest in ("", UPS, "P-1", "all", "last", "mugs", "order:canary-order", "delivered last", "events"):
        reply = await ask(world, f"{verb} {rest}", channel=channel)
        said = shown(reply).replace("order:canary-order", "")
        assert not [canary for canary in CANARIES if canary in said]


@pytest.mark.promise("S4")
@pytest.mark.parametrize("words", ["status", "list all", "menu", ""])
async def test_counts_are_those_of_the_channel(world: World, words: str) -> None:
    before = await ask(world, words)

    await secret(world)
    after = await ask(world, words)

    assert shown(after) == shown(before)


@pytest.mark.promise("S4")
async def test_an_unknown_parcel_and_a_hidden_one_take_the_same_steps(world: World) -> None:
    await secret(world)
    steps: list[list[str]] = []

    for reference in ("P-1", "P-9"):
        seen: list[str] = []
        world.store = _Watched(world.store, seen)  # type: ignore[assignment]  # it passes everything on
        world.services.tracker._store = world.store  # noqa: SLF001 - to count what it asks
        await ask(world, f"status {reference}")
        steps.append(seen)

    assert steps[0] == steps[1] == ["subscriptions"]


class _Watched:
    """A store that notes what it is asked."""

    def __init__(self, store: Any, seen: list[str]) -> None:  # noqa: ANN401 - any store
        self._inner, self._seen = store, seen

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        self._seen.append(name)
        return getattr(getattr(self._inner, "_inner", self._inner), name)
