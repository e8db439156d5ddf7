"""Answers: what came of a command, said to the asker."""

import re
from collections.abc import Sequence
from datetime import datetime

from bot.domain.errors import (
    BotError,
    CommandNotUnderstood,
    MessengerError,
    NoNumber,
    NotFollowed,
    NotHere,
    ProviderUnavailable,
    QuotaSpent,
)
from bot.domain.numbers import NoTrackingNumber
from bot.domain.status import Status
from bot.services.purchases import LOOK_AGAIN_AFTER
from bot.services.results import Acted, ArchivedHere, Followed, Here, NothingToRestore, Refreshed
from bot.services.sweep import Health
from bot.slack.blocks import Block, actions, ago, button, escape, person, plain, section, shorten, when
from bot.slack.exchange import Message
from bot.slack.messages.asking import CHOICES, ask
from bot.slack.messages.card import beside_the_mark, latest
from bot.slack.messages.words import carrier_name, count, details, duration, label, since, state

LINES = 20
"""A block of results has at most this many lines."""
LOW = 10
"""The quota is low below this, and below a tenth of the most ever seen."""


def followed(result: Followed) -> Message:
    """Say what following came to and what it cost; the card shows the parcel."""
    parcel, subscription = result.parcel, result.subscription
    show = button("Show", f"status {parcel.short_id}")
    facts = f"{details(parcel, subscription)}): {state(parcel)}."
    if result.already:
        added = f"since {when(subscription.added_at, '{date_short_pretty}')}, added by {person(subscription.added_by)}"
        return ask(f"Already followed here as *{label(subscription)}* {added} ({facts} No quota used.", show)
    cost = "1 of the quota used." if result.spent else "No quota used."
    wait = "" if parcel.seen_by_carrier else f" {latest(parcel)}"
    wait += " I keep looking." if parcel.status is Status.NOT_FOUND and wait else ""
    return ask(f"Added *{label(subscription)}* ({facts} {cost}{wait}", show)


def added_many(
    lines: Sequence[str],
    *,
    added: int,
    repeats: int,
    left_out: Sequence[str],
    why: str,
    open_questions: Sequence[tuple[str, str]],
) -> Message:
    """Say what became of each of several numbers, which were not tried and why, and which wait for an answer."""
    head = f"Added {count(added, 'parcel')}."
    if repeats:
        head += f" {_upper(count(repeats, 'repeat'))} left out."
    rows = [head, *lines]
    if left_out:
        rows.append(f"⛔ {sentence(why)} Not added: {', '.join(f'`{escape(one, 64)}`' for one in left_out)}")
    questions = [button(f"Choose for {number}", words) for number, words in open_questions[:CHOICES]]
    groups = ["\n".join(rows[at : at + LINES]) for at in range(0, len(rows), LINES)]
    blocks: list[Block] = [section(group) for group in groups]
    if questions:
        blocks.append(actions(*questions))
    return Message(text=shorten("\n".join(rows)).replace("\n", " · "), blocks=blocks)


def result_line(number: str, came_to: Followed | BotError | str) -> str:
    """Return one number's result on a line of its own."""
    name = f"`{escape(number, 64)}`"
    if isinstance(came_to, Followed):
        words = f"already here as *{label(came_to.subscription)}*" if came_to.already else "added"
        return f"{'☑️' if came_to.already else '✅'} {name} {words} · {details(came_to.parcel, came_to.subscription)}"
    return f"⚠️ {name} not added: {sentence(str(came_to))}"


def marked(result: Acted, now: datetime) -> Message:
    """Say that a mark stands, or who had set it before."""
    name, mark = label(result.subscription), result.parcel.mark
    undo = button("Return to carrier status", f"restore {result.parcel.short_id}")
    if result.already and mark:
        marked_at = since(now - mark.at)
        return ask(f"*{name}* was already marked by {person(mark.by)} {marked_at}. Nothing was changed.", undo)
    return ask(f"*{name}*: {state(result.parcel)}. {beside_the_mark(result.parcel)}. Both are shown on the card.", undo)


def restored(result: Acted) -> Message:
    """Say that the carrier's own status is back."""
    return ask(f"*{label(result.subscription)}* shows the carrier's status again: {state(result.parcel)}.")


def returned_is_said_by_carriers(here: Here) -> Message:
    """Explain that nobody can mark a parcel as returned, and offer what can be done."""
    return ask(
        f"Only the carrier can say that *{label(here.subscription)}* was returned; I show it when it does. "
        "Nothing was changed. You can mark it as an exception.",
        button("Exception", f"mark exception {here.parcel.short_id} note:returned"),
    )


def refreshed(result: Refreshed) -> Message:
    """Say what a look came to, or when the next one is possible."""
    name, carrier = f"*{label(result.subscription)}*", carrier_name(result.parcel.key.carrier)
    if result.looked_ago is not None:
        wait = duration(LOOK_AGAIN_AFTER - result.looked_ago)
        return ask(
            f"{name}: {carrier} was asked {since(result.looked_ago)} and can be asked again in {wait}. "
            f"Still: {state(result.parcel)}."
        )
    news = "has news" if result.changed else "has nothing new"
    return ask(f"{carrier} {news} of {name}: {state(result.parcel)}. {latest(result.parcel)}")


def archived(result: Acted) -> Message:
    """Say that a parcel is in this channel's archive, with the way back."""
    back = button("Unarchive", f"unarchive {result.parcel.short_id}")
    name = f"*{label(result.subscription)}*"
    if result.already:
        by = person(result.subscription.archived_by)
        return ask(f"{name} was already archived here, by {by}. Nothing was changed.", back)
    return ask(f"{name} is archived: this channel hears no more of it.", back)


def unarchived(result: Acted) -> Message:
    """Say that a parcel is followed here again."""
    again, cost = ("already followed here", "") if result.already else ("followed here again", " No quota used.")
    return ask(f"*{label(result.subscription)}* is {again}: {state(result.parcel)}.{cost}")


def deleted(here: Here) -> Message:
    """Say that a parcel is gone for everybody."""
    return ask(f"*{label(here.subscription)}* ({details(here.parcel, here.subscription)}) is deleted for everybody.")


def quota(left: int, most: int, health: Health) -> Message:
    """Say what the account has left, and how the rounds are doing."""
    low = left < LOW or left * 10 < most
    head = f"{'⚠️ ' if low else ''}*{left:,}* left of the tracking quota{': that is low' if low else ''}."
    return ask(f"{head} A new parcel uses 1; reading, marking and archiving are free.\n{rounds(health)}")


def rounds(health: Health) -> str:
    """Return when all parcels were last checked, and since when and why that fails."""
    last = f"Last checked {ago(health.last_round_at)}." if health.last_round_at else "Not checked yet."
    if health.failing_since and health.trouble == str(ProviderUnavailable()):
        last = f"{last} " if health.overdue else ""
        away = f"The tracking service has not answered since {when(health.failing_since)}."
        return f"⚠️ {last}{away} News may be late; nothing is lost."
    if health.failing_since:
        is_theirs = health.trouble.startswith("The tracking service")
        why = f": {sentence(health.trouble.partition('.')[0])}" if is_theirs else ""
        return f"⚠️ {last} Checking fails since {when(health.failing_since)}{why}; news may be late, nothing is lost."
    return f"⚠️ {last} That is longer ago than usual; news may be late, nothing is lost." if health.overdue else last


def sorry(error: BotError, command: str, *, again: str = "") -> Message:
    """Say what went wrong in the error's own sentence, with the one way on as a button; `again` is what was asked."""
    text = _VERB.sub(rf"`{command} ", sentence(str(error)))
    match error:
        case ArchivedHere():
            return ask(text, button("Unarchive", f"unarchive {error.parcel.short_id}"))
        case NothingToRestore():
            return ask(text)
        case NoTrackingNumber():
            return ask(text, button("Help", "help add"))
        case NoNumber() | NotFollowed():
            return ask(text, button("List", "list"))
        case CommandNotUnderstood():
            return ask(text, button("Help", "help"))
        case QuotaSpent():
            return ask(text, button("Quota", "quota"))
        case ProviderUnavailable() | MessengerError() | NotHere():
            text = _SLACK_AWAY if isinstance(error, MessengerError) else text
            return ask(text, *([button("Try again", again)] if again and len(again) < _RETRY_MAX else []))
    return ask(text or f"That did not work. Nothing was changed; `{command} help` shows what I know.")


def our_fault(reference: str) -> Message:
    """Say that we failed, with what finds the reason in the log; nothing else of it is shown."""
    return ask(
        "Something went wrong here, and it is my fault. What you asked for may not be done: look before you try again. "
        f"If it happens twice, tell whoever runs me this reference: `{reference}`.",
        button("List", "list"),
    )


def not_a_verb(text: str, command: str, *, nearest: Sequence[str] = (), numbers: bool = False) -> Message:
    """Say that we do not know what was typed, and what it may have meant."""
    word = escape(text.split(maxsplit=1)[0], 40) if text.split() else ""
    if numbers:
        return ask(
            f"That looks like a tracking number. Nothing was changed; `{command} add {word}` follows it.",
            button("Add it", f"add {text}"),
        )
    meant = f"Did you mean *{nearest[0]}*?" if nearest else f"`{command} help` shows what I know."
    return ask(f"I do not know `{word}`. {meant} Nothing was changed.", button("Help", "help"))


def sentence(text: str) -> str:
    """Return an error's sentence safe for Slack. Its own code spans and bold words stay; no token survives."""
    return plain(text, 900).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_SLACK_AWAY = "Slack did not take my message. Nothing was changed; please try again in a minute."
_RETRY_MAX = 2000
NAMES = "add|status|list|refresh|mark|restore|archive|unarchive|subscribe|quota|delete|help"
# What somebody typed is quoted after "matches" and "list": it stays as it was, even when it is a verb.
_VERB = re.compile(rf"(?<!matches )(?<!can't list )`(?=(?:{NAMES})[ `])")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
