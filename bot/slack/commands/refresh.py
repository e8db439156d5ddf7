"""`/track refresh`: have the carrier asked now."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request


@command(
    "refresh PARCEL",
    aliases=("r", "now"),
    summary="Ask the carrier now, at most once in two hours.",
    example="refresh last",
    changes=True,
)
async def refresh(request: Request, services: Services) -> Reply:
    """Have a look now; news also goes to everybody who follows the parcel.

    Raises:
        ArchivedHere: this channel has archived it.
        Missing: the provider no longer has it.
        ProviderUnavailable: the provider does not answer.
    """
    here = await parcel(request, services, typed(request.rest))
    result = await services.tracker.refresh(request.place, here.parcel.key)
    changed = () if result.looked_ago is not None else (result.parcel.short_id,)
    return Reply.to_asker(messages.refreshed(result), changed=changed)
