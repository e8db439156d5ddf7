"""`/track mark`: a person says how a parcel stands; the carrier's own status stays beside it."""

from dataclasses import replace

from bot.domain.errors import CommandNotUnderstood
from bot.domain.status import Status
from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import options_of, parcel
from bot.slack.commands.restore import restore
from bot.slack.exchange import Reply, Request

STATES = {
    "delivered": Status.DELIVERED,
    "collected": Status.DELIVERED,
    "exception": Status.EXCEPTION,
    "lost": Status.EXCEPTION,
}
RETURNED = "returned"


@command(
    'mark delivered|collected|exception|lost PARCEL [note:"…"]',
    aliases=("m", *STATES, RETURNED),
    summary="Set a parcel's status by hand.",
    example='mark delivered 0016 note:"at the front desk"',
    changes=True,
)
async def mark(request: Request, services: Services) -> Reply:
    """Set the mark; whoever comes second learns who was first.

    Raises:
        CommandNotUnderstood: the status is none that people can set.
        ArchivedHere: this channel has archived the parcel.
        ProviderError: the provider refused; nothing was changed.
    """
    words, options = options_of(request.rest, "note")
    state, reference = _state(request.verb, words)
    if state in restore.names:
        return await restore.handler(replace(request, verb=state, rest=reference), services)
    note = options.get("note", "")
    again = f' note:"{note.replace(chr(34), chr(39))}"' if note else ""
    here = await parcel(request, services, reference, say=lambda short_id: f"mark {state} {short_id}{again}")
    if state == RETURNED:
        return Reply.to_asker(messages.returned_is_said_by_carriers(here))
    if state not in {str(STATES[state]), ""}:
        note = f"{state}: {note}" if note else state
    result = await services.tracker.mark(request.place, here.parcel.key, STATES[state], by=request.user, note=note)
    own = result.already and result.parcel.mark is not None and result.parcel.mark.by == request.user
    changed = () if result.already else (result.parcel.short_id,)
    if request.card and (own or not result.already):
        return Reply.on_the_card(changed=changed)
    return Reply.to_asker(messages.marked(result, request.now), changed=changed)


def _state(verb: str, words: str) -> tuple[str, str]:
    """Return the status meant and what is left: the verb itself may be one, else the first word or the last."""
    known = {*STATES, RETURNED, *restore.names}
    if verb in known:
        return verb, words
    first, _, after = words.partition(" ")
    before, _, last = words.rpartition(" ")
    if first.casefold() in known:
        return first.casefold(), after
    if last.casefold() in known:
        return last.casefold(), before
    raise CommandNotUnderstood(
        "Mark it as what? I know `delivered`, `collected`, `exception` and `lost`, such as `mark delivered P-142`; "
        "`restore P-142` takes a mark away. Nothing was changed."
    )
