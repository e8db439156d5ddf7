"""Two workspaces with one provider, in which everybody does anything, and whoever sees a word of the other is found."""

import random

from bot.domain.errors import BotError
from bot.domain.parcel import Checkpoint, ParcelKey
from bot.domain.records import InboxItem
from bot.domain.status import Status
from bot.slack import messages
from bot.slack.answer import answer
from bot.slack.commands import VERBS
from tests.unit.slack.conftest import UPS, UPS_TOO, World

WORKSPACES = ("TONE", "TTWO")
NUMBERS = (UPS, UPS_TOO, "9400100000000010000010")
CHANNELS = ("C{0}A", "C{0}B", "D{0}")


async def live(seed: int, operations: int) -> int:
    """Let so many things happen; return how many words were looked through.

    Raises:
        AssertionError: somebody saw, or was told, what is of the other workspace.
    """
    luck, world, looked = random.Random(seed), World(), 0
    for _ in range(operations):
        workspace = luck.choice(WORKSPACES)
        if luck.random() < 0.1:
            await _happens(luck, world)
            continue
        reply = await answer(_item(luck, world, workspace), world.services, command="/track", now=world.clock.now())
        said = f"{reply.message.text} {reply.message.blocks}"
        _is_clean(said, workspace)
        looked += len(said)
    for posted in world.messenger.posts:
        workspace = posted.place.workspace
        card = messages.parcel_card(posted.parcel, posted.subscription)
        told = messages.news(posted.rows, posted.parcel, posted.subscription) if posted.rows else card
        _is_clean(f"{card} {told}", workspace)
        assert {posted.parcel.workspace, posted.subscription.place.workspace} == {workspace}
        looked += len(str(told))
    return looked


def _item(luck: random.Random, world: World, workspace: str) -> InboxItem:
    mine = f"CANARY{workspace}"
    reference = luck.choice(
        (*NUMBERS, "P-1", "P-2", "P-3", "last", "title", mine, "CANARYTONE", "CANARYTTWO", NUMBERS[0][-4:])
    )
    words = luck.choice(
        (
            f'add {luck.choice(NUMBERS)} "{mine} title" order:{mine}-order for:U{workspace} anyway:yes carrier:ups',
            f"{luck.choice(list(VERBS))} {reference} {luck.choice(('', 'sure', 'delivered', f'note:{mine}-note'))}",
            f"mark delivered {reference} note:{mine}-note",
            "list all",
            "status",
            "",
        )
    )
    return InboxItem(
        workspace=workspace,
        delivery=str(next(world.deliveries)),
        channel=luck.choice(CHANNELS).format(workspace),
        user=f"U{workspace}",
        words=_without_the_others_words(words, workspace),
        received_at=world.clock.now(),
        stranger=luck.random() < 0.05,
    )


def _without_the_others_words(words: str, workspace: str) -> str:
    """Return the words, the other's name split: an answer that quotes the asker gives nothing away."""
    return words.replace(f"CANARY{_other(workspace)}", f"CANARY {_other(workspace)[1:]}")


def _other(workspace: str) -> str:
    return next(one for one in WORKSPACES if one != workspace)


def _is_clean(said: str, workspace: str) -> None:
    other = _other(workspace)
    for trace in (f"CANARY{other}", f"U{other}", f"C{other}", f"D{other}"):
        assert trace not in said, f"{workspace} sees {trace}: {said}"


async def _happens(luck: random.Random, world: World) -> None:
    """Let the carrier move a parcel and a round find it; or Slack, or the provider, fail."""
    world.clock.move(minutes=luck.choice((1, 200)))
    key = ParcelKey("ups", luck.choice(NUMBERS))
    if key in world.provider.reports:
        line = Checkpoint(carrier="ups", local_time=world.clock.now().replace(tzinfo=None), text="Scan")
        world.provider.has(key, luck.choice((Status.IN_TRANSIT, Status.PICKUP, Status.DELIVERED)), line)
    try:
        await world.sweeps()
    except BotError:  # a round may fail: the next one goes on
        return
