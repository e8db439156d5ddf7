"""Where a simulated parcel is: its carrier's journey, and what the service has seen of it.

All is reckoned when it is read, from the carrier clock alone: nothing ticks. Moments are unix seconds here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf
from zlib import crc32

from bot.sandbox.trackingmore.tables import COUNTRIES, ROUTES, STORIES, WORLD, Carrier, Route, carriers

HOUR = 3600.0
DAY = 24 * HOUR
FIRST_QUERY = 120.0  # seconds after a parcel is added


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as the carrier has it; `known` tells since when, if later than it happened."""

    at: float
    text: str
    place: str = ""
    status: str = "transit"
    substatus: str = ""
    node: str = ""
    second: bool = False  # said by the carrier of the last mile
    known: float = -inf


@dataclass(slots=True)
class Life:
    """A parcel as its carrier knows it, whether or not anybody asks the service about it."""

    carrier: Carrier
    route: Route
    events: list[Checkpoint]
    forced: tuple[tuple[str, float], ...] = ()  # statuses that no checkpoint tells, and since when, newest last
    reverses: bool = False
    changes: int = 0

    @property
    def number(self) -> str:
        """Return the tracking number."""
        return self.route.number

    @property
    def countries(self) -> list[str]:
        """Return the codes of the countries it leaves and goes to."""
        return self.route.countries.split()

    @property
    def utc_offset(self) -> float:
        """Return by how many seconds the wall clocks of its checkpoints are ahead of UTC.

        One zone a parcel, that of its destination: a parcel moved by hand would else seem to fly back in time when
        it changes zones within a minute.
        """
        return COUNTRIES[self.countries[1]][1] * HOUR

    def seen(self, until: float) -> list[Checkpoint]:
        """Return what the carrier tells at a moment, newest first."""
        told = [event for event in self.events if event.at <= until and event.known <= until]
        return told[::-1]

    def upcoming(self, now: float) -> Checkpoint | None:
        """Return what will happen next."""
        return next((event for event in self.events if event.at > now), None)

    def bring_on(self, now: float) -> None:
        """Let the next checkpoint happen now; those after it keep their distance."""
        if following := self.upcoming(now):
            early = following.at - now
            self.tell(replace(event, at=event.at - early) if event.at > now else event for event in self.events)

    def finish(self, now: float) -> None:
        """Let all that is still to come have happened, the last of it now."""
        past, ahead = self._parted(now)
        last = past[-1].at if past else now - HOUR
        steps = [last + (now - last) * turn / len(ahead) for turn in range(1, len(ahead) + 1)]
        self.tell([*past, *(replace(event, at=at) for event, at in zip(ahead, steps, strict=True))])

    def follow(self, story: str, now: float) -> None:
        """Go on as another story does, an hour from now and from its next line; what has happened stays."""
        past, whole = self._parted(now)[0], events_of(story, self.route, self.carrier, 0)
        ahead = whole[min(len(past), len(whole) - 1) :]
        self.tell([*past, *(replace(event, at=now + HOUR + event.at - ahead[0].at) for event in ahead)])
        self.route, self.reverses = self.route._replace(story=story), story in WORLD["reversing"]

    def tell(self, events: Iterable[Checkpoint]) -> None:
        """Replace the journey."""
        self.events = sorted(events, key=lambda event: event.at)
        self.changes += 1

    def _parted(self, now: float) -> tuple[list[Checkpoint], list[Checkpoint]]:
        past = [event for event in self.events if event.at <= now]
        return past, self.events[len(past) :]


@dataclass(slots=True)
class Stored:
    """A parcel in the account: what was said of it, and when the service asked its carrier."""

    life: Life
    id: str
    created: float
    fields: dict[str, str] = field(default_factory=dict)
    ordered: int = 0
    archived: bool = False
    mark: str | None = None
    stopped: float = inf  # since when nobody wants it refreshed
    touched: float | None = None  # when it was last refreshed out of turn
    _end: tuple[int, float] = (-1, inf)

    def refreshed(self, now: float) -> float | None:
        """Return when the service last asked the carrier, none if it never did."""
        first, final, latest = self.created + FIRST_QUERY, self._final(), min(now, self.stopped)
        if final < latest:  # the first look after the end was the last, be it in turn or out of turn
            turn = self._turn(final)
            latest = min(latest, max(first, turn if turn == final else turn + self._every))
            if self.touched is not None and self.touched >= final:
                latest = min(latest, self.touched)
        in_turn = max(first, self._turn(latest)) if first <= latest else None
        return max((moment for moment in (in_turn, self.touched) if moment is not None), default=None)

    def active(self, now: float) -> bool:
        """Return whether the service will ask again by itself."""
        refreshed = self.refreshed(now)
        return now < self.stopped and (refreshed is None or refreshed < self._final())

    def standing(self, until: float | None) -> tuple[str, str | None, list[Checkpoint]]:
        """Return the carrier's status, its substatus and the checkpoints, as asked at a moment."""
        if until is None:
            return "pending", None, []
        events = self.life.seen(until)
        for status, since in reversed(self.life.forced):
            if since <= until:
                return status, (events[0].substatus or None) if events else None, events
        status, substatus = (events[0].status, events[0].substatus) if events else ("notfound", "notfound002")
        newest = events[0].at if events else self.created
        if status != "delivered" and until - newest > self.life.carrier.expires_after_days * DAY:
            return "expired", None, events
        return status, substatus or None, events

    def _final(self) -> float:
        """Return the moment since which a look finds the parcel delivered or given up."""
        if self._end[0] != self.life.changes:
            self._end = (self.life.changes, self._reckon_final())
        return self._end[1]

    def _reckon_final(self) -> float:
        if self.life.forced:
            status, since = self.life.forced[-1]
            return since if status in {"delivered", "expired"} else inf
        patience = self.life.carrier.expires_after_days * DAY
        newest = self.life.events[0].at if self.life.events else self.created
        for event in self.life.events:
            if event.at - newest > patience:
                break
            newest = event.at
            if event.status == "delivered" and not self.life.reverses:
                return max(event.at, event.known)
        return newest + patience + 1

    @property
    def _every(self) -> float:
        return self.life.carrier.refresh_hours * HOUR

    def _turn(self, moment: float) -> float:
        """Return the last moment up to this one at which it was this parcel's turn; a hash spreads the turns."""
        phase = crc32(self.life.number.encode()) % self._every
        return (moment - phase) // self._every * self._every + phase


def events_of(story: str, route: Route, carrier: Carrier, start: float) -> list[Checkpoint]:
    """Return what happens in a story on a route."""
    words = {**route._asdict(), "carrier": carrier.name, "country": route.countries[-2:]}
    events = []
    for scan in STORIES[story]:
        substatus = scan.substatus.removeprefix("+")
        status = substatus.rstrip("0123456789")
        events.append(
            Checkpoint(
                at=start + scan.hours * HOUR,
                text=scan.text.format(**words),
                place=scan.place.format(**words),
                status=status,
                substatus=substatus if substatus != status else "",
                node=scan.node,
                second=scan.substatus.startswith("+"),
            )
        )
    return events


def life_of(carrier: Carrier, number: str, now: float) -> Life:
    """Return a number's life: that of its route, nothing under another carrier's name, or what a hash makes of it."""
    route = ROUTES.get(number)
    if route is None:
        luck = crc32(number.encode())
        story = [name for name, shares in WORLD["luck"].items() for _ in range(shares)][luck % 16]
        story = WORLD["smooth"].get(carrier.code, story) if story == "smooth" else story
        country = carrier.country if carrier.country in WORLD["places"] else "DE"
        origin, hub, city = WORLD["places"][country]
        hours = luck // 16 % 24
        route = Route(number, carrier.code, "", story, hours, f"{country} {country}", origin, hub, hub, city)
    elif route.carrier != carrier.code:
        route = route._replace(carrier=carrier.code, story="unknown")
    events = events_of(route.story, route, carrier, now - route.hours * HOUR)
    return Life(carrier, route, events, reverses=route.story in WORLD["reversing"])


def lives_on_the_road(now: float) -> list[Life]:
    """Return the parcels that are under way when the sandbox opens."""
    return [life_of(carriers()[route.carrier], number, now) for number, route in ROUTES.items()]
