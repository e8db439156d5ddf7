"""Buckets that fill with time: so much a minute for each name, and what is kept of names has an end."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MINUTE = 60.0
REMEMBERED = 10_000
"""So many buckets at most; the one unused for longest is full again by then."""


class Buckets:
    """What is taken comes out of several buckets, or out of none."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, *wanted: tuple[Hashable, int]) -> tuple[int, float] | None:
        """Take a drop from the bucket of each name, which holds so many and is filled within a minute.

        Returns:
            None; or which of the buckets is empty, and for how many seconds, and then nothing was taken.
        """
        now = self._monotonic()
        left = [self._left(name, most, now) for name, most in wanted]
        for place, (drops, (_, most)) in enumerate(zip(left, wanted, strict=True)):
            if drops < 1:
                return place, (1 - drops) * MINUTE / most
        for drops, (name, _) in zip(left, wanted, strict=True):
            self._buckets[name] = (drops - 1, now)
            self._buckets.move_to_end(name)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return None

    def _left(self, name: Hashable, most: int, now: float) -> float:
        drops, at = self._buckets.get(name, (float(most), now))
        return min(float(most), drops + (now - at) * most / MINUTE)
