"""`/track status`: where things stand, all of them or one."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request


@command(
    "status [PARCEL]",
    aliases=("s", "show", "where", "get"),
    summary="Show this channel on one screen, or one parcel's timeline.",
    example="status P-142",
)
async def status(request: Request, services: Services) -> Reply:
    """Show the channel, or the parcel that is named. Nobody outside is asked: this is what we know.

    Raises:
        NotFollowed: nothing here fits the reference.
        SeveralFit: several parcels do.
    """
    reference = typed(request.rest)
    health = await services.sweep.health()
    if reference:
        return Reply.to_asker(messages.timeline(await parcel(request, services, reference), health))
    here = await services.tracker.here(request.place)
    return Reply.to_asker(messages.channel_status(here, health, request.command))
