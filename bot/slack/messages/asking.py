"""Questions: what only the asker can know. Each answer is a button, and nothing is spent before it is pressed."""

from collections.abc import Callable, Sequence

from bot.domain.carriers import Carrier
from bot.services.results import Here
from bot.slack.blocks import VALUE_MAX, Block, Element, actions, button, confirm, escape, section
from bot.slack.exchange import Message
from bot.slack.messages.words import count, details, label, listed, state

CHOICES = 10
"""A question has at most this many buttons; who needs another answer types it."""


def ask(text: str, *elements: Element) -> Message:
    """Return a text with buttons below it; on a lock screen its lines stand side by side."""
    blocks: list[Block] = [section(text)]
    if elements:
        blocks.append(actions(*elements))
    return Message(text=text.replace("\n", " · "), blocks=blocks)


def carrier_choice(
    number: str, carriers: Sequence[Carrier], typed: str, command: str, *, looked_up: bool = False
) -> Message:
    """Ask which of several carriers has the number; `typed` is the command so far."""
    names = [f"*{escape(one.name, 60)}*" for one in carriers[:CHOICES]]
    fits = f"fits {listed(names)}. Which one carries it?"
    if len(names) == 1:
        fits = f"looks like {names[0]}, but I am not sure. Is it?"
    spent = "; looking it up used 0.2 of the quota" if looked_up else " or spent"
    return ask(
        f"`{escape(number, 64)}` {fits} Nothing was added{spent}. "
        f"If it is another: `{command} add {escape(number, 64)} carrier:NAME`.",
        *(button(one.name, f"{typed} carrier:{one.code}") for one in carriers[:CHOICES]),
    )


def carrier_unknown(
    number: str, word: str, nearest: Sequence[Carrier], typed: str, command: str, *, looked_up: bool = False
) -> Message:
    """Ask for the carrier by name, with the nearest names and, before it was asked, what asking the provider costs."""
    if word:
        why = f"I have no carrier called `{escape(word, 40)}`, so nothing was added."
        why += f" Did you mean {' or '.join(f'*{escape(one.name, 60)}*' for one in nearest)}?" if nearest else ""
    else:
        why = f"I can't tell which carrier `{escape(number, 64)}` belongs to, so nothing was added."
    name_it = f"Name it: `{command} add {number} carrier:dhl`."
    if looked_up:
        return ask(f"{why} The tracking service can't tell, either. {name_it}")
    return ask(
        f"{why} {name_it} The tracking service can look it up, too, for 0.2 of the quota: if it names one carrier, "
        "I add the parcel.",
        *(button(one.name, f"{typed} carrier:{one.code}") for one in nearest),
        button("Look it up (0.2 of the quota)", f"{typed} detect:yes"),
    )


def check_digit_doubt(number: str, fault: str, typed: str) -> Message:
    """Say that a number looks mistyped before anything is spent on it."""
    _, is_digit, rest = fault.partition("the check digit is wrong for ")
    whose, why = escape(rest.partition(";")[0]), escape(fault)
    what = f" does not add up for {whose}: a digit may be mistyped" if is_digit else f": {why}"
    return ask(
        f"`{escape(number, 64)}`{what}. Nothing was added. Check the label, or track it anyway (1 of the quota).",
        button("Track it anyway", f"{typed} anyway:yes"),
    )


def postcode_wanted(number: str, carrier: Carrier, typed: str, command: str) -> Message:
    """Ask for the postcode that a carrier wants before it shows anything."""
    name = escape(carrier.name, 60)
    return ask(
        f"{name} shows nothing without the postcode the parcel goes to, so nothing was added yet. "
        f"Type it: `{command} add {number} carrier:{carrier.code} postcode:75011`.",
        button("Skip", f"{typed} carrier:{carrier.code} postcode:-"),
    )


def many_at_once(number_count: int, typed: str, limit: int) -> Message:
    """Ask before many numbers are spent on at once; a list too long for a button is sent in groups."""
    what = f"Those are {count(number_count, 'number')}; adding them uses up to {number_count} of the quota."
    if len(typed) > VALUE_MAX:
        return ask(f"{what} Nothing was added. Please send them in groups of at most {limit}.")
    sure = confirm(f"Add {number_count} parcels?", f"This uses up to {number_count} of the quota.", yes="Add them")
    return ask(f"{what} Nothing was added yet.", button(f"Add all {number_count}", typed, confirm=sure))


def pick(reference: str, found: Sequence[Here], say: Callable[[str], str]) -> Message:
    """Ask which of several parcels is meant; `say` makes the command about one of them."""
    lines = [
        f"*{label(one.subscription)}* · {details(one.parcel, one.subscription)} · {state(one.parcel)}"
        for one in found[:CHOICES]
    ]
    more = f"\n…and {len(found) - CHOICES} more: name it by its short id." if len(found) > CHOICES else ""
    return Message(
        text=f"“{escape(reference, 64)}” fits {len(found)} parcels. Nothing was changed; which one?",
        blocks=[
            section(f"“{escape(reference, 64)}” fits {len(found)} parcels. Nothing was changed; which one?"),
            section("\n".join(lines) + more),
            actions(
                *(
                    button(f"{one.parcel.short_id} {one.subscription.label}", say(one.parcel.short_id))
                    for one in found[:CHOICES]
                )
            ),
        ],
    )


def delete_sure(here: Here) -> Message:
    """Ask before a parcel is removed for everybody: the one act that cannot be undone."""
    text = (
        f"Delete *{label(here.subscription)}* ({details(here.parcel, here.subscription)}) for everybody? It disappears "
        "from every channel that follows it. Its history is lost, and adding it again may use 1 of the quota. "
        "To end it in this channel only, archive it. Nothing was changed yet."
    )
    sure = confirm(
        "Delete it for everybody?",
        f"{here.subscription.label} and its history cannot be brought back.",
        yes="Delete it",
        danger=True,
    )
    return ask(
        text,
        button("Delete for everybody", f"delete {here.parcel.short_id} sure", style="danger", confirm=sure),
        button("Archive here", f"archive {here.parcel.short_id}"),
    )
