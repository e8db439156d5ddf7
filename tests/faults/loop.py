"""An event loop whose time jumps to the next thing that is due: a day of the bot takes as long as what it does in it.

No sockets and no threads: what a thread would do is done at once, so that one seed always gives one history.
"""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
STEPS_AT_MOST = 3_000_000
"""A history that takes more turns of the loop than this goes round in circles."""


class StandsStill(Exception):
    """Nothing is left that could ever happen, or the same happens for ever."""


class _Jump:
    """Stands where a loop waits for sockets: moves the time instead."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._steps = 0

    def select(self, timeout: float | None) -> list[object]:
        self._steps += 1
        if timeout is None or self._steps > STEPS_AT_MOST:
            raise StandsStill
        if timeout > 0:
            self._loop.jump(timeout)
        return []

    def close(self) -> None:
        """Nothing is held."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop in a time of its own, which begins at 0."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self.work_takes: Callable[[], float] = lambda: 0.0
        """How long what a thread does waits before it begins, and before its end is seen."""
        self._selector = _Jump(self)

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Let time pass in which nothing is done, as for a process that is frozen."""
        self._now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # noqa: ANN401 - asyncio's own
        """Do in one moment what a thread would do; like a thread, it is not stopped by whoever no longer waits."""
        done: asyncio.Future[T] = self.create_future()

        def work() -> None:
            try:
                tell, came = done.set_result, func(*args)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
                self.call_later(self.work_takes(), _tell, done, done.set_exception, error)
            else:
                self.call_later(self.work_takes(), _tell, done, tell, came)

        self.call_later(self.work_takes(), work)
        return done

    def _process_events(self, event_list: list[object]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


def _tell(done: asyncio.Future[Any], tell: Callable[[Any], None], came: Any) -> None:  # noqa: ANN401 - any result
    if not done.done():
        tell(came)


def run(main: Coroutine[Any, Any, T], *, seed: str) -> T:
    """Run to the end in virtual time, with all luck drawn from the seed."""
    with same_luck(seed), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


@contextlib.contextmanager
def same_luck(seed: str) -> Iterator[None]:
    """Have what the bot draws by chance (stamps, references, jitter) come from the seed."""
    luck = random.Random(seed)
    real = secrets.token_hex, secrets.randbelow, secrets.token_bytes
    secrets.token_hex = lambda nbytes=None: luck.randbytes(nbytes or 32).hex()
    secrets.randbelow = lambda exclusive_upper_bound: luck.randrange(0, exclusive_upper_bound)
    secrets.token_bytes = lambda nbytes=None: luck.randbytes(nbytes or 32)
    try:
        yield
    finally:
        secrets.token_hex, secrets.randbelow, secrets.token_bytes = real
