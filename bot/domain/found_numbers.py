"""Finding the numbers among words: which are numbers, alone or joined, and which only look like one."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import NamedTuple
from urllib.parse import unquote

from bot.domain import carriers, formats
from bot.domain.carriers import Carrier
from bot.domain.errors import UserError
from bot.domain.pasted_text import Word

LONGEST_NUMBER = 64

# How sure it is that a word is a number, below the weights of `formats`.
_CODE = 0.1  # of no known form, but mostly digits
_WEAK = 0.05  # the provider would accept it: a number only behind a carrier's name
_SHORT = 0.01  # too short for any number: one only in a list of numbers

_LONGEST_FORM = 40
_LONGEST_NAME = 5  # words in a carrier's name
_LONG_CODE = 8  # a code that its place makes a number has as many characters
_LEAST_DIGITS = 4  # 60x60cm is no number, although the provider would accept it
_ALMOST_ACCEPTED = 4
_LONGEST_LETTERS = 4  # letters that stand alone inside a printed number: 1LS CX VE00…
_LEAST_GROUP = 3  # digits that go on with a printed number, and are not the 2 of "2 chairs"
_LEAST_GROUPS = 10  # digits in all: 120 200 85 is a size

_ACCEPTED = re.compile(r"[0-9A-Z][0-9A-Z_-]{4,63}")
_DATE = re.compile(r"\d{1,4}-\d{1,2}-\d{1,4}")
_SHEET = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,3}|\d[.,]\d+E\d{1,3}")
SEPARATORS = re.compile(r"[,;|/，、\uff1b]")
_LABELLED = re.compile(r"([A-Za-z]{1,20})[:#=]+(.+)")  # UPS:1Z…
_EMOJI = r"(?::[a-z0-9_+'-]{1,50}:)+"
_EMOJI_AROUND = re.compile(rf"^{_EMOJI}|{_EMOJI}$")
_ADDRESS = re.compile(r"(?:https?://)?((?:[a-z0-9-]{1,63}\.)+[a-z]{2,24})(?::\d+)?[/?#](.*)", re.IGNORECASE | re.DOTALL)
_NUMBER_KEY = re.compile(r"t?labels?|(?:track|trk|parcel|shipment|piece|awb|waybill|barcode).*|nums?|numbers?|code|id")


class InvalidTrackingNumber(UserError):
    """Something was meant as a number that can be none."""


class NumberTooLong(InvalidTrackingNumber):
    """It has more than 64 characters."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"`{number[:20]}…` is longer than {LONGEST_NUMBER} characters, the limit for a tracking number. "
            "Nothing was added; put a blank or a comma between the numbers."
        )


class NumberShortened(InvalidTrackingNumber):
    """A spreadsheet wrote it in scientific notation, and its last digits are lost."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"A spreadsheet shortened `{number}` to scientific notation and lost its last digits. "
            "Nothing was added; format the column as text, then copy the number again."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedNumber:
    """A number as it will be followed; `carrier` if a web address settles it, `fault` if it looks mistyped."""

    number: str
    carrier: Carrier | None = None
    fault: str | None = None


class Item(NamedTuple):
    """A word, or several that make one number together."""

    word: Word
    weight: float = 0.0
    found: PastedNumber | None = None


def items_of(typed: Sequence[Word]) -> list[Item]:
    """Return the words one by one, those that make a number together as one.

    Raises:
        InvalidTrackingNumber: one is too long, or shortened by a spreadsheet.
    """
    items = list(_items(typed))
    is_known = any(item.weight >= formats.PLAIN for item in items)
    return items if is_known else _with_groups_joined(items)


def is_known_form(text: str) -> bool:
    """Say whether the text is a number of a form that is known at sight."""
    return len(text) <= LONGEST_NUMBER and formats.strength(code_of(text)) >= formats.PLAIN


def _items(typed: Sequence[Word]) -> Iterator[Item]:
    codes = [code_of(word.text) for word in typed]
    place = 0
    while place < len(typed):
        word = typed[place]
        count = 1
        if address := _ADDRESS.match(word.text):
            inside = [Item(word, formats.CLEAR, found) for found in _in_address(address[1], address[2])]
            yield from inside or [Item(word)]
        elif len(inside := _list_in(word)) > 1:
            yield from inside
        elif (labelled := _LABELLED.fullmatch(word.text)) and is_known_form(labelled[2]):
            yield Item(word._replace(text=labelled[1]))
            yield Item(word, *_read(code_of(labelled[2])))
        else:
            count, weight, found = _longest_number(
                typed[place : place + _LONGEST_FORM], codes[place : place + _LONGEST_FORM]
            )
            yield Item(word, weight, found)
        place += count


def _longest_number(typed: Sequence[Word], codes: Sequence[str]) -> tuple[int, float, PastedNumber | None]:
    """Return how many of the words make the number that begins with the first, how sure it is, and the number.

    Several make one only if they have a known form together: people copy the blanks that are printed on labels.
    """
    text = codes[0]
    weight, found = _read(text)
    best = (1, weight, found)
    is_whole = weight >= formats.PLAIN and found is not None and not found.fault
    if is_whole or typed[0].quoted or not text.isalnum():
        return best
    parts = [text]
    for word, part in zip(typed[1:], codes[1:], strict=True):
        if (
            word.line != typed[0].line
            or word.quoted
            or not part.isalnum()
            or (part.isalpha() and len(part) > _LONGEST_LETTERS)
        ):
            break
        parts.append(part)
    for count in range(2, len(parts) + 1):
        text = "".join(parts[:count])
        if len(text) > _LONGEST_FORM:
            break
        weight, found = _read(text)
        if weight < formats.PLAIN or found is None:
            continue
        goes_on = len(parts) > count and parts[count].isdigit() and len(parts[count]) >= _LEAST_GROUP
        if weight < formats.CLEAR and (
            goes_on or any(formats.strength(part) >= formats.PLAIN for part in parts[:count])
        ):
            continue  # digits in the middle of a longer number, or beside a whole one, that fit by chance
        if not found.fault or best[1] < formats.CLEAR:
            best = (count, weight, found)
    return best


def code_of(text: str) -> str:
    """Return the word as a number would be written: capitals, full-width forms folded, nothing around it.

    Empty when it can be no number. The length is looked at before anything else is.

    Raises:
        NumberTooLong: it has more than 64 characters.
    """
    if ":" in text and len(text) <= 4 * LONGEST_NUMBER:
        text = _EMOJI_AROUND.sub("", text)
    start = next((place for place, char in enumerate(text) if char.isalnum()), len(text))
    end = next((place for place in range(len(text), start, -1) if text[place - 1].isalnum()), start)
    core = text[start:end]
    if len(core) > LONGEST_NUMBER:
        if any(char.isdigit() for char in core) and all(char.isalnum() or char in "-_" for char in core):
            raise NumberTooLong(core)
        return ""
    folded = unicodedata.normalize("NFKC", core)
    return folded.upper() if folded.isascii() else ""


def _read(code: str) -> tuple[float, PastedNumber | None]:
    """Return how sure it is that the code is a number, and the number."""
    if _SHEET.fullmatch(code):
        raise NumberShortened(code)
    if _DATE.fullmatch(code):
        return 0, None
    number = formats.as_printed(code)
    if not any(char.isdigit() for char in code) or not number.replace("-", "").replace("_", "").isalnum():
        return 0, None
    weight = formats.strength(number)
    if not weight and (fault := formats.check_digit_fault(number)):
        return formats.CLEAR, PastedNumber(number=number, fault=fault)
    if not weight and _ACCEPTED.fullmatch(number):
        digits = sum(char.isdigit() for char in number)
        weight = _CODE if digits >= max(_LEAST_DIGITS, len(number) / 2) else _WEAK
    if weight:
        return weight, PastedNumber(number=number)
    if len(number) == _ALMOST_ACCEPTED and not number.isdigit():
        return _SHORT, PastedNumber(number=number, fault="too short for a tracking number")
    return 0, None


def _list_in(word: Word) -> list[Item]:
    """Return the numbers in a word such as `RB1,RB2;RB3`, if it is nothing else."""
    parts = [part for part in SEPARATORS.split(word.text) if part.strip()]
    if not parts[1:] or _SHEET.fullmatch(code_of(word.text)):
        return []
    read = [_read(code_of(part)) for part in parts]
    return [Item(word, *one) for one in read] if all(weight >= _CODE for weight, _ in read) else []


def _in_address(host: str, rest: str) -> list[PastedNumber]:
    """Return the numbers in a web address, such as a carrier's page about one parcel."""
    owner = carriers.carrier_of_host(host)
    known, keyed, other = [], [], []
    for piece in re.split(r"[/?&#;]", rest):
        key, equals, value = piece.partition("=")
        for part in re.split(r"[,+|\s]", unquote(value if equals else key)):
            weight, found = _read(code_of(part)) if len(part) <= LONGEST_NUMBER else (0, None)
            if found and weight >= formats.PLAIN:
                known.append(found)
            elif found and weight >= _WEAK and equals and _NUMBER_KEY.fullmatch(key.lower()):
                keyed.append(found)
            elif found and weight >= _CODE and owner:
                other.append(found)
    return [
        PastedNumber(
            number=found.number,
            carrier=formats.sure(formats.likely_carriers(found.number)) or owner,
            fault=found.fault,
        )
        for found in known or keyed or other[-1:]
    ]


def _with_groups_joined(items: list[Item]) -> list[Item]:
    """Return the items with groups such as `1234 5678 901` as one: the blanks of a number of no known form."""

    def is_group(item: Item) -> bool:
        code = code_of(item.word.text)
        return (
            len(code) < _LONG_CODE and code.isalnum() and any(char.isdigit() for char in code) and not item.word.quoted
        )

    joined: list[Item] = []
    for (is_groups, _), run in groupby(items, lambda item: (is_group(item), item.word.line)):
        groups = list(run)
        text = "".join(code_of(item.word.text) for item in groups) if is_groups else ""
        if len(groups) > 1 and _LEAST_GROUPS <= len(text) <= _LONGEST_FORM and _read(text)[0] >= _CODE:
            joined.append(Item(groups[0].word, *_read(text)))
        else:
            joined += groups
    return joined


def numbers_among(items: list[Item]) -> set[int]:
    """Return the places of the items that are numbers and not words of a title.

    A number that is known at sight is one anywhere. Others are where numbers are expected: at the beginning of a line,
    or behind what stands before the first number.
    """
    best = max((item.weight for item in items), default=0)
    if best < _CODE:
        return {
            place
            for place, item in enumerate(items)
            if item.weight == _WEAK
            and 0 < place <= _LONGEST_NAME
            and carriers.find_carrier(" ".join(before.word.text for before in items[:place]))
        }
    least = formats.PLAIN if best >= formats.PLAIN else _CODE
    first = next(place for place, item in enumerate(items) if item.weight >= least)
    taken = {place for place, item in enumerate(items) if item.weight >= formats.CLEAR}
    for _, run in groupby(range(len(items)), lambda place: items[place].word.line):
        line = list(run)
        if first in line:
            before = takewhile(lambda place: _is_long_code(items[place]), range(first - 1, line[0] - 1, -1))
            line = line[line.index(first) - len(list(before)) :]
        numbers = list(takewhile(lambda place: items[place].weight >= least or _is_long_code(items[place]), line))
        rest = line[len(numbers) :]
        if len(numbers) > 1 and all(items[place].found and items[place].word.text.isupper() for place in rest):
            numbers, rest = line, []
        taken.update(place for place in numbers if items[place].weight >= least or not rest)
    return taken


def _is_long_code(item: Item) -> bool:
    return (
        item.weight >= _CODE
        and item.found is not None
        and not item.word.quoted
        and len(item.found.number) >= _LONG_CODE
    )
