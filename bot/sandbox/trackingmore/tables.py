"""What the simulated world is made of: carriers, countries, stories, and the parcels on the road at the start."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier as `GET /carriers` tells of it."""

    code: str
    name: str
    type: str
    country: str
    phone: str
    homepage: str
    name_cn: str

    @property
    def refresh_hours(self) -> int:
        """Return how often the service asks this carrier by itself."""
        return 6 if self.type == "globalpost" else 3

    @property
    def expires_after_days(self) -> int:
        """Return how long a parcel may be silent before it is given up."""
        return 60 if self.type == "globalpost" else 30


class Scan(NamedTuple):
    """One line of a story; `substatus` is the bare status where the service has no finer word."""

    hours: float
    substatus: str
    text: str
    place: str
    node: str = ""


class Route(NamedTuple):
    """A parcel on its way: which story it lives, how many hours it has been under way, and through which places."""

    number: str
    carrier: str
    title: str
    story: str
    hours: float
    countries: str
    origin: str
    hub: str
    gate: str
    city: str
    second: str = ""


WORLD: dict[str, Any] = yaml.safe_load((HERE / "world.yaml").read_text(encoding="utf-8"))
STORIES: dict[str, list[Scan]] = {name: [Scan(*row) for row in rows] for name, rows in WORLD["stories"].items()}
ROUTES = {row[0]: Route(*row) for row in WORLD["routes"]}
COUNTRIES: dict[str, tuple[str, float]] = {code: (name, hours) for code, (name, hours) in WORLD["countries"].items()}


@cache
def carriers() -> dict[str, Carrier]:
    """Return all carriers by their code."""
    lines = (HERE / "carrier_codes.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[0]: Carrier(*line.split("\t")) for line in lines}


def country_code(name_or_code: str) -> str | None:
    """Return the two letters of a country given by name or by code, if the service knows it."""
    wanted = name_or_code.lower()
    return next((code for code, (name, _) in COUNTRIES.items() if wanted in {code.lower(), name.lower()}), None)


def detect(number: str) -> list[Carrier]:
    """Return the carriers that use numbers of this form, likeliest first."""
    for form, codes in WORLD["forms"].items():
        if re.fullmatch(form, number.upper()):
            return [carriers()[code] for code in codes]
    return []
