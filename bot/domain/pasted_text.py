"""What Slack and its clients do to typed text, undone: plain characters, words, quoted words and options."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

OPTIONS = (
    "order",
    "postcode",
    "title",
    "carrier",
    "to",
    "for",
    "owner",
    "shipped",
    "ordered",
    "notify",
    "all",
    "anyway",
    "detect",
)
_LONGEST_OPTION = 256

_KEYS = "|".join(OPTIONS)
_ANGLE = re.compile(r"<([^<>|\n][^<>\n]{0,3000})>")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_OPTION_DASH = re.compile(r"(?:^|(?<=\s))[–—](?=\w)")
_INNER_DASH = re.compile(r"(?<=\S)[–—](?=\S)")
_WORD = re.compile(r'[^\s"]*+"[^"\n]*"|\S+|\n')
_OPTION = re.compile(rf"-{{0,2}}({_KEYS})[:=](.*)", re.IGNORECASE | re.DOTALL)
_BARE_OPTION = re.compile(rf"--({_KEYS})", re.IGNORECASE)


class Word(NamedTuple):
    """A word as typed, without the quotation marks around it."""

    text: str
    line: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Mentions:
    """People and channels named in a text. In the text each is one private character; these turn it back."""

    ids: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)


def normalise(text: str) -> str:
    """Return the text with plain quotes, dashes and blanks, without invisible characters, its entities decoded once.

    For text from which `unwrap` has taken Slack's angle forms: an entity decoded too early would look like one.
    """
    plain = decode(text).replace("\r\n", "\n").translate(_CHARACTERS)
    return _INNER_DASH.sub("-", _OPTION_DASH.sub("--", plain))


def decode(text: str) -> str:
    """Return the text with Slack's three entities decoded, once."""
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[1]], text)


def unwrap(text: str, *, is_number: Callable[[str], bool]) -> tuple[str, Mentions]:
    """Return the text without Slack's angle forms, and whom it mentions.

    A telephone or mail link becomes its label. A web link becomes its address, or its label if that is a number.
    """
    mentions = Mentions()
    marks = iter(range(0xE000, 0xF900))  # the characters that Unicode gives no meaning

    def plain(form: re.Match[str]) -> str:
        target, _, label = form[1].partition("|")
        if target[0] in "@#":
            mark = next(marks, None)
            if mark is not None:
                mentions.ids[mark] = target[1:]
                mentions.labels[mark] = target[0] + normalise(label or target[1:])
            return chr(mark) if mark else ""
        if target[0] == "!":  # @here and the like: a word, never a call
            return (label or target[1:]).lstrip("@")
        scheme, _, address = target.partition(":")
        if scheme in {"tel", "mailto"}:
            return label or address
        if scheme in {"http", "https"}:
            return label if is_number(normalise(label)) else target
        return form[0]

    return _ANGLE.sub(plain, _PRIVATE.sub("", text)), mentions


def words(text: str) -> Iterator[Word]:
    """Return the words of a normalised text; words in quotation marks stay together.

    A mark without its partner is dropped; one inside a word stays: 27" is a width.
    """
    line = 0
    for found in _WORD.finditer(text):
        word = found[0]
        if word == "\n":
            line += 1
        elif len(word) > 1 and word[0] == word[-1] == '"':
            yield Word(word[1:-1].strip(), line, quoted=True)
        elif word := word.lstrip('"'):
            yield Word(word, line)


def take_options(typed: list[Word], mentions: Mentions) -> tuple[list[Word], dict[str, str]]:
    """Return the words without `key:value`, `key=value` and `--key value`, and these as a mapping.

    Only for the keys in OPTIONS: a time such as 10:30 stays a word.
    """
    left: list[Word] = []
    options: dict[str, str] = {}
    rest = iter(typed)
    for word in rest:
        option = None if word.quoted else _OPTION.fullmatch(word.text) or _BARE_OPTION.fullmatch(word.text)
        if option is None:
            left.append(word)
            continue
        key = option[1].lower()
        value = option[2] if option.re is _OPTION else ""
        if not value and key in {"all", "anyway", "detect"}:
            value = "yes"
        if not value and (following := next(rest, None)):
            value = following.text
        if value := value.strip('"').strip().translate(mentions.ids)[:_LONGEST_OPTION]:
            options[key] = value
    return left, options


_TYPOGRAPHIC = (
    ("“”„‟«»", '"'),
    ("\u2018\u2019\u201a\u201b", "'"),  # single quotation marks
    ("\u2010\u2011\u2212", "-"),  # hyphens and the minus sign; the long dashes depend on where they stand
    ("…", "..."),
)


class _Characters(dict[int, str | None]):
    """What becomes of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        if char == "\t" or kind == "Zs":
            becomes: str | None = " "
        elif char in "\n\v\f\r\x85" or kind in {"Zl", "Zp"}:
            becomes = "\n"
        else:
            becomes = None if kind in {"Cc", "Cf", "Cs"} else char
        self[code] = becomes
        return becomes


_CHARACTERS = _Characters({ord(char): plain for chars, plain in _TYPOGRAPHIC for char in chars})
