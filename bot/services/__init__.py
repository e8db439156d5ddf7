"""What the bot can do, a module a duty."""

from dataclasses import dataclass

from bot.services.sweep import Sweep
from bot.services.tracker import Tracker
from bot.services.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a command may ask for."""

    tracker: Tracker
    sweep: Sweep
    watch: Watch
