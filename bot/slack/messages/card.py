"""The card: the one message that shows a parcel in a channel, redrawn at each change."""

from bot.domain.parcel import Parcel, Subscription
from bot.domain.status import Status
from bot.slack.blocks import Block, Element, actions, button, confirm, context, escape, overflow, person, section, when
from bot.slack.exchange import Message
from bot.slack.messages.words import carrier_name, carriers_own, details, is_gone, label, scan, state


def parcel_card(parcel: Parcel, subscription: Subscription) -> Message:
    """Show where a parcel stands, with what can be done about it."""
    if parcel.removed_at:
        return _one_line(f"🗑️ Deleted: {label(subscription)} · {details(parcel, subscription)}")
    if not subscription.active:
        line = f"🗄️ Archived by {person(subscription.archived_by)}: {label(subscription)}"
        return _one_line(
            f"{line} · {details(parcel, subscription)} · {state(parcel)}",
            button("Unarchive", f"unarchive {parcel.short_id}"),
        )
    head = f"*{state(parcel)}* · {label(subscription)}"
    facts = details(parcel, subscription)
    notes = (beside_the_mark(parcel), gone(parcel))
    newest = latest(parcel) if parcel.newest or not parcel.mark else ""  # a mark has the carrier's status beside it
    return Message(
        text=" · ".join(filter(None, (state(parcel), label(subscription), facts, *notes, newest))),
        blocks=[
            section("\n".join(filter(None, (head, facts, *notes)))),
            context(newest, f"Added by {person(subscription.added_by)} · {age(parcel)}"),
            actions(*_gone_buttons(parcel) if is_gone(parcel) else buttons(parcel)),
        ],
    )


def buttons(parcel: Parcel) -> list[Element]:
    """Return what can be done about a parcel that is followed here."""
    name = parcel.short_id
    return [
        button("Delivered", f"mark delivered {name}"),
        button("Exception", f"mark exception {name}"),
        button("Return to carrier status", f"restore {name}"),
        button("Refresh", f"refresh {name}"),
        button("Archive", f"archive {name}"),
        overflow([("Timeline", f"status {name}"), ("Delete for everybody…", f"delete {name}")]),
    ]


def _gone_buttons(parcel: Parcel) -> list[Element]:
    again = confirm(
        "Add it again?",
        "The tracking service follows it anew. That may use 1 of the tracking quota.",
        yes="Add it again",
    )
    return [
        button("Add again", f"add {parcel.key.number} carrier:{parcel.key.carrier}", confirm=again),
        button("Archive", f"archive {parcel.short_id}"),
    ]


def beside_the_mark(parcel: Parcel) -> str:
    """Return what the carrier says while people say something else, and what they noted."""
    if parcel.mark is None:
        return ""
    note = f" · “{escape(parcel.mark.note)}”" if parcel.mark.note else ""
    return f"{carrier_name(parcel.key.carrier)} says: {carriers_own(parcel)}{note}"


def gone(parcel: Parcel) -> str:
    """Return that the provider no longer has the parcel, if it is so."""
    if not is_gone(parcel):
        return ""
    return "⚠️ The tracking service no longer has this parcel. What you see is the last it said."


def latest(parcel: Parcel) -> str:
    """Return the newest checkpoint on one line, or why there is none."""
    if parcel.newest:
        return scan(parcel.newest, parcel)
    if parcel.status is Status.PENDING:
        return f"The tracking service has not asked {carrier_name(parcel.key.carrier)} yet."
    if parcel.status is Status.NOT_FOUND:
        return "No carrier news yet. That is normal for up to 48 h after the label was printed."
    return "The carrier gives no details."


def age(parcel: Parcel) -> str:
    """Return how old this is: when we last read it, in the reader's own zone."""
    return f"as of {when(parcel.observed_at)}" if parcel.observed_at else "not looked at yet"


def _one_line(line: str, *elements: Element) -> Message:
    blocks: list[Block] = [section(line)]
    if elements:
        blocks.append(actions(*elements))
    return Message(text=line, blocks=blocks)
