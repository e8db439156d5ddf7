"""`/track add`: a channel starts following a parcel."""

import re

from bot.domain.carriers import NEEDS_POSTCODE, Carrier, UnknownCarrier, find_carrier, nearest_carriers
from bot.domain.errors import (
    CarrierRefused,
    CommandNotUnderstood,
    KeyRefused,
    NotHere,
    ProviderError,
    ProviderUnavailable,
    QuotaSpent,
    UserError,
)
from bot.domain.formats import likely_carriers, mistyped_for, sure
from bot.domain.numbers import Pasted, PastedNumber, read_pasted
from bot.domain.parcel import NewParcel, ParcelKey
from bot.services import Services
from bot.services.results import Followed
from bot.slack import messages
from bot.slack.command import command
from bot.slack.exchange import Message, Reply, Request

AT_MOST = 20
"""More numbers than this in one command are asked about first."""
OPTIONS = ("title", "order", "postcode", "carrier", "for", "to", "shipped", "anyway", "detect", "all")
_SKIPPED = "-"
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_STOPS = (QuotaSpent, KeyRefused, ProviderUnavailable)


@command(
    'add NUMBER… [CARRIER] ["title"] [order:…] [postcode:…] [for:@person]',
    aliases=("a", "new", "watch", "+"),
    summary="Follow a parcel in this channel.",
    example='add 1ZX000010300000016 "Blue mugs" order:1042',
    changes=True,
)
async def add(request: Request, services: Services) -> Reply:
    """Follow the parcels, or ask what only the asker can know; nothing is spent before the answer.

    Raises:
        NoTrackingNumber: what follows `add` holds no tracking number.
        CommandNotUnderstood: nothing follows `add`, or an option makes no sense.
        QuotaSpent: the account has no quota left; nothing was added.
        ProviderUnavailable: the provider does not answer.
    """
    if not request.rest.strip():
        raise CommandNotUnderstood('Which number? Paste one or more: `add 1Z… "Blue mugs"`.')
    pasted = read_pasted(request.rest)
    _check_options(pasted)
    if len(pasted.numbers) > 1:
        return await _add_many(pasted, request, services)
    one = pasted.numbers[0]
    carrier = await _carrier_or_question(one, pasted, request, services)
    if isinstance(carrier, Message):
        return Reply.to_asker(carrier)
    followed = await _follow(one, carrier, pasted, request, services)
    return Reply.to_asker(messages.followed(followed), changed=_changed(followed))


async def _add_many(pasted: Pasted, request: Request, services: Services) -> Reply:
    """Follow one number after the other; each has its own result, and spent quota ends it."""
    if len(pasted.numbers) > AT_MOST and "all" not in pasted.options:
        numbers = [one.number for one in pasted.numbers]
        everything = " ".join(["add", *numbers, *_options_again(pasted, "carrier"), "all:yes"])
        return Reply.to_asker(messages.many_at_once(len(pasted.numbers), everything, AT_MOST))
    if pasted.carrier_words and not find_carrier(pasted.carrier_words):
        raise UnknownCarrier(pasted.carrier_words, nearest_carriers(pasted.carrier_words))
    lines, why = [], ""
    changed: list[str] = []
    open_questions, left_out = [], [one.number for one in pasted.numbers]
    for one in pasted.numbers:
        came_to: Followed | UserError | ProviderError | str
        try:
            carrier = await _carrier_or_question(one, pasted, request, services)
            if isinstance(carrier, Message):
                came_to = one.fault or "I need to know more"
                open_questions.append((one.number, _typed(one, pasted, "carrier")))
            else:
                came_to = await _follow(one, carrier, pasted, request, services)
                changed += _changed(came_to)
        except _STOPS as error:
            why = str(error)
            break
        except NotHere:
            raise
        except (UserError, ProviderError) as error:
            came_to = error
        lines.append(messages.result_line(one.number, came_to))
        left_out.remove(one.number)
    return Reply.to_asker(
        messages.added_many(
            lines, added=len(changed), repeats=pasted.repeats, left_out=left_out, why=why, open_questions=open_questions
        ),
        changed=changed,
    )


def _changed(followed: Followed) -> tuple[str, ...]:
    return () if followed.already else (followed.parcel.short_id,)


async def _carrier_or_question(
    one: PastedNumber, pasted: Pasted, request: Request, services: Services
) -> Carrier | Message:
    """Return who has the number, or the question that must be answered first."""
    number, words, options = one.number, pasted.carrier_words, pasted.options
    typed = _typed(one, pasted)
    if one.fault and "anyway" not in options:
        return messages.check_digit_doubt(number, one.fault, _typed(one, pasted, "carrier"))
    if words and not find_carrier(words):
        return messages.carrier_unknown(number, words, nearest_carriers(words), typed, request.command)
    candidates, certain = await _candidates(one, pasted, services)
    looked_up = "detect" in options
    if not candidates:
        return messages.carrier_unknown(number, "", (), typed, request.command, looked_up=looked_up)
    if not certain:
        return messages.carrier_choice(number, candidates, typed, request.command, looked_up=looked_up)
    if candidates[0].code in NEEDS_POSTCODE and "postcode" not in options:
        return messages.postcode_wanted(number, candidates[0], typed, request.command)
    return candidates[0]


async def _candidates(one: PastedNumber, pasted: Pasted, services: Services) -> tuple[tuple[Carrier, ...], bool]:
    """Return the carriers that may have the number, and whether the first is certain. Only `detect:` costs."""
    named = find_carrier(pasted.carrier_words or "") or one.carrier
    if named:
        return (named,), True
    if "detect" in pasted.options:
        try:
            found = tuple(await services.tracker.detect(one.number))
        except CarrierRefused:
            found = ()
        return found, len(found) == 1
    guesses = likely_carriers(one.number)
    taken = sure(guesses)
    if taken:
        return (taken,), True
    meant = mistyped_for(one.number)
    return tuple(guess.carrier for guess in guesses) or meant, len(meant) == 1 and not guesses


async def _follow(
    one: PastedNumber, carrier: Carrier, pasted: Pasted, request: Request, services: Services
) -> Followed:
    options = pasted.options
    postcode = options.get("postcode", "")
    new = NewParcel(
        key=ParcelKey(carrier=carrier.code, number=one.number),
        title=pasted.title or "",
        order=options.get("order", ""),
        postcode="" if postcode == _SKIPPED else postcode,
        destination=options.get("to", "").upper(),
        shipped=options.get("shipped", "").replace("-", ""),
    )
    return await services.tracker.follow(
        new, request.place, by=request.user, title=new.title, order=new.order, person=options.get("for", "")
    )


def _check_options(pasted: Pasted) -> None:
    unknown = [key for key in pasted.options if key not in OPTIONS]
    if unknown:
        raise CommandNotUnderstood(
            f"I can't use `{unknown[0]}:` with `add`, so nothing was added. Leave it out; I know "
            f"{', '.join(f'`{key}:`' for key in OPTIONS[:7])}."
        )
    if not _PERSON.fullmatch(pasted.options.get("for", "U0")):
        raise CommandNotUnderstood("`for:` wants a person, so nothing was added. Type `for:@` and choose the name.")


def _typed(one: PastedNumber, pasted: Pasted, *also: str) -> str:
    """Return the command so far, for a button that adds the missing answer to it."""
    return " ".join(["add", one.number, *_options_again(pasted, *also)])


def _options_again(pasted: Pasted, *also: str) -> list[str]:
    """Return title and options as they are typed; the carrier only when it is asked for."""
    given = {"title": pasted.title or "", **pasted.options}
    for answered in ("detect", "all"):
        given.pop(answered, None)
    if "carrier" in also:
        given["carrier"] = pasted.carrier_words or ""
    return [f'{key}:"{value.replace(chr(34), chr(39))}"' for key, value in given.items() if value]
