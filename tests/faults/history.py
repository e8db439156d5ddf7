"""One history: a seed, a kind of fault and a crash point; it is lived, everything recovers, and the checker counts.

Replay one: `python -m tests.faults.history "disk full" out.marked 7`
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Iterator

from bot.domain.changes import MISSING_TWICE
from tests.faults.check import Verdict, check
from tests.faults.disk import often_written_anew
from tests.faults.kinds import KINDS
from tests.faults.loop import StandsStill, run
from tests.faults.points import NAMES
from tests.faults.world import CHANNELS, Noted, World

EVENTS = 14
"""So many things happen while the fault may strike."""
SETTLES_WITHIN = 6 * 3600.0
"""Virtual seconds after which what has not come will not come."""
LOOK_EVERY = 20.0
QUIET = 8
"""So many looks in a row must find nothing to do: longer than a refresh may be late and a sweep may take."""
PROCESS_POINTS = ("stop.draining",)


def play(kind: str, point: str, seed: int) -> Verdict:
    """Live one history and return what came of it."""
    name = f"{kind}/{point}/{seed}"
    undo = often_written_anew()
    with noting() as noted:
        try:
            verdict = run(_lived(kind, point, name, noted), seed=name)
        except StandsStill:
            verdict = Verdict(unsettled=1, notes=["it came to a standstill"])
        finally:
            undo()
    verdict.histories = 1
    verdict.notes = [f"{kind!r} {point} {seed}: {note}" for note in verdict.notes]
    return verdict


@contextlib.contextmanager
def noting() -> Iterator[Noted]:
    """Hear what the bot logs, and keep it from the screen."""
    noted, log = Noted(), logging.getLogger("bot")
    level, propagates = log.level, log.propagate
    log.addHandler(noted)
    log.setLevel(logging.ERROR)
    log.propagate = bool(os.environ.get("WAYBILL_SHOW"))
    if log.propagate:
        log.setLevel(logging.DEBUG)
    try:
        yield noted
    finally:
        log.removeHandler(noted)
        log.setLevel(level)  # not by the attribute: loggers below remember what was enabled
        log.propagate = propagates


async def _lived(kind: str, point: str, name: str, noted: Noted) -> Verdict:
    world = World(name, history=sum(name.encode()) % 2 == 0)
    verdict = Verdict()
    try:
        await begin(world)
        world.points.arm(point, world.fate.choice((1, 1, 2, 3)), lambda: KINDS[kind](world))
        numbers = list(world.shown)
        for turn in range(EVENTS):
            if point in PROCESS_POINTS and turn == EVENTS // 2:
                world.terminate()
            await something_happens(world, numbers)
            await asyncio.sleep(world.people.uniform(0.05, 9.0))
        world.card_was_gone = kind == "Slack message gone"
        verdict.reached = world.points.sprung
        if world.fate.random() < 0.3:
            world.kill()
        verdict.unsettled = not await settle(world)
        world.truth.unhandled += noted.lines
        check(world, verdict)
    finally:
        await world.close()
    return verdict


async def begin(world: World) -> None:
    """Let channels follow parcels before anything goes wrong."""
    await world.serves()
    for channel in CHANNELS:
        await world.types("subscribe everything", channel)
    first, second, third = (world.prints() for _ in range(3))
    for number, channels in ((first, [*CHANNELS]), (second, ["C0ORDERS"]), (third, ["G0SECRET", "C0ORDERS"])):
        for channel in channels:
            await world.adds(number, channel)
        world.shown[number] = channels
    while not all(  # noqa: ASYNC110 - nobody is told of a message in Slack
        world.cards(channel, number) for number, channels in world.shown.items() for channel in channels
    ):
        await asyncio.sleep(1)
    await asyncio.sleep(5)


async def something_happens(world: World, numbers: list[str]) -> None:
    """Let somebody type or a carrier scan."""
    luck = world.people
    what = luck.choices(("scan", "add", "ask", "mark", "refresh", "archive"), (6, 3, 1, 1, 1, 1))[0]
    channel, number = luck.choice([*CHANNELS]), luck.choice(numbers)
    match what:
        case "scan":
            for one in luck.sample(numbers, luck.choice((1, 2))):
                world.scan(one)
        case "add":
            fresh = luck.random() < 0.8
            number = world.prints() if fresh else number
            await world.adds(number, channel, again=luck.choice((1, 1, 2)))
            numbers.append(number)
        case "ask":
            await world.types(luck.choice(("list", f"status {number}", "help")), channel)
        case "mark":
            number = luck.choice(numbers[2::3])
            world.truth.excused |= {(one, number) for one in CHANNELS}
            await world.types(f"mark {luck.choice(('delivered', 'exception'))} {number}", channel)
        case "refresh":
            await world.types(f"refresh {number}", channel)
        case _:
            number = luck.choice(numbers[2::3])
            world.truth.excused.add((channel, number))
            await world.types(f"archive {number}", channel)


async def settle(world: World) -> bool:
    """Let everything recover; return whether nothing is left to do."""
    await asyncio.sleep(world.fate.choice((0.0, 30.0, 300.0)))
    world.heals()
    await asyncio.sleep(LOOK_EVERY)
    await world.serves()
    for channel in CHANNELS:
        await world.types("list", channel)  # somebody speaks to the bot in each channel: it may have been sent away
    until, quiet = world.loop.time() + SETTLES_WITHIN, 0
    while world.loop.time() < until and quiet < QUIET:
        await asyncio.sleep(LOOK_EVERY)
        quiet = quiet + 1 if await _is_quiet(world) else 0
    return quiet >= QUIET


async def _is_quiet(world: World) -> bool:
    process = world.process
    if not process.serves:
        return False
    store = process.opened
    if await store.open_items() or await store.waiting():
        return False
    unread = [parcel for parcel in await store.unread() if parcel.missing < MISSING_TWICE]
    return not [one for parcel in unread for one in await store.followers(parcel.workspace, parcel.key) if one.active]


def main(argv: list[str]) -> int:
    """Replay one history and say what came of it."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is luck too
        os.execve(  # noqa: S606 - this program, again
            sys.executable, [sys.executable, "-m", "tests.faults.history", *argv], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    kind, point, seed = argv
    if kind not in KINDS or point not in NAMES:
        print(f"kinds: {', '.join(KINDS)}\npoints: {', '.join(NAMES)}")  # noqa: T201 - for the same
        return 2
    verdict = play(kind, point, int(seed))
    print(verdict)  # noqa: T201 - for whoever replays it
    return not verdict.faultless


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
