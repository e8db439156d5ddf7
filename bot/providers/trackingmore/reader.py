"""JSON from outside: each value is checked where it is read, and named by its path when it is wrong.

Tolerant of the many ways in which the service writes nothing (null, "", "null", [], {}, false) and of text for numbers
and numbers for text; intolerant of nonsense.
"""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from bot.domain.errors import AnswerNotUnderstood

T = TypeVar("T")
DEEPEST = 64
LONGEST_TEXT = 2000  # characters of one value; a carrier's line has a tenth of it
_TOO_LONG_A_NUMBER = 10**20
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")  # control characters and lone surrogates
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_WALL_CLOCKS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")


def decode(body: bytes | bytearray | msgspec.Raw, where: str, *, within: int = 0) -> object:
    """Return the JSON of an answer, or of a part of one that lies `within` so many others.

    Raises:
        AnswerNotUnderstood: it is not JSON, nested too deeply, or has a number of over 20 digits or that is none (NaN).
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = _decode_slowly(bytes(body), where)
    todo = [(value, within + 1)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, (dict, list)):
            if depth > DEEPEST:
                raise AnswerNotUnderstood(where, f"nested more than {DEEPEST} deep")
            todo += [(child, depth + 1) for child in (node.values() if isinstance(node, dict) else node)]
        elif isinstance(node, int) and abs(node) >= _TOO_LONG_A_NUMBER:
            raise AnswerNotUnderstood(where, "a number of more than 20 digits")
        elif isinstance(node, float) and not math.isfinite(node):
            raise AnswerNotUnderstood(where, "a number that is none")
    return value


def _decode_slowly(body: bytes, where: str) -> object:
    """Read what the strict parser refuses: one carrier's half letter must not make a page unreadable."""
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else "not JSON" if body.strip() else "empty"
        raise AnswerNotUnderstood(where, why) from None


def clean(text: str) -> str:
    """Return the text without control characters, halves of letters and blanks at its ends, and not endless."""
    return _UNPRINTABLE.sub(" ", text).strip()[:LONGEST_TEXT]


def rows(value: object, where: str) -> list[tuple[object, str]]:
    """Return the entries of a list with their paths; a list with gaps comes as an object with numbers for names.

    Raises:
        AnswerNotUnderstood: it is no list.
    """
    if _is_none(value):
        return []
    if isinstance(value, dict) and all(str(name).isdecimal() for name in value):
        value = list(value.values())
    if not isinstance(value, list):
        raise AnswerNotUnderstood(where, f"{_short(value)} is no list")
    return [(entry, f"{where}[{at}]") for at, entry in enumerate(value)]


def readers(value: object, where: str) -> "list[Reader]":
    """Return the objects of a list, without those that are none.

    Raises:
        AnswerNotUnderstood: it is no list, or holds something else.
    """
    return [Reader(entry, path) for entry, path in rows(value, where) if not _is_none(entry)]


class Reader:
    """An object in an answer, and where in it we are."""

    __slots__ = ("_values", "path")

    def __init__(self, value: object, path: str) -> None:
        if _is_none(value):
            value = {}
        if not isinstance(value, dict):
            raise AnswerNotUnderstood(path, f"{_short(value)} is no object")
        self._values: dict[str, object] = value
        self.path = path

    def __bool__(self) -> bool:
        return bool(self._values)

    def wrong(self, name: str, why: str) -> AnswerNotUnderstood:
        """Return the error that names this value's place."""
        return AnswerNotUnderstood(f"{self.path}.{name}", why)

    def get(self, name: str) -> object:
        """Return the value as it came; None for all that means none."""
        value = self._values.get(name)
        return None if _is_none(value) else value

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        text = self.text_or(name, "")
        if not text:
            raise self.wrong(name, "is missing")
        return text

    def text_or(self, name: str, default: str = "") -> str:
        """Return a text, cleaned; of several the first."""
        value = self.get(name)
        if isinstance(value, list):
            value = next((entry for entry in value if not _is_none(entry)), None)
        if value is None or value is True:
            return default
        if isinstance(value, (int, float)):
            return str(value)
        if not isinstance(value, str):
            raise self.wrong(name, f"{_short(value)} is no text")
        text = clean(value)
        return default if text.casefold() in {"", "null"} else text

    def whole(self, name: str) -> int:
        """Return a whole number that must be there; of a fraction the whole part."""
        number = self.number_or(name, None)
        if number is None:
            raise self.wrong(name, f"{_short(self.get(name))} is no number")
        return math.floor(number)

    def whole_or(self, name: str, default: T) -> int | T:
        """Return a whole number, or the default for what is none."""
        number = self.number_or(name, None)
        return default if number is None else math.floor(number)

    def number_or(self, name: str, default: T) -> float | T:
        """Return a number, also one written as text, or the default for what is none."""
        text = self.text_or(name).rstrip("% ")
        return float(text) if _NUMBER.fullmatch(text) else default

    def flag(self, name: str) -> bool:
        """Return whether it is so, in whichever way that is written."""
        return str(self.get(name)).casefold() in {"true", "1"}

    def moment(self, name: str) -> datetime | None:
        """Return a moment in UTC; None when it has no zone, since nobody could say when that was."""
        try:
            moment = datetime.fromisoformat(self.text_or(name))
            return moment.astimezone(UTC) if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def wall_clock(self, name: str) -> tuple[datetime | None, str]:
        """Return a time without zone, as the clock on the carrier's wall showed it; else the text as it came."""
        text = self.text_or(name)
        if not text or text.startswith("0000-00-00"):
            return None, ""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None), ""
        except ValueError:
            pass
        for form in _WALL_CLOCKS:
            try:
                return datetime.strptime(text, form), ""  # noqa: DTZ007 - carriers give no zone
            except ValueError:
                continue
        return None, text

    def inside(self, name: str) -> "Reader":
        """Return the object within; an empty one for none."""
        return Reader(self.get(name), f"{self.path}.{name}")

    def items(self, name: str) -> "list[Reader]":
        """Return the objects of a list; nothing for none."""
        return readers(self.get(name), f"{self.path}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        entries = rows(self.get(name), f"{self.path}.{name}")
        return tuple(clean(entry) for entry, _ in entries if isinstance(entry, str))

    def objects(self) -> Iterator[tuple[str, "Reader"]]:
        """Yield the objects that this one holds, with their names."""
        return ((str(name), self.inside(name)) for name in self._values)


def _is_none(value: object) -> bool:
    return value is None or value is False or value in ("", "null", [], {})


def _short(value: object) -> str:
    """Return a value for the log; of lists and objects nothing, since they may hold what is nobody's business."""
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - a part of a line in the log
