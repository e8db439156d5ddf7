"""How many commands are taken: so many a minute from one person, from a channel and from a workspace.

Nobody waits and nothing is kept of it: what is too much is answered with when to come again.
"""

import math
import time
from collections.abc import Callable

from bot.domain.errors import UserError
from bot.domain.records import InboxItem
from bot.services.buckets import Buckets

CHANNEL, WORKSPACE = 6, 30
"""So many times as much as one person may a channel, and a workspace."""
_WHO = ("You", "This channel", "This workspace")


class TooOften(UserError):
    """More was asked within a minute than is taken."""

    def __init__(self, who: str, most: int, seconds: float) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(
            f"{who} gave {most} command{'s' * (most > 1)} within a minute; more I do not take. This one was not done: "
            f"try it again in {wait} second{'s' * (wait > 1)}."
        )


class Floods:
    """Counts commands."""

    def __init__(self, per_minute: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = (per_minute, per_minute * CHANNEL, per_minute * WORKSPACE)
        self._buckets = Buckets(monotonic=monotonic)

    def take(self, item: InboxItem) -> None:
        """Count a command.

        Raises:
            TooOften: it is one too many.
        """
        if not self._most[0]:
            return
        whose = ((item.workspace, "user", item.user), (item.workspace, "channel", item.channel), (item.workspace,))
        empty = self._buckets.take(*zip(whose, self._most, strict=True))
        if empty:
            place, seconds = empty
            raise TooOften(_WHO[place], self._most[place], seconds)
