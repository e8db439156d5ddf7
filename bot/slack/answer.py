"""Request → reply: the one place where words find their command, and where errors become words."""

import difflib
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.carriers import find_carrier
from bot.domain.errors import (
    BotError,
    KeyRefused,
    MessengerError,
    ProviderError,
    QuotaSpent,
    StoreError,
    UserError,
)
from bot.domain.numbers import read_pasted
from bot.domain.pasted_text import normalise
from bot.domain.records import InboxItem, Trouble
from bot.services import Services
from bot.slack import messages
from bot.slack.blocks import context
from bot.slack.command import Command
from bot.slack.commands import COMMANDS, VERBS, menu
from bot.slack.commands.reading import SeveralFit, typed
from bot.slack.exchange import Reply, Request
from bot.slack.floods import Floods

logger = logging.getLogger(__name__)
audit = logging.getLogger("bot.audit")
"""A line for each thing that a person changed: who, where, what, and when. Each is JSON, so no name can forge one."""
FOR_ADMINS: dict[type[BotError], Trouble] = {KeyRefused: Trouble.KEY_REFUSED, QuotaSpent: Trouble.QUOTA_SPENT}
"""What the asker cannot mend, and others must hear of."""


class OfAnotherWorkspace(UserError):
    """Somebody of another workspace, in a channel that both share, wants something changed."""

    def __init__(self) -> None:
        super().__init__(
            "You are of another workspace, so here you can look but change nothing. Nothing was changed; "
            "ask somebody of this workspace to do it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    verb: str
    rest: str


async def answer(
    item: InboxItem, services: Services, *, command: str, now: datetime, floods: Floods | None = None
) -> Reply:
    """Do what was asked and return what to say. What a press says is found out and allowed anew, like typed words.

    Raises:
        StoreError: the store is away; the request stays in the inbox.
    """
    words = _split(item.words)
    request = Request(
        verb=words.verb,
        rest=words.rest,
        place=item.place,
        user=item.user,
        now=now,
        command=command,
        card=item.card,
        private=item.private,
        channel_name=item.channel_name,
    )
    known = VERBS.get(words.verb)
    about = {"verb": known.name if known else "", "channel": item.channel, "user": item.user}
    try:
        _allow(item, known, floods)
        reply = await _handle(request, services, item.words)
    except StoreError:
        raise
    except SeveralFit as several:
        return Reply.to_asker(messages.pick(several.reference, several.found, several.say))
    except UserError as error:
        return Reply.to_asker(messages.sorry(error, command, again=typed(item.words)))
    except (ProviderError, MessengerError) as error:
        if trouble := FOR_ADMINS.get(type(error)):
            services.watch.tell_admins_soon(trouble)
        return _not_now(error, item, command, about)
    except Exception:
        reference = secrets.token_hex(3)
        logger.exception("a request could not be answered", extra={**about, "reference": reference})
        return Reply.to_asker(messages.our_fault(reference))
    logger.info("a request was answered", extra=about)
    if reply.changed:
        audit.info("changed", extra={**about, "workspace": item.workspace, "changed": reply.changed})
    return reply


def given_up() -> Reply:
    """Return the answer to a request that we died of again and again, instead of doing it."""
    reference = secrets.token_hex(3)
    logger.error("a request was given up: we died each time it was done", extra={"reference": reference})
    return Reply.to_asker(messages.our_fault(reference))


def _allow(item: InboxItem, asked: Command | None, floods: Floods | None) -> None:
    """Check that this person may ask this now.

    Raises:
        TooOften: it is one command too many.
        OfAnotherWorkspace: they may only look.
    """
    if floods and not item.attempts:  # one that is taken up again was counted before
        floods.take(item)
    if item.stranger and asked and asked.changes:
        raise OfAnotherWorkspace


async def _handle(request: Request, services: Services, words: str) -> Reply:
    if not request.verb:
        return await menu(request, services)
    if request.verb in VERBS:
        return await VERBS[request.verb].handler(request, services)
    nearest = difflib.get_close_matches(request.verb, [one.name for one in COMMANDS], n=1)
    numbers = _begins_with_number(words)
    return Reply.to_asker(messages.not_a_verb(typed(words), request.command, nearest=nearest, numbers=numbers))


def _not_now(error: ProviderError | MessengerError, item: InboxItem, command: str, about: dict[str, str]) -> Reply:
    detail = error.detail() if isinstance(error, ProviderError) else str(error)
    reference = secrets.token_hex(3)
    why = {"why": type(error).__name__, "detail": detail, "reference": reference}
    logger.warning("a request failed", extra={**about, **why})
    failed: BotError = error
    said = messages.sorry(failed, command, again=typed(item.words))
    return Reply.to_asker(replace(said, blocks=[*said.blocks, context(f"Reference `{reference}`")]))


def _split(text: str) -> _Words:
    """Return the verb in small letters, and what follows as it came: only its reader knows what its marks mean."""
    rest = text
    while pieces := rest.split(maxsplit=1):
        rest = pieces[1] if len(pieces) > 1 else ""
        verb = normalise(pieces[0]).strip().strip(":,;.!").casefold()
        if verb:
            return _Words(verb=verb, rest=rest)
    return _Words(verb="", rest="")


def _begins_with_number(words: str) -> bool:
    """Return whether somebody forgot the verb: a number, or a carrier's name before one, is no misspelt verb."""
    first = words.split(maxsplit=1)[0]
    if not any(char.isdigit() for char in first) and not find_carrier(normalise(first)):
        return False
    try:
        return bool(read_pasted(words).numbers)
    except UserError:
        return False
