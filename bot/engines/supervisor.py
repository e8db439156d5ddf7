"""Who owns the loops: one that ends or falls silent is begun anew, and until it is well again health says so."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

logger = logging.getLogger(__name__)
Beat = Callable[[], None]
Loop = Callable[[Beat], Awaitable[None]]
"""Runs until it is cancelled, and says at each turn that it lives."""

LOOK_EVERY = timedelta(seconds=1)
PAUSE = timedelta(seconds=5)
"""When nobody looked for so long, the whole process stood still, and no loop is to blame."""
SILENT_INTERVALS = 3
WELL_AFTER = 3
"""Health is red until a loop that was begun anew has lived for so many intervals."""


@dataclass(slots=True, eq=False)
class _Kept:
    name: str
    loop: Loop
    every: float
    beat_at: float
    begun_at: float = 0.0
    task: asyncio.Task[None] | None = None
    red_until: float = 0.0


class Supervisor:
    """Keeps loops alive, and the engine's rounds coming. It runs in the program's own first task: nobody watches it."""

    def __init__(
        self,
        *,
        look_after_rounds: Callable[[], Sequence[str]] = lambda: (),
        monotonic: Callable[[], float] = time.monotonic,
        look_every: timedelta = LOOK_EVERY,
    ) -> None:
        self._look_after_rounds = look_after_rounds
        self._monotonic = monotonic
        self._look_every = look_every
        self._kept: dict[str, _Kept] = {}
        self._looked_at = monotonic()
        self._late_rounds: Sequence[str] = ()
        self._rounds_red_until = 0.0

    def keep(self, name: str, loop: Loop, *, every: timedelta) -> None:
        """Begin a loop that has a turn at least at each interval, and keep it going."""
        kept = _Kept(name=name, loop=loop, every=every.total_seconds(), beat_at=self._monotonic())
        self._kept[name] = kept
        self._begin(kept)

    def red(self) -> tuple[str, ...]:
        """Return the loops and rounds that are not well; none is what health wants."""
        now = self._monotonic()
        rounds = self._late_rounds if now < self._rounds_red_until else ()
        return (*(one.name for one in self._kept.values() if now < one.red_until), *rounds)

    async def watch(self, until: asyncio.Event) -> None:
        """Look after everything until the event is set."""
        while not until.is_set():
            self.look()
            try:
                async with asyncio.timeout(self._look_every.total_seconds()):
                    await until.wait()
            except TimeoutError:
                continue

    def look(self) -> None:
        """Begin anew what has ended or fallen silent. Never raises."""
        now = self._monotonic()
        paused, self._looked_at = now - self._looked_at, now
        for kept in self._kept.values():
            if paused > PAUSE.total_seconds():
                kept.beat_at += paused
            if kept.task is None or kept.task.done():
                kept.red_until = now + WELL_AFTER * kept.every
                if now - kept.begun_at >= kept.every:  # one that ends at once is not begun without pause
                    self._again(kept, "a loop ended and is begun anew")
            elif now - kept.beat_at > SILENT_INTERVALS * kept.every:
                kept.task.cancel()
                self._again(kept, "a loop was silent and is begun anew")
        try:
            late = self._look_after_rounds()
        except Exception:
            logger.exception("the rounds could not be looked after")
            late = ("rounds",)
        if late:
            self._late_rounds = late
            self._rounds_red_until = self._monotonic() + WELL_AFTER * 60

    async def stop(self, *names: str) -> None:
        """End these loops, or all, and wait for them."""
        ended = [self._kept.pop(name) for name in names or tuple(self._kept)]
        tasks = [one.task for one in ended if one.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, kept: _Kept) -> None:
        def beat() -> None:
            kept.beat_at = self._monotonic()

        async def run() -> None:
            try:
                await kept.loop(beat)
            except Exception:
                logger.exception("a loop failed", extra={"loop": kept.name})

        beat()
        kept.begun_at = kept.beat_at
        kept.task = asyncio.create_task(run(), name=kept.name)

    def _again(self, kept: _Kept, sentence: str) -> None:
        logger.error(sentence, extra={"loop": kept.name})
        kept.red_until = self._monotonic() + WELL_AFTER * kept.every
        self._begin(kept)
