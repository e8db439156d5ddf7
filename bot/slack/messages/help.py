"""Help: every verb with an example, one verb in full, and the events that can be told."""

from collections.abc import Sequence

from bot.domain.status import Event, Preset
from bot.slack.blocks import context, escape, section
from bot.slack.command import Command
from bot.slack.exchange import Message
from bot.slack.messages.channel import EVENT_WORDS
from bot.slack.messages.words import listed

OPTIONS = {
    "add": (
        '`"title"`: what people call the parcel',
        "`order:1042`: your order number, which finds it again",
        "`postcode:75011`: where it goes, for carriers that show nothing without it",
        "`carrier:dhl`: who carries it, when its number does not tell",
        "`for:@person`: who hears of it when it comes",
        "`to:DE`: the country it goes to",
        "`shipped:2026-11-24`: the day it was sent",
    ),
}


def help_all(commands: Sequence[Command], command: str, *, unknown: str = "") -> Message:
    """Show each verb on one line with an example; first, the word that is no verb."""
    lines = [f"I do not know `{escape(unknown, 40)}`."] if unknown else []
    lines += [f"`{command} {one.example}` – {one.summary[:1].lower()}{one.summary[1:].rstrip('.')}" for one in commands]
    foot = (
        f"A parcel is named by its short id (`P-142`), number, last four characters, title, order or `last`. "
        f"`{command} help add` says more of a verb, `{command} help events` of what is told. "
        "Commands do not run inside threads: use the buttons there."
    )
    return Message(text=" · ".join([*lines, foot]), blocks=[section("\n".join(lines)), context(foot)])


def help_verb(one: Command, command: str) -> Message:
    """Show how one verb is written."""
    also = f"\nAlso: {', '.join(f'`{alias}`' for alias in one.aliases)}" if one.aliases else ""
    options = "".join(f"\n{option}" for option in OPTIONS.get(one.name, ()))
    text = f"`{command} {one.usage}`\n{one.summary}{options}\nExample: `{command} {one.example}`{also}"
    return Message(text=text.replace("\n", " · "), blocks=[section(text)])


def help_events(command: str) -> Message:
    """Show what each preset tells; each tells all that the one before does."""
    lines, before, told = [], "", frozenset[Event]()
    for preset in Preset:
        more = [words for event, words in EVENT_WORDS.items() if event in preset.events - told]
        lines.append(f"*{preset}*: {before}{listed(more)}")
        before, told = f"{preset}, and also ", preset.events
    foot = (
        f"`{command} subscribe quiet`, `essentials` (the default) or `everything`; what people do is always told. "
        "`aloud:important`, `all` or `none` says what is shown in the channel too, not only in the thread."
    )
    return Message(text=" · ".join([*lines, foot]), blocks=[section("\n".join(lines)), context(foot)])
