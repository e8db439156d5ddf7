"""What a channel hears of: the first message in it, its rules, and trouble that stops the news."""

from bot.domain.parcel import ChannelSettings
from bot.domain.records import Notice, Trouble
from bot.domain.status import Aloud, Event, Preset
from bot.slack.blocks import button, escape, person
from bot.slack.exchange import Message
from bot.slack.messages.asking import ask
from bot.slack.messages.words import channel

EVENT_WORDS = {
    Event.ADDED: "a parcel is followed here",
    Event.MOVING: "any scan",
    Event.CUSTOMS: "customs",
    Event.OUT: "out for delivery",
    Event.COLLECT: "ready to collect",
    Event.ATTEMPT: "delivery attempt failed",
    Event.PROBLEM: "problem",
    Event.RETURNED: "returning to sender",
    Event.DELIVERED: "delivered",
    Event.REVERSED: "no longer delivered",
    Event.STALLED: "no movement for ten days",
    Event.UNMOVED: "no scan within five days",
}
"""The events that people choose by preset, in the order of a journey."""
_ALOUD_WORDS = {
    Aloud.IMPORTANT: "problems, returns, reversals and deliveries are shown in the channel too",
    Aloud.ALL: "all of it is shown in the channel too",
    Aloud.NONE: "nothing of it is shown in the channel itself",
}


def introduction(settings: ChannelSettings, *, by: str, command: str) -> Message:
    """Say once, first, what will be posted here and who asked for it."""
    return ask(
        f"Hello. {person(by)} asked me to follow parcels here. Each parcel gets one card, which I redraw; its news "
        f"goes into the thread of the card. {rules(settings)} `{command} help` shows the rest.",
        button("Only problems", "subscribe quiet"),
        button("Everything", "subscribe everything"),
    )


def rules(settings: ChannelSettings) -> str:
    """Return the whole rule set of a channel in two sentences."""
    told = ", ".join(words for event, words in EVENT_WORDS.items() if event in settings.preset.events)
    return f"I tell (*{settings.preset}*): {told}. Of that, {_ALOUD_WORDS[settings.aloud]} (`aloud:{settings.aloud}`)."


def subscription_now(settings: ChannelSettings, command: str) -> Message:
    """Say what this channel hears of, who set it, and how to change it."""
    maker = f" Set by {person(settings.set_by)}." if settings.set_by else " Nobody changed it yet."
    others = [preset for preset in Preset if preset is not settings.preset]
    return ask(
        f"{rules(settings)}{maker} Change it: `{command} subscribe quiet`, `essentials` or `everything`, with "
        "`aloud:important`, `all` or `none`.",
        *(button(preset.capitalize(), f"subscribe {preset}") for preset in others),
    )


def subscription_changed(settings: ChannelSettings, *, by: str) -> Message:
    """Tell the channel who changed what it hears of, and the whole result."""
    return Message(text=f"{person(by)} changed what this channel hears of. {rules(settings)}")


def notice(trouble: Notice, command: str) -> Message:
    """Tell one person of trouble that stops the news, and what they can do."""
    where = channel(trouble.place) if trouble.place else "a channel"
    detail = f" ({escape(trouble.detail, 100)})" if trouble.detail else ""
    texts = {
        Trouble.KEY_REFUSED: "The tracking service refuses our key, so no news comes in. "
        "Nothing is lost; put a valid `TRACKINGMORE_API_KEY` in place and start me again.",
        Trouble.QUOTA_SPENT: "The tracking quota is used up, so no parcel can be added. "
        "Those already followed go on; top it up at the tracking service.",
        Trouble.LOOKS_COST: "Asking a carrier anew used up quota, which it should not. I no longer do so by myself "
        "until I am started again; people can still press *Refresh*.",
        Trouble.PROVIDER_AWAY: "The tracking service does not answer. News may be late; nothing is lost.",
        Trouble.STORE: "I cannot write to my data folder, so I take no commands. Is the disk full?",
        Trouble.PLACE_GONE: f"I can no longer post in {where}, where you added a parcel. Its news waits three days. "
        f"Invite me again (`/invite @waybill`), or follow the parcel elsewhere with `{command} add`.",
    }
    return Message(text=f"{texts[trouble.trouble]}{detail}")
