"""`/track delete`: remove a parcel for everybody, once the asker is sure."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import parcel, typed
from bot.slack.exchange import Reply, Request

SURE = "sure"


@command(
    "delete PARCEL",
    aliases=("rm",),
    summary="Remove a parcel for everybody; asks first.",
    example="delete P-142",
    changes=True,
)
async def delete(request: Request, services: Services) -> Reply:
    """Ask first; `delete P-142 sure` is what the danger button says.

    Whether other channels follow it is not said: one of them may be private.

    Raises:
        NotFollowed: nothing here fits the reference.
        ProviderError: the provider refused; nothing was changed.
    """
    words = typed(request.rest)
    reference, _, last = words.rpartition(" ")
    is_sure = bool(reference) and last.casefold() == SURE
    here = await parcel(request, services, reference if is_sure else words)
    if not is_sure:
        return Reply.to_asker(messages.delete_sure(here))
    deleted = await services.tracker.delete(request.place, here.parcel.key, by=request.user)
    return Reply.to_asker(messages.deleted(deleted), changed=[deleted.parcel.short_id])
