"""What a channel hears of: the first message in it, its rules, and trouble that stops the news."""

from bot.domain.parcel import ChannelSettings
from bot.domain.records import Notice, Trouble
from bot.domain.status import Event, Preset
from bot.slack.blocks import button, escape, person
from bot.slack.exchange import Message
from bot.slack.messages.asking import ask
from bot.slack.messages.words import channel, listed

EVENT_WORDS = {
    Event.PROBLEM: "problems",
    Event.ATTEMPT: "failed attempts",
    Event.RETURNED: "returns",
    Event.REVERSED: "reversals",
    Event.STALLED: "standstills",
    Event.OUT: "out for delivery",
    Event.COLLECT: "ready to collect",
    Event.DELIVERED: "deliveries",
    Event.ADDED: "new parcels",
    Event.MOVING: "each scan",
    Event.CUSTOMS: "customs",
    Event.UNMOVED: "five days without a first scan",
}
"""The events that people choose by preset, the most urgent first."""


def introduction(settings: ChannelSettings, *, by: str, command: str) -> Message:
    """Say once, first, what will be posted here and who asked for it."""
    return ask(
        f"Hello. {person(by)} asked me to follow parcels here. Each parcel gets one card, which I redraw; its news "
        f"goes into the thread of the card. {rules(settings)} `{command} help` shows the rest.",
        button("Only problems", "subscribe quiet"),
        button("Everything", "subscribe everything"),
    )


def rules(settings: ChannelSettings) -> str:
    """Return in a sentence what a channel hears of, and where."""
    told = {event: words for event, words in EVENT_WORDS.items() if event in settings.preset.events}
    shown = [words for event, words in told.items() if settings.aloud.shows(event)]
    aloud = "all of it" if len(shown) == len(told) else listed(shown)
    here = f"{aloud} also here in the channel" if aloud else "nothing here in the channel itself"
    return f"You hear of {listed(list(told.values()))}, in each card's thread; {here}."


def _chosen(settings: ChannelSettings) -> str:
    return f"*{settings.preset}*, `aloud:{settings.aloud}`"


def subscription_now(settings: ChannelSettings, command: str) -> Message:
    """Say what this channel hears of, who set it, and how to change it."""
    maker = f" Set by {person(settings.set_by)}." if settings.set_by else " Nobody changed it yet."
    others = [preset for preset in Preset if preset is not settings.preset]
    return ask(
        f"{_chosen(settings)}. {rules(settings)}{maker} Change it: `{command} subscribe quiet`, "
        "`essentials` or `everything`, with `aloud:important`, `all` or `none`.",
        *(button(preset.capitalize(), f"subscribe {preset}") for preset in others),
    )


def subscription_changed(settings: ChannelSettings, *, by: str) -> Message:
    """Tell the channel who changed what it hears of, and the whole result."""
    return Message(text=f"{person(by)} changed what this channel hears of: {_chosen(settings)}. {rules(settings)}")


def notice(trouble: Notice, command: str) -> Message:
    """Tell one person of trouble that stops the news, and what they can do."""
    where = channel(trouble.place) if trouble.place else "a channel"
    detail = f" ({escape(trouble.detail)})" if trouble.detail else ""
    texts = {
        Trouble.KEY_REFUSED: "The tracking service refuses our key, so no news comes in. "
        "Nothing is lost; put a valid `TRACKINGMORE_API_KEY` in place and start me again. "
        f"If the key is right after all, `{command} quota` tries it anew.",
        Trouble.QUOTA_SPENT: "The tracking quota is used up, so no parcel can be added. "
        "Those already followed go on; top it up at the tracking service.",
        Trouble.LOOKS_COST: "Asking a carrier anew used up quota, which it should not. I no longer do so by myself; "
        "people can still press *Refresh*. Another number in `WAYBILL_REALTIME_PER_DAY` makes me try again.",
        Trouble.PROVIDER_AWAY: "The tracking service does not answer. News may be late; nothing is lost.",
        Trouble.STORE: "I cannot write to my data folder, so I take no commands. Is the disk full?",
        Trouble.STORE_MENDED: "What I had stored was damaged when I started. I mended it and go on.",
        Trouble.STORE_NOT_KEPT: "My data folder goes when this machine or container does, and all that is followed "
        "with it. Put `WAYBILL_DATA` on a volume that is kept.",
        Trouble.PLACE_GONE: f"I can no longer post in {where}, where you added a parcel. Its news waits three days. "
        f"Invite me again (`/invite @waybill`), or follow the parcel elsewhere with `{command} add`.",
        Trouble.UNDELIVERABLE: f"Slack would not take news of a parcel of yours in {where} for three days, so I gave "
        f"it up. Nothing else is missing; `{command} status` there shows how things stand.",
    }
    return Message(text=f"{texts[trouble.trouble]}{detail}")
