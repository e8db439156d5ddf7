"""A page of the provider's list: what is seen of each parcel, and the report of each that is asked for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from bot.domain.parcel import ParcelKey, Report, Seen

UNLIKE_ANY = -1
"""Stands for a fingerprint where a report has none: no parcel has it, so the report is read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reports:
    """The reports of a page. `seen` costs little, `read` much; it returns None for what cannot be read."""

    seen: Mapping[ParcelKey, Seen]
    read: Callable[[ParcelKey], Report | None]

    @classmethod
    def of(cls, reports: Iterable[Report]) -> Self:
        """Return a page of what has been read already; of two reports of one parcel the later one counts."""
        read = {report.key: report for report in reports}
        seen = {key: Seen(one.fingerprint or UNLIKE_ANY, one.updated_at) for key, one in read.items()}
        return cls(seen=seen, read=read.get)

    def without(self, keys: Collection[ParcelKey]) -> Self:
        """Return the page without these parcels."""
        seen = dict(self.seen)
        for key in [key for key in seen if key in keys]:
            del seen[key]
        return replace(self, seen=seen)

    def __len__(self) -> int:
        return len(self.seen)

    def __iter__(self) -> Iterator[Report]:
        return (report for report in map(self.read, self.seen) if report)
