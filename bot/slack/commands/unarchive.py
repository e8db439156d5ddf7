"""`/track unarchive`: this channel hears of a parcel again."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request


@command(
    "unarchive PARCEL",
    summary="Follow an archived parcel again; it costs nothing.",
    example="unarchive P-142",
    changes=True,
)
async def unarchive(request: Request, services: Services) -> Reply:
    """Take the parcel out of this channel's archive.

    Raises:
        NotFollowed: nothing here fits the reference.
        ProviderError: the provider refused; nothing was changed.
    """
    here = await parcel(request, services, typed(request.rest))
    result = await services.tracker.unarchive(request.place, here.parcel.key, by=request.user)
    changed = () if result.already else (result.parcel.short_id,)
    if request.card and changed:
        return Reply.on_the_card(changed=changed)
    return Reply.to_asker(messages.unarchived(result), changed=changed)
