"""`/track` alone: how things stand in this channel, and the ways on."""

from bot.services import Services
from bot.slack import messages
from bot.slack.exchange import Reply, Request


async def menu(request: Request, services: Services) -> Reply:
    """Show the menu, since Slack completes only the command and not its words."""
    here = await services.tracker.here(request.place)
    return Reply.to_asker(messages.menu(here, await services.sweep.health(), request.command))
