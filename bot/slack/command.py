"""What a subcommand is. Help, dispatch and the README's table all read the decorator."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.services import Services
from bot.slack.exchange import Reply, Request

Handler = Callable[[Request, Services], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A subcommand of `/track`: how it is written, what it does, and the function that does it.

    One that `changes` something, or may spend quota, is for the workspace's own people only.
    """

    usage: str
    summary: str
    example: str
    aliases: tuple[str, ...]
    handler: Handler
    changes: bool

    @property
    def name(self) -> str:
        """Return the verb."""
        return self.usage.partition(" ")[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the verb and its aliases."""
        return (self.name, *self.aliases)


def command(
    usage: str, *, summary: str, example: str, aliases: tuple[str, ...] = (), changes: bool = False
) -> Callable[[Handler], Command]:
    """Declare the function below as a subcommand."""

    def declare(handler: Handler) -> Command:
        return Command(usage=usage, summary=summary, example=example, aliases=aliases, handler=handler, changes=changes)

    return declare
