"""How fast Slack takes what we say: a message a second for a channel, so many calls a minute for a workspace."""

from collections.abc import Hashable
from datetime import timedelta

from bot.domain.parcel import Place
from bot.ports import Clock

PACE = timedelta(seconds=1)
"""Slack takes one message a second for a channel, and two in a row when it was silent before."""
BURST = 2
POSTS_A_MINUTE, POSTS_AT_ONCE = 250, 50
REDRAWS_A_MINUTE, REDRAWS_AT_ONCE = 40, 10
"""With what may be said at once, no more than Slack's budget of 50 redraws in any minute."""
REMEMBERED = 10_000
A_MOMENT = 1e-6
"""What is left of a wait after counting in fractions is none."""


class Bucket:
    """Lets so much through at once, and then one in each interval. Kept is only when each bucket will be full again."""

    def __init__(self, interval: float, at_once: int) -> None:
        self._interval = interval
        self._slack = interval * (at_once - 1)
        self._full_at: dict[Hashable, float] = {}

    def __len__(self) -> int:
        """Return of how many something is kept."""
        return len(self._full_at)

    def wait(self, name: Hashable, now: float) -> float:
        """Return in how many seconds one may pass."""
        wait = self._full_at.get(name, now) - now - self._slack
        return wait if wait > A_MOMENT else 0.0

    def take(self, name: Hashable, now: float) -> None:
        """Let one pass, even if it should wait: then those behind it wait for longer."""
        self._full_at[name] = max(self._full_at.get(name, now), now) + self._interval
        if len(self._full_at) > REMEMBERED:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}

    def close(self, name: Hashable, until: float) -> None:
        """Let none pass until then."""
        self._full_at[name] = max(self._full_at.get(name, until), until + self._slack)


class Pacing:
    """Says when the next message may be posted in a place, and the next card redrawn in a workspace."""

    def __init__(self, clock: Clock, pace: timedelta = PACE) -> None:
        unit = pace / PACE  # nothing waits without a pace
        self._clock = clock
        self._channels = Bucket(pace.total_seconds(), BURST)
        self._posts = Bucket(60 * unit / POSTS_A_MINUTE, POSTS_AT_ONCE)
        self._redraws = Bucket(60 * unit / REDRAWS_A_MINUTE, REDRAWS_AT_ONCE)

    def post_wait(self, place: Place) -> float:
        """Return in how many seconds a message may be posted there."""
        now = self._clock.monotonic()
        return max(self._channels.wait(place, now), self._posts.wait(place.workspace, now))

    def posted(self, place: Place) -> None:
        """Count a message."""
        now = self._clock.monotonic()
        self._channels.take(place, now)
        self._posts.take(place.workspace, now)

    def redraw_wait(self, workspace: str) -> float:
        """Return in how many seconds a card may be redrawn there."""
        return self._redraws.wait(workspace, self._clock.monotonic())

    def redrawn(self, workspace: str) -> None:
        """Count a card that is redrawn."""
        self._redraws.take(workspace, self._clock.monotonic())

    def no_redraws(self, workspace: str, wait: timedelta) -> None:
        """Redraw no card for so long: Slack asks for it."""
        self._redraws.close(workspace, self._clock.monotonic() + wait.total_seconds())
