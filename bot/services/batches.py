"""What is told together: all of one parcel in one message, and the news of many parcels of one channel in a digest."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.domain.parcel import ParcelKey, Place
from bot.domain.records import Notification, Progress
from bot.domain.status import Event

SINGLY_AT_MOST = 3
"""News of more parcels than this that waits for one channel is told in one message."""
IN_A_DIGEST = 20
IN_A_LONG_DIGEST = 50
MANY = 60
"""With news of more parcels than this, digests are long ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one place that are told as one message: those of one parcel, or of several in a digest.

    Of `more` parcels there is news as well.
    """

    rows: tuple[Notification, ...]
    more: int = 0

    @property
    def place(self) -> Place:
        """Where they are to be told."""
        return self.rows[0].place

    @property
    def lines(self) -> tuple[Notification, ...]:
        """Those that say something, beside redrawing the card."""
        return tuple(row for row in self.rows if row.event)

    @property
    def doubtful(self) -> tuple[Notification, ...]:
        """Those that were being sent when we lost sight of them."""
        return tuple(row for row in self.rows if row.progress is Progress.SENDING)

    @property
    def by_parcel(self) -> dict[ParcelKey, tuple[Notification, ...]]:
        """The rows of each parcel."""
        found: dict[ParcelKey, list[Notification]] = {}
        for row in self.rows:
            found.setdefault(row.key, []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What may be told in a place now: what posts a message, and what only redraws a card.

    `wait` is in how many seconds there is more.
    """

    post: Batch | None = None
    redraw: Batch | None = None
    wait: float | None = None


def choose(
    rows: Sequence[Notification],
    wait_of: Callable[[Notification], float],
    *,
    busy: Collection[ParcelKey] = (),
    digest_first: bool = True,
) -> Due:
    """Return what of a place's rows, the oldest first, may be told now.

    Rows of one parcel go together or not at all, so they keep their order. One that is in doubt holds back the others
    of its parcel, one that was put off is tried again with them, and no other parcel waits for it. What a digest may
    have told is settled as a whole. `busy` are parcels of which something is being told right now.
    """
    posts: list[list[Notification]] = []
    fit: list[list[Notification]] = []
    redraw: list[Notification] | None = None
    later: float | None = None
    for group in _groups(rows, busy):
        wait = _wait(group, wait_of)
        if wait > 0:
            later = wait if later is None else min(later, wait)
        elif not _posts(group):
            redraw = redraw or group
        else:
            (fit if _fits(group) else posts).append(group)
    return Due(
        post=_next_post(posts, fit, digest_first=digest_first),
        redraw=Batch(rows=tuple(redraw)) if redraw else None,
        wait=later,
    )


def _groups(rows: Sequence[Notification], busy: Collection[ParcelKey]) -> Iterable[list[Notification]]:
    """Return the rows by parcel, and by digest where they are being told; those of busy parcels are left out."""
    digests: dict[str, list[Notification]] = {}
    for row in rows:
        if row.digest and row.progress is Progress.SENDING:
            digests.setdefault(row.stamp, []).append(row)
    left_out = {row.key for group in digests.values() for row in group}.union(busy)
    parcels: dict[ParcelKey, list[Notification]] = {}
    for row in rows:
        if row.key not in left_out:
            parcels.setdefault(row.key, []).append(row)
    settled = (group for group in digests.values() if not any(row.key in busy for row in group))
    return [*settled, *parcels.values()]


def _wait(group: Sequence[Notification], wait_of: Callable[[Notification], float]) -> float:
    sending = [wait_of(row) for row in group if row.progress is Progress.SENDING]
    return max(sending) if sending else min(map(wait_of, group))


def _posts(group: Sequence[Notification]) -> bool:
    return any(row.event or row.new or row.progress is Progress.SENDING for row in group)


def _fits(group: Sequence[Notification]) -> bool:
    """Return whether a digest may tell it: no first card, no last word, nothing that was refused or is in doubt."""
    return not any(
        row.new or row.refusals or row.event is Event.DELETED or row.progress is Progress.SENDING for row in group
    )


def _next_post(
    alone: Sequence[Sequence[Notification]], fit: Sequence[Sequence[Notification]], *, digest_first: bool
) -> Batch | None:
    """Return the next message: a digest if so many parcels wait, in turn with what is told on its own."""
    if len(fit) > SINGLY_AT_MOST and (digest_first or not alone):
        most = IN_A_LONG_DIGEST if len(fit) > MANY else IN_A_DIGEST
        return Batch(rows=tuple(row for group in fit[:most] for row in group), more=max(len(fit) - most, 0))
    if len(fit) > SINGLY_AT_MOST:
        return Batch(rows=tuple(alone[0]))
    oldest = min((*alone[:1], *fit[:1]), key=lambda group: group[0].created_at, default=None)
    return Batch(rows=tuple(oldest)) if oldest else None
