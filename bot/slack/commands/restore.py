"""`/track restore`: give a parcel the carrier's own status back (the provider's status 8, which is no return)."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request


@command(
    "restore PARCEL",
    aliases=("unmark",),
    summary="Take a mark away: return to the carrier's status.",
    example="restore P-142",
    changes=True,
)
async def restore(request: Request, services: Services) -> Reply:
    """Take the mark away.

    Raises:
        NothingToRestore: there is no mark; the provider was not asked.
        ArchivedHere: this channel has archived the parcel.
        ProviderError: the provider refused; nothing was changed.
    """
    here = await parcel(request, services, typed(request.rest))
    result = await services.tracker.restore(request.place, here.parcel.key, by=request.user)
    changed = (result.parcel.short_id,)
    if request.card:
        return Reply.on_the_card(changed=changed)
    return Reply.to_asker(messages.restored(result), changed=changed)
