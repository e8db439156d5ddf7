"""How much an app may call, as Slack counts it: a message a second in a channel, and so many calls a minute."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

BURST = 3
MINUTE = 60.0


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts calls, and says how long the next one must wait.

    `refused` is how many calls were told to wait; `on` may be switched off.
    """

    now: Callable[[], float]
    on: bool = True
    refused: int = 0
    _ready_at: dict[str, float] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait_seconds(self, method: str, per_minute: int | None, channel: str | None) -> int:
        """Return 0 and count the call, or return the seconds after which it may come again.

        Args:
            method: what is called; each has a budget of its own.
            per_minute: its budget for the workspace; None when it has none.
            channel: where a message goes; None when the call posts none.
        """
        if not self.on:
            return 0
        now = self.now()
        wait = 0.0
        if channel is not None:
            # A bucket of BURST tokens, filled by one a second, kept as the moment when it was or will be full.
            ready_at = max(self._ready_at.get(channel, now), now)
            wait = ready_at - now - (BURST - 1)
        calls = self._calls[method]
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if per_minute is not None and len(calls) >= per_minute:
            wait = max(wait, calls[0] + MINUTE - now)
        if wait > 0:
            self.refused += 1
            return math.ceil(wait)
        if channel is not None:
            self._ready_at[channel] = max(self._ready_at.get(channel, now), now) + 1
        calls.append(now)
        return 0
