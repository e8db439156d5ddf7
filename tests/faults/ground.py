"""A stage on firm ground, whose bot has crash points: the next one that is started dies at `crash`, if it names one."""

from tests.e2e.ground import Ground
from tests.faults.bot import VARIABLE


class PointedGround(Ground):
    """A stage that starts the bot with crash points around its ports."""

    module = "tests.faults.bot"
    crash = ""

    def environment(self) -> dict[str, str]:
        """Return the bot's environment."""
        return super().environment() | {VARIABLE: self.crash}
