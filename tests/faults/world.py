"""All that is outside the bot: people, carriers, a supervisor who starts it again, and what goes wrong."""

import asyncio
import logging
import random
import re
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.errors import BotError, StoreError
from bot.domain.parcel import ParcelKey
from bot.domain.records import InboxItem
from tests.faults.account import SimAccount
from tests.faults.disk import SimDisk
from tests.faults.life import own_tasks
from tests.faults.loop import VirtualLoop
from tests.faults.points import Points
from tests.faults.process import HOOKS, Process, SimClock
from tests.faults.slack import SimSlack

CARRIER = "yunexpress"
"""Its numbers have no check digit, so there are as many as a history wants."""
CHANNELS = {"C0ORDERS": "T1", "G0SECRET": "T1", "C0OTHERS": "T2"}
ACK_LIMIT = 3.0
DELIVERED_AGAIN = 3
_NUMBER = re.compile(r"YT\d{16}")


@dataclass(kw_only=True)
class Typed:
    """What somebody typed. Everybody types once, so an answer to them answers this."""

    id: str
    words: str
    channel: str
    at: float
    acknowledged: bool = False

    @property
    def user(self) -> str:
        """Return who typed it."""
        return f"U{self.id}"

    @property
    def verb(self) -> str:
        """Return what they wish."""
        return self.words.split()[0]

    @property
    def number(self) -> str:
        """Return the parcel they name."""
        found = _NUMBER.search(self.words)
        return found[0] if found else ""


@dataclass(kw_only=True)
class Scan:
    """A scan that must be told in these channels."""

    number: str
    serial: int
    at: float
    channels: tuple[str, ...]


class Noted(logging.Handler):
    """Keeps what the bot logged of faults that nobody handled."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a traceback's last line."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, BotError | OSError):  # those are what faults come to
            self.lines.append(f"{record.getMessage()}: {error!r}")


@dataclass
class Truth:
    """What happened, as nobody in the bot knows it."""

    typed: list[Typed] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    excused: set[tuple[str, str]] = field(default_factory=set)
    """Parcels of a channel that somebody archived or marked: not all that their carriers say must be told there."""
    deaths: int = 0
    starts: int = 0
    unhandled: list[str] = field(default_factory=list)


class World:
    """One history's world. Everything in it follows from the seed."""

    def __init__(self, seed: str, *, history: bool) -> None:
        self.loop = asyncio.get_running_loop()
        own_tasks(self.loop)
        self.loop.set_exception_handler(self._nobody_handled)
        assert isinstance(self.loop, VirtualLoop)
        lucks = {
            role: random.Random(f"{seed} {role}") for role in ("slack", "account", "disk", "people", "fate", "work")
        }
        self.loop.work_takes = lambda: lucks["work"].uniform(0.0001, 0.004)
        self.people, self.fate = lucks["people"], lucks["fate"]
        self.points, self.clock, self.truth = Points(), SimClock(), Truth()
        self.disk = SimDisk(lucks["disk"])
        self.slack = SimSlack(lucks["slack"], self.loop.time, history=history)
        self.account = SimAccount(lucks["account"], self.loop.time)
        self.process = self._new()
        self.repeats = self.card_was_gone = False
        self.shown: dict[str, list[str]] = {}
        self._printed = 0
        self._tasks = set[asyncio.Task[None]]()
        self._supervisor = self.loop.create_task(self._supervise())

    def _new(self) -> Process:
        return Process(disk=self.disk, slack=self.slack, account=self.account, clock=self.clock, points=self.points)

    def _nobody_handled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if isinstance(error := context.get("exception"), Exception):
            self.truth.unhandled.append(f"{context.get('message')}: {error!r}")

    # ── the process ────────────────────────────────────────────────────────────────────────────────────────────

    async def _supervise(self) -> None:
        """Start the bot, and start it again whenever it has ended."""
        while True:
            self.process = self._new()
            try:
                await self.process.start()
                self.truth.starts += 1
            except StoreError:
                self.process.dies()
            await self.process.life.ended.wait()
            await self.process.life.is_over()
            await asyncio.sleep(self.fate.uniform(0.2, 4.0))

    def kill(self) -> None:
        """Kill the bot; from within it, the caller raises `Death` next."""
        self.truth.deaths += 1
        self.process.life.was_killed |= not self.process.life.over
        self.process.dies()

    def cut_power(self, *, all_of_it: bool = False) -> None:
        """End the bot's machine: what was not synced is lost, or by luck some of it."""
        self.kill()
        self.disk.loses_power(all_of_it=all_of_it)

    def terminate(self) -> None:
        """Ask the bot to stop, and end it when it has."""

        async def stop(process: Process) -> None:
            await process.stops()
            process.life.could_not_record |= bool(self.disk.fault) and not process.life.over
            process.dies()

        task = self.loop.create_task(stop(self.process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start_another(self) -> None:
        """Start a second bot on the same store: it must not get in."""

        async def start() -> None:
            second = self._new()
            try:
                await second.start()
            except StoreError:
                second.dies()
                return
            self.truth.unhandled.append("a second process opened the store")
            second.dies()

        task = self.loop.create_task(start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serves(self) -> None:
        """Wait until the bot takes requests."""
        while not self.process.serves:  # noqa: ASYNC110 - whichever process it is by then
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """End everything."""
        self._supervisor.cancel()
        for task in self._tasks:
            task.cancel()
        self.process.dies()
        await self.process.life.is_over()
        await asyncio.gather(self._supervisor, *self._tasks, return_exceptions=True)
        self.disk.close()

    # ── people and carriers ────────────────────────────────────────────────────────────────────────────────────

    def prints(self) -> str:
        """Return the number of a parcel that no carrier has scanned yet."""
        self._printed += 1
        return f"YT24{self._printed:014d}"

    async def types(self, words: str, channel: str, *, again: int = 1) -> Typed:
        """Type a command; Slack delivers it so many times."""
        typed = Typed(id=f"{len(self.truth.typed):04d}", words=words, channel=channel, at=self.loop.time())
        self.truth.typed.append(typed)
        item = InboxItem(
            workspace=CHANNELS[channel],
            delivery=f"trigger-{typed.id}",
            channel=channel,
            user=typed.user,
            words=words,
            response_url=f"https://{HOOKS}/commands/{typed.id}",
            received_at=self.clock.now(),
        )
        for _ in range(DELIVERED_AGAIN if self.repeats else again):
            began = self.loop.time()
            acknowledged = await self.process.takes(item)
            typed.acknowledged |= acknowledged and self.loop.time() - began < ACK_LIMIT
        return typed

    async def adds(self, number: str, channel: str, *, again: int = 1) -> Typed:
        """Have a channel follow a parcel, under a title that no other place may see."""
        return await self.types(f'add {number} title:"{secret_of(channel)} {number[-3:]}"', channel, again=again)

    def scan(self, number: str) -> None:
        """Let the carrier scan a parcel: every channel that shows its card must hear of it."""
        key = ParcelKey(CARRIER, number)
        if key not in self.account.held:
            return
        serial = 1 + sum(one.number == number for one in self.truth.scans)
        channels = tuple(
            channel
            for channel in CHANNELS
            if (channel, number) not in self.truth.excused and self.cards(channel, number)
        )
        self.truth.scans.append(Scan(number=number, serial=serial, at=self.loop.time(), channels=channels))
        self.account.scan(key, serial)

    def cards(self, channel: str, number: str) -> list[str]:
        """Return the ids of a parcel's cards in a channel."""
        return [
            one.ts
            for one in self.slack.posts
            if one.channel == channel and one.kind == "waybill_card" and number in one.everything
        ]

    def set_clock(self, **by: float) -> None:
        """Set the clock of the bot's machine."""
        self.clock.off += timedelta(**by)

    def heals(self) -> None:
        """Let nothing be wrong any more."""
        self.points.disarm()
        self.disk.fault, self.disk.tears = "", None
        self.slack.until = self.account.until = self.account.disordered_until = 0.0
        if self.account.fault == "key":  # somebody gives the bot a new one, for which it is started again
            self.account.name, self.account.fault = "simulated anew", ""
            self.terminate()


def secret_of(channel: str) -> str:
    """Return what only this channel may read."""
    return f"zebra{channel}"
