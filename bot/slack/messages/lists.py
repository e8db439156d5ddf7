"""What a channel follows: the menu, the channel on one screen, the list by pages, and one parcel's timeline."""

from collections.abc import Sequence
from enum import Enum

from bot.domain.parcel import Parcel
from bot.domain.status import Event, Status, event_of
from bot.services.results import Here
from bot.services.sweep import Health
from bot.slack.blocks import Block, actions, button, context, divider, escape, person, section, when
from bot.slack.exchange import Message
from bot.slack.messages.answers import rounds
from bot.slack.messages.asking import ask
from bot.slack.messages.card import beside_the_mark, buttons, gone, latest
from bot.slack.messages.words import count, details, is_gone, label, local_time, state

PAGE = 8
LINES = 20
SHORT = 5
"""So many parcels of a group are named on one screen."""


class Group(Enum):
    """What parcels have in common for people who look at many, the most urgent first."""

    NEEDS_A_PERSON = "⚠️ Needs a person"
    OUT = "📬 Out today or to collect"
    MOVING = "🚚 Moving"
    WAITING = "🕓 Waiting for the first scan"
    DELIVERED = "✅ Delivered"
    ARCHIVED = "🗄️ Archived"


GROUP_WORDS = {
    "problem": Group.NEEDS_A_PERSON,
    "problems": Group.NEEDS_A_PERSON,
    "attention": Group.NEEDS_A_PERSON,
    "exception": Group.NEEDS_A_PERSON,
    "out": Group.OUT,
    "today": Group.OUT,
    "collect": Group.OUT,
    "pickup": Group.OUT,
    "moving": Group.MOVING,
    "transit": Group.MOVING,
    "waiting": Group.WAITING,
    "pending": Group.WAITING,
    "delivered": Group.DELIVERED,
    "archived": Group.ARCHIVED,
}
_NOBODY = {
    Group.NEEDS_A_PERSON: "No parcel here has a problem.",
    Group.OUT: "No parcel here is out for delivery or to collect.",
    Group.MOVING: "No parcel here is moving.",
    Group.WAITING: "No parcel here waits for its first scan.",
    Group.DELIVERED: "No parcel here is delivered.",
    Group.ARCHIVED: "The archive is empty.",
}


def group_of(here: Here) -> Group:
    """Return the group in which people look for this parcel."""
    parcel = here.parcel
    if not here.subscription.active:
        return Group.ARCHIVED
    if is_gone(parcel) or parcel.shown_status in {Status.EXCEPTION, Status.UNDELIVERED, Status.EXPIRED}:
        return Group.NEEDS_A_PERSON
    match parcel.shown_status:
        case Status.DELIVERED:
            return Group.DELIVERED
        case _ if parcel.stall_told:
            return Group.NEEDS_A_PERSON
        case Status.PICKUP:
            return Group.OUT
        case Status.PENDING | Status.NOT_FOUND:
            return Group.WAITING
        case _:
            return Group.MOVING


def menu(everything: Sequence[Here], health: Health, command: str) -> Message:
    """Say what `/track` alone says: how things stand, and the five ways on."""
    active = [one for one in everything if one.subscription.active]
    how = f"\n{rounds(health)}" if active or health.last_round_at or health.failing_since else ""
    threads = " Commands do not run inside threads: use the buttons there." if active else ""
    return ask(
        f"{_summary(active)}{how}\nFollow one: `{command} add 1Z…`.{threads}",
        button("Status", "status"),
        button("List", "list"),
        button("What is told here", "subscribe"),
        button("Quota", "quota"),
        button("Help", "help"),
    )


def channel_status(everything: Sequence[Here], health: Health, command: str) -> Message:
    """Show the channel on one screen: how many stand where, and those that want looking at by name."""
    active = [one for one in everything if one.subscription.active]
    if not active:
        return _nothing(command, archived=len(everything))
    blocks: list[Block] = [section(f"*{_summary(active)}*")]
    for group in (Group.NEEDS_A_PERSON, Group.OUT):
        members = [one for one in active if group_of(one) is group]
        if members:
            rest = f"\n…and {len(members) - SHORT} more" if len(members) > SHORT else ""
            blocks.append(section(f"*{group.value}*\n" + "\n".join(_row(one) for one in members[:SHORT]) + rest))
    if not any(group_of(one) is Group.NEEDS_A_PERSON for one in active):
        blocks.append(section("Nothing needs a person."))
    blocks += [context(rounds(health)), actions(button("List", "list"), button("Quota", "quota"))]
    return Message(text=f"{_summary(active)} {rounds(health)}", blocks=blocks)


def list_page(found: Sequence[Here], health: Health, *, words: str, page: int, command: str) -> Message:
    """Show a page of the list, grouped; `words` is the filter as typed, kept by Previous and Next."""
    if not found:
        return _nothing(command, words=words)
    order = list(Group)
    rows = sorted(found, key=lambda one: order.index(group_of(one)))
    pages = (len(rows) + PAGE - 1) // PAGE
    page = min(max(page, 1), pages)
    shown = rows[(page - 1) * PAGE : page * PAGE]
    kind = f" ({escape(words, 40)})" if words else ""
    head = f"{count(len(rows), 'parcel')} in this channel{kind}" + (f", page {page} of {pages}" if pages > 1 else "")
    blocks: list[Block] = [section(f"*{head}*")]
    for group in order:
        members = [one for one in shown if group_of(one) is group]
        if members:
            total = sum(group_of(one) is group for one in rows)
            blocks += [divider(), context(f"*{group.value}* · {total}")]
            blocks += [section(_row(one), accessory=button("Show", f"status {one.parcel.short_id}")) for one in members]
    blocks.append(context(rounds(health)))
    turns = [("Previous", page - 1)] * (page > 1) + [("Next", page + 1)] * (page < pages)
    if turns:
        blocks.append(actions(*(button(name, f"list {words} {to}".replace("  ", " ")) for name, to in turns)))
    names = (f"{state(one.parcel)} · {label(one.subscription)}" for one in shown)
    return Message(text=f"{head}: {'; '.join(names)}", blocks=blocks)


def timeline(here: Here, health: Health) -> Message:
    """Show one parcel: where it stands, its last twenty lines, how old all this is, and who added it."""
    parcel, subscription = here.parcel, here.subscription
    head = f"*{state(parcel)}* · {label(subscription)}"
    notes = filter(None, (beside_the_mark(parcel), gone(parcel)))
    lines = [
        " · ".join(
            filter(None, (local_time(one, parcel), escape(one.text) or "No description", escape(one.location, 100)))
        )
        for one in parcel.checkpoints[:LINES]
    ]
    earlier = f"\n…and {len(parcel.checkpoints) - LINES} earlier" if len(parcel.checkpoints) > LINES else ""
    checked, added = rounds(health), f"added by {person(subscription.added_by)}"
    is_well = not checked.startswith("⚠️")
    ways = buttons(parcel) if subscription.active else [button("Unarchive", f"unarchive {parcel.short_id}")]
    return Message(
        text=" · ".join((state(parcel), label(subscription), details(parcel, subscription), latest(parcel))),
        blocks=[
            section("\n".join((head, details(parcel, subscription), *notes))),
            section("\n".join(lines) + earlier if lines else latest(parcel)),
            context(
                "Times are local to the scan." if lines else "",
                " · ".join((_read(parcel), *([checked[:1].lower() + checked[1:].rstrip(".")] * is_well), added)),
                "" if subscription.active else f"Archived here by {person(subscription.archived_by)}",
                "" if is_well else checked,
            ),
            actions(*ways),
        ],
    )


def _read(parcel: Parcel) -> str:
    return f"Read {when(parcel.observed_at)}" if parcel.observed_at else "Not read yet"


def _row(here: Here) -> str:
    newest = here.parcel.newest
    moved = f" · {local_time(newest, here.parcel)} local" if newest else ""
    ended = " · no longer at the tracking service" if is_gone(here.parcel) else ""
    facts = details(here.parcel, here.subscription)
    return f"*{label(here.subscription)}* · {state(here.parcel)}{moved}{ended}\n{facts}"


def _summary(active: Sequence[Here]) -> str:
    groups = [group_of(one) for one in active]
    if not groups:
        return "Nothing is on its way in this channel."
    to_collect = sum(event_of(one.parcel.status, one.parcel.substatus) is Event.COLLECT for one in active)
    named = (
        (Group.NEEDS_A_PERSON, f"need{'s' * (groups.count(Group.NEEDS_A_PERSON) == 1)} a person"),
        (Group.OUT, f"out today or to collect ({to_collect} to collect)" if to_collect else "out today"),
        (Group.MOVING, "moving"),
        (Group.WAITING, "waiting for the first scan"),
        (Group.DELIVERED, "delivered"),
    )
    counts = [f"{groups.count(group)} {words}" for group, words in named if group in groups]
    return f"{count(len(active), 'parcel')} in this channel: {', '.join(counts)}."


def _nothing(command: str, *, words: str = "", archived: int = 0) -> Message:
    if words not in {"", "all"}:
        group = GROUP_WORDS.get(words)
        return ask(_NOBODY[group] if group else f"No parcel here is “{escape(words, 40)}”.", button("List", "list"))
    kept = f" {count(archived, 'parcel')} in the archive: `{command} list archived`." if archived else ""
    return ask(
        f'Nothing is on its way. Paste a number: `{command} add 1ZX000010300000016 "Blue mugs"`.{kept}',
        button("Help", "help"),
    )
