"""`/track list`: the parcels of this channel, page by page."""

from bot.domain.errors import CommandNotUnderstood
from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import typed
from bot.slack.exchange import Reply, Request

PAGES_AT_MOST = 4  # digits of a page's number
KNOWN = "`problem`, `out`, `moving`, `waiting`, `delivered`, `archived` and `all`"


@command(
    "list [all | archived | STATUS] [PAGE]",
    aliases=("ls",),
    summary="List this channel's parcels, the most urgent first.",
    example="list delivered",
)
async def list_(request: Request, services: Services) -> Reply:
    """Show a page: what is followed here, what is archived, or what stands in one way.

    Raises:
        CommandNotUnderstood: a word is no status.
    """
    words = typed(request.rest).casefold().split()
    pages = [word for word in words if word.isdecimal() and len(word) <= PAGES_AT_MOST]
    kinds = [word for word in words if word not in pages]
    everything = await services.tracker.here(request.place)
    found = [one for one in everything if _fits(messages.group_of(one), kinds)]
    page = int(pages[0]) if pages else 1
    health = await services.sweep.health()
    return Reply.to_asker(messages.list_page(found, health, words=" ".join(kinds), page=page, command=request.command))


def _fits(group: messages.Group, kinds: list[str]) -> bool:
    if not kinds:
        return group is not messages.Group.ARCHIVED
    return any(kind == "all" or _group(kind) is group for kind in kinds)


def _group(kind: str) -> messages.Group:
    if kind in messages.GROUP_WORDS:
        return messages.GROUP_WORDS[kind]
    raise CommandNotUnderstood(
        f"I can't list `{kind[:40].replace('`', chr(39))}`. I know {KNOWN}. Nothing was changed."
    )
