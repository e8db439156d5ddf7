"""Which parcels a reference means: short id, number, tail, title, order or `last`."""

import re
from collections.abc import Callable, Sequence

from bot.domain.parcel import Parcel, Subscription

Pair = tuple[Parcel, Subscription]
TAIL = 4
"""A tail of a number has at least this many characters."""
_SHORT_ID = re.compile(r"p-\d+")
_NOT_A_CHARACTER_OF_NUMBERS = re.compile(r"[^0-9A-Z]")


def matches(reference: str, pairs: Sequence[Pair]) -> frozenset[str]:
    """Return the ids of the subscriptions that the reference means; several when it is not unique.

    The exact meaning wins over the loose one: short id, number, order, title, tail, part of a title. A short id means
    nothing else, since a button of an old card must not act on another parcel.
    """
    words = reference.strip().strip('"').strip()
    if not words:
        return frozenset()
    if words.casefold() == "last":
        newest = max((pair for pair in pairs if pair[1].active), key=lambda pair: pair[1].added_at, default=None)
        return frozenset({newest[1].id}) if newest else frozenset()
    folded = words.casefold()
    order = folded[len("order:") :].strip() if folded.startswith(("order:", "order=")) else folded
    number = _NOT_A_CHARACTER_OF_NUMBERS.sub("", words.upper())
    if _SHORT_ID.fullmatch(folded):
        return frozenset(pair[1].id for pair in pairs if pair[0].short_id.casefold() == folded)
    meanings: list[Callable[[Pair], bool]] = [
        lambda pair: _plain(pair[0].key.number) == number and bool(number),
        lambda pair: bool(pair[1].order) and pair[1].order.casefold().lstrip("#") == order.lstrip("#"),
        lambda pair: bool(pair[1].title) and pair[1].title.casefold() == folded,
        lambda pair: len(number) >= TAIL and _plain(pair[0].key.number).endswith(number),
        lambda pair: len(folded) >= TAIL and folded in pair[1].title.casefold(),
    ]
    for means in meanings:
        found = frozenset(pair[1].id for pair in pairs if means(pair))
        if found:
            return found
    return frozenset()


def _plain(number: str) -> str:
    return _NOT_A_CHARACTER_OF_NUMBERS.sub("", number.upper())
