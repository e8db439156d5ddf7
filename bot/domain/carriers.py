"""The carriers that the provider knows: their codes, names, countries and web addresses, and what people call them."""

import csv
import difflib
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from bot.domain.errors import UserError

NEEDS_POSTCODE = frozenset({"mondialrelay", "postnl-3s", "gls"})
"""Codes of carriers that show nothing without the postcode the parcel goes to."""

# The post of a country, where the table has several for it or files it under another country. For all other countries
# it is the one row of type `globalpost`.
_POST_OF = {
    "AU": "australia-post",
    "BE": "belgium-post",
    "CA": "canada-post",
    "CN": "china-post",
    "CW": "antilles-post",
    "FR": "laposte",
    "AR": "correo-argentino",
    "GB": "royal-mail",
    "IN": "india-post",
    "MC": "la-poste-monaco",
    "NL": "postnl-parcels",
    "SG": "singapore-post",
    "SX": "antilles-post",
    "UA": "ukraine-post",
    "US": "usps",
}
# Who carries a country's express mail (EMS), where that is not its post.
_EMS_OF = {
    "AU": "australia-ems",
    "CN": "china-ems",
    "FR": "chronopost",
    "GB": "parcel-force",
    "MC": "monaco-ems",
    "MY": "poslaju",
    "SG": "singapore-speedpost",
    "UA": "ukraine-ems",
}
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A company that moves parcels; `code` is the provider's word for it, `country` two letters."""

    code: str
    name: str
    country: str | None
    homepage: str | None


class UnknownCarrier(UserError):
    """No carrier has this code, name or alias."""

    def __init__(self, word: str, nearest: tuple[Carrier, ...] = ()) -> None:
        closest = ", ".join(f"*{carrier.name}* (`{carrier.code}`)" for carrier in nearest)
        more = f" Did you mean {closest}?" if closest else " Try its full name, such as `deutsche post`."
        super().__init__(f"I have no carrier called `{_short(word)}`. Nothing was added.{more}")
        self.word = word
        self.nearest = nearest


class _Row(NamedTuple):
    carrier: Carrier
    is_post: bool
    aliases: tuple[str, ...]
    hosts: tuple[str, ...]


def carriers() -> tuple[Carrier, ...]:
    """Return every carrier, in the order of their codes."""
    return tuple(row.carrier for row in _rows())


def carrier(code: str) -> Carrier | None:
    """Return the carrier with exactly this code."""
    return _by_code().get(code)


def find_carrier(words: str) -> Carrier | None:
    """Return the carrier that people mean by these words: its code, its name or a common alias.

    Capitals, accents, blanks and marks do not count. A word that several carriers share finds none of them.
    """
    return _names().get(_key(words)) if words.strip() and len(words) <= _LONGEST_NAME else None


def nearest_carriers(words: str, limit: int = 3) -> tuple[Carrier, ...]:
    """Return the carriers whose names look most like these words, for "did you mean"."""
    names = _names()
    close = difflib.get_close_matches(_key(words), names, n=3 * limit, cutoff=0.6)
    return tuple({names[key].code: names[key] for key in close}.values())[:limit]


def carrier_of_host(host: str) -> Carrier | None:
    """Return the carrier whose web site this host belongs to: `www.ups.com` and `wwwapps.ups.com` are UPS."""
    labels = host[:253].casefold().rstrip(".").partition(":")[0].split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((found for parent in parents if (found := _hosts().get(parent))), None)


def post_of(country: str, *, express: bool = False) -> Carrier | None:
    """Return the post of a country (two capital letters), or who carries its express mail."""
    code = (_EMS_OF.get(country) if express else None) or _POST_OF.get(country)
    return carrier(code) if code else _posts().get(country)


def is_well_known(carrier: Carrier) -> bool:
    """Say whether the carrier is so common that its bare name is no title: people have other names for it, too."""
    return carrier.code in _well_known()


@cache
def _rows() -> tuple[_Row, ...]:
    table = resources.files(__package__).joinpath("carriers.csv").read_text(encoding="utf-8")
    return tuple(
        _Row(
            carrier=Carrier(
                code=row["code"],
                name=row["name"],
                country=row["country"] or None,
                homepage=row["homepage"] or None,
            ),
            is_post=row["type"] == "globalpost",
            aliases=tuple(filter(None, row["also"].split("|"))),
            hosts=tuple(filter(None, row["hosts"].split("|"))),
        )
        for row in csv.DictReader(table.splitlines())
    )


@cache
def _by_code() -> dict[str, Carrier]:
    return {row.carrier.code: row.carrier for row in _rows()}


@cache
def _well_known() -> frozenset[str]:
    return frozenset(row.carrier.code for row in _rows() if row.aliases)


@cache
def _names() -> dict[str, Carrier]:
    """Return carriers by all they are called. A code is its carrier's alone; what two are called, none is."""
    called: dict[str, dict[str, Carrier]] = defaultdict(dict)
    for row in _rows():
        for name in (row.carrier.name, *row.aliases):
            called[_key(name)][row.carrier.code] = row.carrier
    names = {key: next(iter(those.values())) for key, those in called.items() if len(those) == 1}
    return names | {_key(row.carrier.code): row.carrier for row in _rows()}


@cache
def _hosts() -> dict[str, Carrier]:
    """Return carriers by host. Where several have the same home page, only the one that claims the host has it."""
    at_home: dict[str, list[Carrier]] = defaultdict(list)
    for row in _rows():
        host = re.sub(r"^https?://(www\.)?|[:/].*$", "", (row.carrier.homepage or "").casefold())
        at_home[host].append(row.carrier)
    alone = {host: owners[0] for host, owners in at_home.items() if host and len(owners) == 1}
    return alone | {host: row.carrier for row in _rows() for host in row.hosts}


@cache
def _posts() -> dict[str, Carrier]:
    return {row.carrier.country: row.carrier for row in _rows() if row.is_post and row.carrier.country}


def _plain(words: str) -> str:
    """Return the words in small letters without accents, one blank between them."""
    letters = unicodedata.normalize("NFKD", words[: 4 * _LONGEST_NAME]).casefold()
    kept = (char if char.isalnum() else "" if unicodedata.combining(char) or char in "'." else " " for char in letters)
    return " ".join("".join(kept).split())


def _key(words: str) -> str:
    return _plain(words).replace(" ", "")[:_LONGEST_NAME]


def _short(word: str) -> str:
    """Return the word short enough, and free of the one mark that would end the code span it is shown in."""
    return word.replace("`", "'") if len(word) <= _LONGEST_NAME else word[:20].replace("`", "'") + "…"
