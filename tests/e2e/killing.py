"""The bot is killed again and again while parcels move and people type; afterwards everything is counted."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields

from bot.sandbox.slack import Delivery
from bot.services.inbox import KILLED_AT_MOST
from tests.e2e.ground import CARRIER, Ground, Trap
from tests.e2e.stage import ADA, BEN, ORDERS, RETURNS, until

CHANNELS = (ORDERS, RETURNS)
PARCELS = 6
"""Followed in both channels from the beginning; commands add more while the bot is being killed."""
LONGEST_LIFE = 2.5
"""Seconds until a kill that no call brings about."""
LONGEST_WAIT = 6.0
"""Seconds in which a call must come that a kill waits for."""
PATIENCE = 120.0
"""Seconds until what is still not told counts as lost."""
CALLS = {
    "a message was stored and its answer lost": ("/chat.postMessage", True),
    "a message was lost": ("/chat.postMessage", False),
    "a card was redrawn and the answer lost": ("/chat.update", True),
    "a list was on its way": ("/trackings/get", True),
    "a parcel was created and the answer lost": ("/trackings/post", True),
}
AT_LEAST = (
    *("a message was stored and its answer lost", "a message was lost"),
    *("any moment", "a command was just acknowledged"),
)
"""The moments that every play has."""
ACKNOWLEDGED, CREATED = AT_LEAST[3], "a parcel was created and the answer lost"


@dataclass(kw_only=True)
class Tally:
    """What came of it. All from `lost` on must be nothing."""

    seed: int
    by: str = ""
    kills: int = 0
    changes: int = 0
    told: int = 0
    caught_up: int = 0
    cards: int = 0
    commands: int = 0
    slowed_down: int = 0
    lost: int = 0
    doubled: int = 0
    cards_missing: int = 0
    cards_doubled: int = 0
    commands_undone: int = 0
    commands_doubled: int = 0
    charged_wrongly: float = 0
    out_of_date: int = 0
    notes: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        told = [f"{one.name}={getattr(self, one.name)}" for one in fields(self) if one.name not in {"notes", "moments"}]
        moments = [f"{count} x {moment}" for moment, count in self.moments.most_common()]
        return "\n  ".join([" ".join(told), "killed when: " + "; ".join(moments), *self.notes])

    @property
    def faultless(self) -> bool:
        """Return whether everything was told and done, and once."""
        names = [one.name for one in fields(self)]
        return not any(getattr(self, name) for name in names[names.index("lost") : names.index("notes")])


class Killing:
    """One play: `run` it, then read its tally."""

    def __init__(self, stage: Ground, *, seed: int, kills: int) -> None:
        self.stage = stage
        self.tally = Tally(seed=seed, by=stage.by)
        self._kills = kills
        self._luck = {role: random.Random(f"{seed} {role}") for role in ("carriers", "people", "killer")}
        self._follows: dict[str, tuple[str, ...]] = {}
        self._asked: dict[str, str] = {}
        self._parked = ""
        self._marks_typed = self._marks_due = 0
        self._last_mark_stands = True
        self._typing: list[asyncio.Task[None]] = []

    async def run(self) -> Tally:
        """Let it all happen, wait until nothing more is to come, and count."""
        await self._begin()
        async with self._carriers_at_work():
            for moment in self._moments():
                await self._kill_when(moment)
                await asyncio.gather(*self._typing)
                await self.stage.start_bot()
        await self._settle()
        self._count()
        return self.tally

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────────────

    async def _begin(self) -> None:
        await self.stage.start()
        for channel in CHANNELS:
            await self._types("/track subscribe everything", channel)
        numbers = [self.stage.prints() for _ in range(PARCELS)]
        self._parked = self.stage.prints()
        self._follows = dict.fromkeys(numbers, CHANNELS) | {self._parked: (ORDERS,)}
        await self._types(f"/track add {' '.join([*numbers, self._parked])}", ORDERS)
        await until(lambda: self._has_cards(ORDERS))
        await self._types(f"/track add {' '.join(numbers)}", RETURNS)

    async def _has_cards(self, channel: str) -> bool:
        wanted = {number for number, channels in self._follows.items() if channel in channels}
        return wanted <= set(self.stage.cards(channel))

    @asynccontextmanager
    async def _carriers_at_work(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._scan_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _scan_on(self) -> None:
        """Scan one parcel after the other. Most wait until their last scan was told, some do not."""
        luck = self._luck["carriers"]
        while True:
            await asyncio.sleep(luck.uniform(0.2, 1.4))
            number = luck.choice([one for one in self._follows if one != self._parked])
            told = [self.stage.told(channel, number) for channel in self._follows[number]]
            shown = all(number in self.stage.cards(channel) for channel in self._follows[number])
            if shown and (min(told) == self.stage.scans[number] or luck.random() < 0.2):
                self.stage.scan(number)

    def _moments(self) -> Sequence[str]:
        """Return when the bot is to be killed: each moment about as often as the others, in any order."""
        luck, moments = self._luck["killer"], list[str]()
        others = [moment for moment in CALLS if moment not in AT_LEAST]
        while len(moments) < self._kills:
            moments += [*AT_LEAST, *luck.sample(others, len(others))]
        return luck.sample(moments[: self._kills], self._kills)

    async def _kill_when(self, moment: str) -> None:
        """Wait for the moment, and kill; somebody types right before it."""
        luck, bot = self._luck["killer"], self.stage.bot
        assert bot
        trap = None
        await until(self._nothing_dies_again)
        if moment in CALLS:
            path, carried_out = CALLS[moment]
            skips = luck.choice((0, 0, 1, 2)) if path.startswith("/chat") else 0
            trap = Trap(path=path, act=bot.kill, carried_out=carried_out, skips=skips)
        if trap is None or luck.random() < 0.5:
            await asyncio.sleep(luck.uniform(0, LONGEST_LIFE))
        self.stage.wire.trap = trap
        self._typing = [asyncio.create_task(self._types_something(adds=moment == CREATED))]
        if moment == ACKNOWLEDGED:
            await asyncio.wait(self._typing)
            await asyncio.sleep(luck.uniform(0, 0.05))
        elif trap:
            try:
                await asyncio.wait_for(trap.sprung.wait(), LONGEST_WAIT)
            except TimeoutError:
                moment += " (none came)"
        self.stage.wire.trap = None
        await self.stage.kill()
        self.tally.kills += 1
        self.tally.moments[moment] += 1

    async def _nothing_dies_again(self) -> bool:
        """Return whether no request was being done at the last death and the one before: a third is the last."""
        return all(item["attempts"] < KILLED_AT_MOST - 2 for item in self.stage.undone())

    async def _types_something(self, *, adds: bool) -> None:
        """Have somebody add a parcel or mark one; each mark differs from the one before."""
        luck = self._luck["people"]
        if adds or luck.random() < 0.7:
            number, channel = self.stage.prints(), luck.choice(CHANNELS)
            if await self._types(f"/track add {number}", channel):
                self._follows[number] = (channel,)
            else:
                self._asked[number] = channel
        else:
            # After a mark that was not acknowledged nobody knows which one stands, so the next may change nothing.
            is_change = self._last_mark_stands
            self._marks_typed += 1
            status = ("delivered", "exception")[self._marks_typed % 2]
            self._last_mark_stands = await self._types(f"/track mark {status} {self._parked}", ORDERS, user=BEN)
            self._marks_due += is_change and self._last_mark_stands

    async def _types(self, text: str, channel: str, *, user: str = ADA) -> bool:
        """Type a command; return whether Slack saw it acknowledged."""
        delivery: Delivery = await self.stage.world.slack.type(user=user, channel=channel, text=text)
        self.tally.commands += delivery.error is None
        return delivery.error is None

    async def _settle(self) -> None:
        """Wait until the bot has nothing more to do or to tell, and has seen the last scan."""

        async def all_is_told() -> bool:
            scans = self.stage.scans
            told = all(
                self.stage.told(channel, number) >= scans[number]
                for number, channels in self._follows.items()
                for channel in channels
            )
            return told and not self.stage.undone() and not self.stage.untold()

        try:
            await until(all_is_told, patience=PATIENCE)
        except TimeoutError:
            self.tally.notes.append(f"it never settled; the log ends: {self.stage.log()[-3000:]}")

    # ── what came of it ────────────────────────────────────────────────────────────────────────────────────────

    def _count(self) -> None:
        for number, channels in self._follows.items():
            for channel in channels:
                self._count_cards(number, channel)
                self._count_lines(number, channel)
        self._count_commands()
        self._count_stamps()
        self.tally.slowed_down = sum(call.status == 429 for call in self.stage.world.slack.calls)

    def _count_cards(self, number: str, channel: str) -> None:
        cards = self.stage.cards(channel).get(number, [])
        self.tally.cards += len(cards)
        self.tally.cards_missing += not cards
        self.tally.cards_doubled += max(len(cards) - 1, 0)
        newest = f"scan {self.stage.scans[number]:04d}"
        if self.stage.scans[number] and not any(newest in card.text for card in cards):
            self.tally.out_of_date += 1
            self.tally.notes.append(f"the card of {number} in {channel} does not show {newest}")

    def _count_lines(self, number: str, channel: str) -> None:
        """Each message must go on where the last one ended, and tell of all scans between."""
        scans, before = self.stage.scans[number], 0
        self.tally.changes += scans
        for line in self.stage.lines(channel, number):
            fresh = line.newest - before
            lost, doubled = max(fresh - line.tells_of, 0), max(line.tells_of - max(fresh, 0), 0)
            if lost or doubled:
                self.tally.notes.append(f"{number} in {channel}: after scan {before} came {line}")
            self.tally.lost += lost
            self.tally.doubled += doubled
            self.tally.told += max(fresh, 0) - lost
            self.tally.caught_up += line.tells_of > 1
            before = max(before, line.newest)
        if scans > before:
            self.tally.lost += scans - before
            self.tally.notes.append(f"{number} in {channel}: the last scan told is {before} of {scans}")

    def _count_commands(self) -> None:
        """What Slack saw acknowledged is done once; what it did not, at most once."""
        service = self.stage.world.trackingmore
        for number in self._follows:
            if (CARRIER, number) not in service.stored:
                self.tally.commands_undone += 1
                self.tally.notes.append(f"{number} was not added")
        for number, channel in self._asked.items():
            self.tally.commands_doubled += max(len(self.stage.cards(channel).get(number, [])) - 1, 0)
        marked = self.stage.marks(ORDERS, self._parked)
        self.tally.commands_undone += max(self._marks_due - marked, 0)
        self.tally.commands_doubled += max(marked - self._marks_typed, 0)
        self.tally.charged_wrongly = self.stage.charged() - len(service.stored)

    def _count_stamps(self) -> None:
        """No stamp stands on two messages of a kind: the bot would have posted the same thing again."""
        repeated = [stamp for stamp, count in Counter(self.stage.stamps()).items() if count > 1]
        if repeated:
            self.tally.doubled = max(self.tally.doubled, len(repeated))
            self.tally.notes.append(f"posted again: {repeated}")


def seed_of_this_run() -> int:
    """Return a seed: a new one in each run, or the one in WAYBILL_SEED."""
    return int(os.environ.get("WAYBILL_SEED") or random.SystemRandom().randrange(1_000_000))
