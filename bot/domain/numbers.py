"""Reading what people paste after `add`: tracking numbers, and the carrier, title and options around them.

The text is made plain and cut into words. Each word is looked at: does it, alone or joined with those after it, make a
number? Of what is left, a carrier's name before the first number is the carrier, and the rest is the title.
"""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.domain import carriers, formats
from bot.domain.errors import UserError
from bot.domain.found_numbers import (
    SEPARATORS,
    InvalidTrackingNumber,
    NumberShortened,
    NumberTooLong,
    PastedNumber,
    code_of,
    is_known_form,
    items_of,
    numbers_among,
)
from bot.domain.pasted_text import Word, normalise, take_options, unwrap, words

__all__ = [
    "InvalidTrackingNumber",
    "NoTrackingNumber",
    "NumberShortened",
    "NumberTooLong",
    "Pasted",
    "PastedNumber",
    "PastedTooMuch",
    "normalise",
    "read_number",
    "read_pasted",
]

LONGEST_PASTE = 1024 * 1024
MOST_WORDS = 10_000
MOST_NUMBERS = 2_000
LONGEST_TITLE = 200

_LONGEST_NAME = 5  # words in a carrier's name
_LONGEST_TYPO = 3  # the same, when it is misspelled: more words are a title
# What people write before a number although it says nothing: "UPS tracking number: 1Z…".
_FILLERS = re.compile(
    r"code|id|is|my|no|nr|numbers?|package|parcel|please|shipment|the|this|track|tracking|waybill", re.IGNORECASE
)


class NoTrackingNumber(UserError):
    """Nothing in the text is a tracking number."""

    def __init__(self) -> None:
        super().__init__(
            "I found no tracking number in that, so nothing was added. Paste the number itself, such as "
            '`add 1ZX000010300000016 "Blue mugs"`; `help add` shows more.'
        )


class PastedTooMuch(UserError):
    """The text is larger than what is read at once."""

    def __init__(self) -> None:
        super().__init__(
            f"I read {MOST_NUMBERS:,} numbers, {MOST_WORDS:,} words or 1 MiB at once, and that is more. "
            "Nothing was added; paste it in parts."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """What follows `add`, understood; `carrier_words` are as typed, and may be no carrier's name."""

    numbers: tuple[PastedNumber, ...]
    carrier_words: str | None = None
    title: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    repeats: int = 0


def read_pasted(text: str) -> Pasted:
    """Return the numbers in the text, with carrier, title and options.

    The options `title` and `carrier` become `title` and `carrier_words`. An option that names a person or a channel
    has their id for a value.

    Raises:
        NoTrackingNumber: there is none.
        InvalidTrackingNumber: one is too long, or shortened by a spreadsheet.
        PastedTooMuch: there is too much to read.
    """
    if len(text) > LONGEST_PASTE or len(text.encode(errors="replace")) > LONGEST_PASTE:
        raise PastedTooMuch
    unwrapped, mentions = unwrap(text, is_number=is_known_form)
    plain = normalise(unwrapped)
    typed = list(words(plain))
    if len(typed) + len(SEPARATORS.findall(plain)) > MOST_WORDS:
        raise PastedTooMuch
    left, options = take_options(typed, mentions)
    items = items_of(left)
    taken = numbers_among(items)
    if not taken:
        raise NoTrackingNumber
    found = [item for place in sorted(taken) if (item := items[place].found)]
    if len(found) > MOST_NUMBERS:
        raise PastedTooMuch
    first_of_each: dict[str, PastedNumber] = {}
    for one in found:
        first_of_each.setdefault(one.number, one)
    numbers = tuple(first_of_each.values())
    first = min(taken)
    named, title = _carrier_before([item.word for item in items[:first]])
    title += [item.word for place, item in enumerate(items) if place > first and place not in taken]
    named = options.pop("carrier", None) or named
    beside = [word for word in title if not word.quoted]
    if not named and beside and _is_carrier(beside, numbers):
        named, title = " ".join(word.text for word in beside), [word for word in title if word.quoted]
    shown = " ".join(filter(None, (options.pop("title", None), _joined(title)))).translate(mentions.labels)
    return Pasted(
        numbers=numbers,
        carrier_words=named,
        title=f"{shown[: LONGEST_TITLE - 1]}…" if len(shown) > LONGEST_TITLE else shown or None,
        options=MappingProxyType(options),
        repeats=len(found) - len(numbers),
    )


def read_number(text: str) -> str:
    """Return the one tracking number that the text is.

    Raises:
        NoTrackingNumber: it is none, or something stands beside it.
        InvalidTrackingNumber: it is too long, or shortened by a spreadsheet.
        PastedTooMuch: there is too much to read.
    """
    pasted = read_pasted(text)
    if len(pasted.numbers) > 1 or pasted.carrier_words or pasted.title or pasted.options:
        raise NoTrackingNumber
    return pasted.numbers[0].number


def _carrier_before(typed: list[Word]) -> tuple[str | None, list[Word]]:
    """Return the carrier's name among the words before the first number, and which of them belong to the title."""
    names = [word for word in typed if _has_letters(word)]
    others = [word for word in typed if not _has_letters(word) and word.text.strip(string.punctuation)]
    telling = [word for word in names if not _FILLERS.fullmatch(_name([word]))]
    if not telling:
        return None, others
    for candidates in (names, telling):
        for start in range(max(0, len(candidates) - _LONGEST_NAME), len(candidates)):
            those = candidates[start:]
            if telling[-1] in those and carriers.find_carrier(_name(those)):
                return _name(those), [word for word in telling if word not in those] + others
    if len(telling) == 1 or (len(telling) <= _LONGEST_TYPO and carriers.nearest_carriers(_name(telling))):
        return _name(telling), others
    return None, telling + others


def _has_letters(word: Word) -> bool:
    return any(char.isalpha() for char in code_of(word.text))


def _name(typed: list[Word]) -> str:
    return " ".join(word.text.strip(" :;,#") for word in typed)


def _is_carrier(typed: list[Word], numbers: Sequence[PastedNumber]) -> bool:
    """Say whether what stands beside the numbers is a carrier's name and no title.

    There are carriers called Echo and Choice: such a name is a title when the number is surely another carrier's.
    """
    named = carriers.find_carrier(" ".join(word.text for word in typed))
    if named is None or any(word.quoted for word in typed):
        return False
    certain = {found.code for one in numbers if (found := formats.sure(formats.likely_carriers(one.number)))}
    return carriers.is_well_known(named) or certain <= {named.code}


def _joined(typed: list[Word]) -> str:
    """Return the words as one, without the marks and the "and" that stood between numbers."""
    first = next((place for place, word in enumerate(typed) if word.text.strip(string.punctuation)), len(typed))
    last = next(
        (place for place in range(len(typed), first, -1) if typed[place - 1].text.strip(string.punctuation)), first
    )
    texts = [word.text for word in typed[first:last]]
    return "" if set(texts) <= {"and", "&", "+"} else " ".join(texts).strip(" ,")
