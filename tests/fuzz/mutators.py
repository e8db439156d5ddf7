"""How an input is spoilt: text, bytes and JSON, each by a generator of luck that a seed brings back."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Json = Any

LONGEST = 6000
"""Characters of a mutated text; more only makes the campaign slow."""
NASTY = (
    *("\x00", "\t", "\n", "\r\n", "\x1b[31m", "\x7f", "\x85", "\ud800", "\udfff", "\ue000", "\uf8ff", "\ufeff"),
    *("\u200b", "\u200d", "\u202e", "\u2028", "\u2066", "\u00ad", "\u0130", "\u0661", "\u00b2", "\u2460", "\U0010ffff"),
    *("<", ">", "&", "&amp;", "&lt;!channel&gt;", "<!channel>", "<@U0ADA|ada>", "<#C0|x>", "<tel:1|1>", "<|>", "<@>"),
    *("<https://a|b>", "<!>", "<!date^1^{ago}|x>", "`", "*", "_", "~", '"', "“", "”", "'", "–", "—", "…", "，", "："),
    *("order:", "for:", "title:", "--all", "note:", "aloud:", "p-1", "P-0", "last", "٣", "²", "Ⅷ", "🎁", "👩‍👩‍👧"),
    *("1ZX000010300000016", "RB400013711GB", "9400100000000010000010", "1.00E+15", "4,6E+11", "=1+1", "@here", "\\"),
)
WRAPS = (("<", ">"), ('"', '"'), ("“", "”"), ("`", "`"), ("<https://x.example/", "|y>"), ("<@", ">"))
ODD_BYTES = (b"\xef\xbb\xbf", b"\xed\xa0\x80", b"1e999", b"NaN", b"[" * 80, b"\\ud800", b"null")
NOTHINGS: tuple[Json, ...] = (None, "", "null", [], {}, False)
ODD: tuple[Json, ...] = (
    *NOTHINGS,
    *(True, 0, -1, 1.5, 1e308, 2**63, -(2**64), 10**19, 10**25, "0", "-1", "1e9", "NaN", "9" * 400, " 7 ", "٣", "²"),
    *("x" * 3000, "\x00", "\ud800", "<!channel>", "0000-00-00 00:00:00", "2026-13-45T99:99:99", "2026-02-30 25:61"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "delivered", "DELIVERED ", "9", [[]], [None], [{}]),
    *({"0": {}}, {"": ""}),
)


def text(luck: Random, start: str, others: Sequence[str] = NASTY) -> str:
    """Return the text with a few things done to it."""
    for _ in range(luck.choice((0, 1, 1, 2, 3, 5, 9))):
        start = luck.choice(_ON_TEXT)(luck, start, others)[:LONGEST]
    return start


def octets(luck: Random, start: bytes) -> bytes:
    """Return the bytes with a few things done to them."""
    spoilt = bytearray(start)
    for _ in range(luck.choice((1, 1, 1, 2, 4, 8))):
        at = luck.randrange(len(spoilt) + 1)
        end = min(len(spoilt), at + luck.choice((1, 1, 2, 8, 64, 4096)))
        match luck.randrange(7):
            case 0 if spoilt:
                spoilt[at % len(spoilt)] ^= 1 << luck.randrange(8)
            case 1:
                del spoilt[at:end]
            case 2:
                spoilt[at:at] = luck.randbytes(luck.choice((1, 2, 8, 40)))
            case 3:
                spoilt[at:at] = spoilt[at:end]
            case 4:
                del spoilt[at:]
            case 5:
                spoilt[at:end] = luck.choice((b"\x00", b"\xff", b"{", b"}", b"[", b'"', b"\\", b"\n", b"")) * (end - at)
            case _:
                spoilt[at:at] = luck.choice(
                    (b"\xef\xbb\xbf", b"\xed\xa0\x80", b"1e999", b"NaN", b"[" * 80, b"\\ud800", b"null")
                )
    return bytes(spoilt)


def value(luck: Random, start: Json, others: Sequence[Json] = ()) -> Json:
    """Return a copy of the JSON value with a few things done inside it."""
    spoilt = {"": deepcopy(start)}
    for _ in range(luck.choice((0, 1, 1, 2, 3, 6))):
        holder, name = _somewhere(luck, spoilt)
        _spoil(luck, holder, name, others)
    return spoilt[""]


def written(luck: Random, spoilt: Json) -> bytes:
    """Return the JSON in bytes, now and then in another hand, now and then broken."""
    raw = json.dumps(spoilt, ensure_ascii=luck.random() < 0.5, indent=luck.choice((None, None, 1)))
    body = raw.encode(errors=luck.choice(("replace", "surrogatepass")))
    return octets(luck, body) if luck.random() < 0.15 else body


def lines(luck: Random, start: bytes) -> bytes:
    """Return the text with lines lost, doubled, changed about, or cut off in the middle."""
    rows = start.splitlines(keepends=True) or [b""]
    for _ in range(luck.choice((1, 1, 2, 4))):
        at, other = luck.randrange(len(rows)), luck.randrange(len(rows))
        match luck.randrange(5):
            case 0 if len(rows) > 1:
                del rows[at]
            case 1:
                rows.insert(other, rows[at])
            case 2:
                rows[at], rows[other] = rows[other], rows[at]
            case 3:
                rows[at] = rows[at][: luck.randrange(len(rows[at]) + 1)]
            case _:
                rows[at] = octets(luck, rows[at])
    return b"".join(rows)


def inside(luck: Random, start: bytes) -> bytes:
    """Return the same file with some of its JSON spoilt, so that it is still JSON: all of it, or one line's."""
    try:
        return json.dumps(value(luck, json.loads(start))).encode()
    except ValueError:
        pass
    rows = start.splitlines(keepends=True)
    at = luck.randrange(len(rows)) if rows else 0
    begin = rows[at].find(b"{") if rows else -1
    try:
        rows[at] = rows[at][:begin] + json.dumps(value(luck, json.loads(rows[at][begin:]))).encode() + b"\n"
    except (ValueError, IndexError):
        return octets(luck, start)
    return b"".join(rows)


def _somewhere(luck: Random, root: dict[str, Json]) -> tuple[Any, Any]:
    """Return a random place in the value, as what holds it and its name there; deep places as likely as shallow."""
    holder: Any = root
    name: Any = ""
    while isinstance(holder[name], (dict, list)) and holder[name] and luck.random() < 0.8:
        holder = holder[name]
        name = luck.choice(list(holder)) if isinstance(holder, dict) else luck.randrange(len(holder))
    return holder, name


def _spoil(luck: Random, holder: Any, name: Any, others: Sequence[Json]) -> None:  # noqa: ANN401 - a dict or a list
    found = holder[name]
    match luck.randrange(9):
        case 0 | 1 | 2:
            holder[name] = deepcopy(luck.choice(ODD))
        case 3 if name != "":
            del holder[name]
        case 4 if others:
            holder[name] = deepcopy(luck.choice(others))
        case 5:
            holder[name] = luck.choice(([found], {"items": found}, {"0": found}, [found, found], str(found)[:LONGEST]))
        case 6 if isinstance(found, str):
            holder[name] = text(luck, found)
        case 7 if isinstance(holder, dict) and name != "":
            holder[luck.choice(NASTY)] = holder.pop(name)
        case 8 if luck.random() < 0.1:
            holder[name] = _nested(luck.choice((10, 63, 64, 65, 300)), found)
        case _ if isinstance(found, (int, float)) and not isinstance(found, bool):
            holder[name] = luck.choice((str(found), -found, found * 10, f"{found}%"))


def _nested(depth: int, inside: Json) -> Json:
    for _ in range(depth):
        inside = [inside]
    return inside


def _insert(luck: Random, start: str, others: Sequence[str]) -> str:
    at = luck.randrange(len(start) + 1)
    return start[:at] + luck.choice(others) + start[at:]


def _cut(luck: Random, start: str, _others: Sequence[str]) -> str:
    at, end = sorted((luck.randrange(len(start) + 1), luck.randrange(len(start) + 1)))
    return start[:at] + start[end:]


def _twice(luck: Random, start: str, _others: Sequence[str]) -> str:
    at, end = sorted((luck.randrange(len(start) + 1), luck.randrange(len(start) + 1)))
    return start[:end] + start[at:end] * luck.choice((1, 1, 2, 40)) + start[end:]


def _any_character(luck: Random, start: str, _others: Sequence[str]) -> str:
    at = luck.randrange(len(start) + 1)
    return (
        start[:at]
        + chr(luck.choice((luck.randrange(128), luck.randrange(0x3000), luck.randrange(0x110000))))
        + start[at + 1 :]
    )


def _swap(luck: Random, start: str, _others: Sequence[str]) -> str:
    pieces = start.split(" ")
    luck.shuffle(pieces)
    return luck.choice((" ", "\n", "\u00a0", "\t", ",", "")).join(pieces)


def _wrap(luck: Random, start: str, _others: Sequence[str]) -> str:
    before, after = luck.choice(
        (("<", ">"), ('"', '"'), ("“", "”"), ("`", "`"), ("<https://x.example/", "|y>"), ("<@", ">"))
    )
    return before + start + after


def _letters(luck: Random, start: str, _others: Sequence[str]) -> str:
    return luck.choice((str.upper, str.lower, str.swapcase, str.title, str.casefold))(start)


_ON_TEXT: tuple[Callable[[Random, str, Sequence[str]], str], ...] = (
    *(_insert, _insert, _insert, _cut, _twice, _any_character, _swap, _wrap, _letters),
)
