"""The command parser: words as typed, pressed or pasted, answered by the whole core on fakes."""

import itertools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from bot.domain.numbers import read_pasted
from bot.domain.parcel import ParcelKey
from bot.domain.records import InboxItem
from bot.slack.answer import answer
from bot.slack.commands import COMMANDS, VERBS
from bot.slack.exchange import Audience
from tests.fuzz import mutators
from tests.unit.slack.conftest import WORKSPACE, World
from tests.unit.slack.examples import ARCHIVED, MARKED, MOVING, MUGS, UNTITLED
from tests.unit.slack.limits import problems

LONGEST_NUMBER = 64
_NUMBERS = json.loads((Path(__file__).parents[1] / "recordings" / "tracking_numbers.json").read_text())


def _texts(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [text for one in inside for text in _texts(one)]


NUMBERS = sorted({text for text in _texts(_NUMBERS) if 8 <= len(text) <= 40 and any(map(str.isdigit, text))})
STARTS = (
    *(one.example for one in COMMANDS),
    *(f"{name} P-142" for name in VERBS),
    *("add 1ZX000010300000016 ups", 'a RB400013711GB "Blue mugs" order:1042 postcode:10115 for:&lt;@UBEN|ben&gt;'),
    *("add 9400 1000 0000 0010 0000 10 Printer ink", "add <tel:700000001017|700000001017> Shelf", "1ZX000010300000016"),
    *("mark delivered 0016 note:“at the desk”", "subscribe everything aloud:all", "list all 2", "status Blue mugs", ""),
    *("add RB400013711GB, 1ZX000020300000023\n9400100000000010000010 --all", "UPS tracking number: 1ZX000010300000016"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Words somebody typed, or pressed on a card."""

    words: str
    card: str
    private: bool


class Parser:
    """Types mutated commands in a channel that follows three parcels."""

    def __init__(self) -> None:
        self._deliveries = itertools.count(1)

    def make(self, luck: Random) -> Typed:
        """Return words like those that people type."""
        start = luck.choice(STARTS)
        if luck.random() < 0.4:
            start = " ".join(["add", *(luck.choice(NUMBERS) for _ in range(luck.choice((1, 1, 1, 2, 5, 21))))])
        words = mutators.text(luck, start, (*mutators.NASTY, *NUMBERS[: luck.choice((1, 50))]))
        return Typed(words=words, card=luck.choice(("", "", "1.000001")), private=luck.random() < 0.2)

    async def run(self, given: Typed) -> None:
        """Answer as Waybill does; the answer must be one that Slack takes."""
        world = World()
        place = replace(MUGS, place=MUGS.place._replace(workspace=WORKSPACE))
        other = ParcelKey("dhl", "700000001017")
        await world.store.save(
            *(MOVING, replace(MARKED, key=other, serial=143), place, replace(ARCHIVED, key=other, title="Lamp")),
            *(replace(MOVING, key=ParcelKey("usps", "9400100000000010000010"), serial=144),),
            replace(UNTITLED, key=ParcelKey("usps", "9400100000000010000010")),
        )
        item = InboxItem(
            workspace=WORKSPACE,
            delivery=f"D{next(self._deliveries)}",
            channel=MUGS.place.channel,
            user="UADA",
            words=given.words.encode(errors="replace").decode(),
            received_at=world.clock.now(),
            card=given.card,
            private=given.private,
        )
        await world.store.add(item)
        reply = await answer(item, world.services, command="/track", now=world.clock.now())
        found = [] if reply.audience is Audience.NOBODY else problems(reply.message)
        assert not found, found
        pasted = read_pasted(given.words)
        assert all(len(one.number) <= LONGEST_NUMBER for one in pasted.numbers), "a number too long"
