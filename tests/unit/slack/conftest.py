"""A conversation: somebody in a channel, with the whole core behind it and no socket."""

import html
import itertools
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.parcel import Checkpoint, ParcelKey, Place
from bot.domain.records import InboxItem
from bot.domain.status import Status
from bot.services import Services
from bot.services.observer import Observer
from bot.services.outbox import Outbox
from bot.services.sweep import Sweep
from bot.services.tracker import Tracker
from bot.services.watch import Watch
from bot.slack import messages
from bot.slack.answer import answer
from bot.slack.exchange import Audience, Message
from bot.stores.memory import memory_store
from tests.fakes import FakeClock, FakeMessenger, FakeProvider, Posted
from tests.unit.slack.limits import problems

WORKSPACE = "TSHOP"
UPS = "1ZX000010300000016"
UPS_TOO = "1ZX000020300000023"
UPS_MISTYPED = "1ZX000010300000017"


class World:
    """The bot, whole but for Slack and the provider, which are fakes."""

    def __init__(self, provider: type[FakeProvider] = FakeProvider) -> None:
        self.clock = FakeClock()
        self.provider = provider(self.clock)
        self.messenger = FakeMessenger(self.clock)
        self.store = memory_store()
        self.outbox = Outbox(store=self.store, messenger=self.messenger, clock=self.clock, pace=timedelta())
        self.observer = Observer(self.store, self.clock, self.outbox.wake)
        watch = Watch(store=self.store, messenger=self.messenger, clock=self.clock, admins=("UADMIN",))
        tracker = Tracker(
            store=self.store,
            provider=self.provider,
            messenger=self.messenger,
            clock=self.clock,
            observer=self.observer,
            wake=self.outbox.wake,
        )
        sweep = Sweep(
            store=self.store,
            provider=self.provider,
            clock=self.clock,
            observer=self.observer,
            watch=watch,
            spent=lambda: tracker.spent,
        )
        self.services = Services(tracker=tracker, sweep=sweep, watch=watch)
        self.deliveries = itertools.count(1)

    async def sweeps(self) -> None:
        """Let the clock do its round, and tell what came of it."""
        self.clock.move(minutes=5)
        await self.services.sweep.run_once()
        await self.outbox.tell_due()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody sees after typing or pressing. A message of the bot that Slack would refuse fails the test."""

    message: Message
    audience: Audience = Audience.ASKER
    card: str = ""

    def __post_init__(self) -> None:
        """Hold every message of every test to Slack's limits."""
        assert self.audience is Audience.NOBODY or problems(self.message) == []

    @property
    def text(self) -> str:
        """What lock screens show; "" when nothing was said."""
        return self.message.text

    @property
    def shown(self) -> str:
        """All that is written in the blocks, or the text when there are none."""
        texts = [block["text"]["text"] for block in self.message.blocks if "text" in block]
        texts += [
            element["text"]
            for block in self.message.blocks
            if block["type"] == "context"
            for element in block["elements"]
        ]
        return "\n".join(texts) or self.text

    @property
    def buttons(self) -> dict[str, str]:
        """What can be pressed: label to words, menu lines included."""
        found: dict[str, str] = {}
        for block in self.message.blocks:
            for element in (*block.get("elements", ()), block.get("accessory")):
                if element and element["type"] == "button":
                    found.setdefault(element["text"]["text"], element["value"])
                elif element and element["type"] == "overflow":
                    found |= {option["text"]["text"]: option["value"] for option in element["options"]}
        return found

    @property
    def only_asker_sees_it(self) -> bool:
        """Whether nobody else sees it."""
        return self.audience is Audience.ASKER

    @property
    def nothing_said(self) -> bool:
        """Whether the card, which everybody sees, says it all."""
        return self.audience is Audience.NOBODY


@dataclass
class Conversation:
    """One person in one channel."""

    world: World
    user: str = "UADA"
    channel: str = "CGENERAL"

    @property
    def place(self) -> Place:
        """Where this is."""
        return Place(WORKSPACE, self.channel)

    def as_(self, user: str) -> "Conversation":
        """Return somebody else in the same channel."""
        return Conversation(self.world, user, self.channel)

    def in_(self, channel: str) -> "Conversation":
        """Return the same person in another channel."""
        return Conversation(self.world, self.user, channel)

    async def types(self, text: str) -> Answer:
        """Type a command, with or without the slash word, as Slack delivers it."""
        return await self._asks(text.removeprefix("/track"))

    async def presses(self, label: str, on: Answer) -> Answer:
        """Press a button of a card or of a private answer: its words come in as Slack's typed words do."""
        return await self._asks(html.escape(on.buttons[label], quote=False), card=on.card, private=not on.card)

    async def _asks(self, words: str, *, card: str = "", private: bool = False) -> Answer:
        item = InboxItem(
            workspace=WORKSPACE,
            delivery=f"D{next(self.world.deliveries)}",
            channel=self.channel,
            user=self.user,
            words=words,
            received_at=self.world.clock.now(),
            card=card,
            private=private,
        )
        reply = await answer(item, self.world.services, command="/track", now=self.world.clock.now())
        await self.world.outbox.tell_due()
        return Answer(message=reply.message, audience=reply.audience)

    async def follows(self, number: str = UPS, *more: str) -> Answer:
        """Follow a parcel, and return its card."""
        await self.types(f"/track add {number} {' '.join(more)}")
        return self.card

    @property
    def cards(self) -> list[Answer]:
        """The cards in this channel as they look now."""
        return [_card(posted) for posted in self.world.messenger.cards(self.channel)]

    @property
    def card(self) -> Answer:
        """The newest card in this channel as it looks now."""
        return self.cards[-1]

    @property
    def thread(self) -> list[str]:
        """What was told in the threads of this channel's cards."""
        return [
            Answer(message=messages.news(posted.rows, posted.parcel, posted.subscription)).shown
            for posted in self.world.messenger.lines(self.channel)
        ]


def _card(posted: Posted) -> Answer:
    return Answer(
        message=messages.parcel_card(posted.parcel, posted.subscription), audience=Audience.CHANNEL, card=posted.ts
    )


async def reported(world: World, number: str, status: Status, *lines: Checkpoint, substatus: str = "") -> None:
    """Let the carrier say something of a UPS parcel, and sweep."""
    world.provider.has(ParcelKey("ups", number), status, *lines, substatus=substatus)
    await world.sweeps()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ada(world: World) -> Conversation:
    return Conversation(world)


@pytest.fixture
def ben(ada: Conversation) -> Conversation:
    return ada.as_("UBEN")
