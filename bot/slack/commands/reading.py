"""What stands behind a verb: plain words, options, and the parcel they mean."""

import re
from collections.abc import Callable, Sequence

from bot.domain.errors import NoNumber, NotFollowed, UserError
from bot.domain.pasted_text import normalise, unwrap, words
from bot.domain.references import TAIL
from bot.services import Services
from bot.services.results import Here
from bot.slack.exchange import Request

LONGEST_SHOWN = 64
_SHORT_ID = re.compile(r"p-\d+", re.IGNORECASE)


class SeveralFit(UserError):
    """A reference means several parcels: the asker picks one, we never guess."""

    def __init__(self, reference: str, found: Sequence[Here], say: Callable[[str], str]) -> None:
        super().__init__(f"“{reference}” fits {len(found)} parcels. Nothing was changed.")
        self.reference = reference
        self.found = found
        self.say = say


def typed(text: str) -> str:
    """Return the text as plain characters: what Slack and its clients did to it undone, people and channels as ids."""
    unwrapped, mentions = unwrap(text, is_number=bool)
    return normalise(unwrapped).translate(mentions.ids).strip()


def options_of(text: str, *keys: str) -> tuple[str, dict[str, str]]:
    """Return the words without `key:value` (and `key=value`, `--key value`) of these keys, and those by key."""
    option = re.compile(rf"(?:-{{0,2}}({'|'.join(keys)})[:=](.*)|--({'|'.join(keys)}))", re.IGNORECASE)
    left: list[str] = []
    found: dict[str, str] = {}
    rest = iter(words(typed(text)))
    for word in rest:
        given = None if word.quoted else option.fullmatch(word.text)
        if given is None:
            left.append(word.text)
            continue
        value = (given[2] or "").strip('"')
        if not value and (following := next(rest, None)):
            value = following.text
        found[(given[1] or given[3]).lower()] = value
    return " ".join(left), found


async def parcel(
    request: Request, services: Services, reference: str, *, say: Callable[[str], str] | None = None
) -> Here:
    """Return the one parcel of this channel that the reference means; `say` makes the command about another one.

    Raises:
        NoNumber: there is no reference.
        NotFollowed: nothing here fits it.
        SeveralFit: several do.
    """
    if not reference:
        raise NoNumber(request.verb)
    shown = reference[:LONGEST_SHOWN].replace("`", "'")
    try:
        found = await services.tracker.find(request.place, reference)
    except NotFollowed as error:
        hint = "Name at least the last four characters. Nothing was changed." if len(reference) < TAIL else ""
        if _SHORT_ID.fullmatch(reference):
            hint = "It was deleted, or it was never followed here. Nothing was changed."
        raise NotFollowed(shown, hint=hint) from error
    if len(found) > 1:
        raise SeveralFit(shown, found, say or (lambda short_id: f"{request.verb} {short_id}"))
    return found[0]
