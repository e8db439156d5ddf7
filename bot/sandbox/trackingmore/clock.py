"""The carrier clock: the time in which simulated parcels travel."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class CarrierClock:
    """A clock that can run faster than life, stand still and be moved on; it never goes back."""

    def __init__(
        self,
        *,
        start: datetime | None = None,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._anchor = start or datetime.now(UTC)
        self._since = monotonic()
        self._speed = speed
        self.paused = False

    def now(self) -> datetime:
        """Return the carriers' time, in UTC."""
        passed = 0.0 if self.paused else (self._monotonic() - self._since) * self._speed
        return self._anchor + timedelta(seconds=passed)

    @property
    def speed(self) -> float:
        """Carrier seconds in a real second; setting it moves nothing."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self.step(timedelta())
        self._speed = max(0.0, speed)

    def pause(self) -> None:
        """Stand still."""
        self.step(timedelta())
        self.paused = True

    def resume(self) -> None:
        """Run on from where the clock stood."""
        self.step(timedelta())
        self.paused = False

    def step(self, by: timedelta) -> None:
        """Move on at once, running or not.

        Raises:
            ValueError: that would be back in time.
        """
        if by < timedelta():
            raise ValueError(f"The carrier clock can't go back: {by}.")
        self._anchor, self._since = self.now() + by, self._monotonic()
