"""`/track archive`: this channel hears no more of a parcel."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request


@command(
    "archive PARCEL",
    aliases=("done", "ar"),
    summary="Stop following a parcel in this channel; its history is kept.",
    example="archive P-142",
    changes=True,
)
async def archive(request: Request, services: Services) -> Reply:
    """End this channel's subscription; other channels keep theirs.

    Raises:
        NotFollowed: nothing here fits the reference.
        ProviderError: the provider refused; nothing was changed.
    """
    here = await parcel(request, services, typed(request.rest))
    result = await services.tracker.archive(request.place, here.parcel.key, by=request.user)
    changed = () if result.already else (result.parcel.short_id,)
    if request.card and (not result.already or result.subscription.archived_by == request.user):
        return Reply.on_the_card(changed=changed)
    return Reply.to_asker(messages.archived(result), changed=changed)
