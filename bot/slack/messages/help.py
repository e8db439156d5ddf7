"""Help: every verb with an example, one verb in full, and the events that can be told."""

from collections.abc import Sequence

from bot.domain.status import Preset
from bot.slack.blocks import context, section
from bot.slack.command import Command
from bot.slack.exchange import Message
from bot.slack.messages.channel import EVENT_WORDS


def help_all(commands: Sequence[Command], command: str) -> Message:
    """Show each verb on one line with an example."""
    lines = [f"`{command} {one.example}` {one.summary}" for one in commands]
    foot = (
        f"A parcel is named by its short id (`P-142`), number, last four characters, title, order or `last`. "
        f"`{command} help add` says more of a verb, `{command} help events` of what is told. "
        "Commands do not run inside threads: use the buttons there."
    )
    return Message(text=" · ".join([*lines, foot]), blocks=[section("\n".join(lines)), context(foot)])


def help_verb(one: Command, command: str) -> Message:
    """Show how one verb is written."""
    also = f"\nAlso: {', '.join(f'`{alias}`' for alias in one.aliases)}" if one.aliases else ""
    text = f"`{command} {one.usage}`\n{one.summary}\nExample: `{command} {one.example}`{also}"
    return Message(text=text.replace("\n", " · "), blocks=[section(text)])


def help_events(command: str) -> Message:
    """Show every event and the presets that tell it."""
    lines = []
    for event, words in EVENT_WORDS.items():
        meaning = "" if words == event else f" ({words})"
        lines.append(f"`{event}`{meaning}: {', '.join(preset for preset in Preset if event in preset.events)}")
    foot = (
        f"`{command} subscribe quiet`, `essentials` (the default) or `everything`; what people do is always told. "
        "`aloud:important`, `all` or `none` says what is shown in the channel too, not only in the thread."
    )
    return Message(text=" · ".join([*lines, foot]), blocks=[section("\n".join(lines)), context(foot)])
