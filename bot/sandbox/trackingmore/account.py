"""The simulated service without its HTTP: one account, its parcels and quota, and the hand that moves them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from math import inf

from bot.sandbox.trackingmore.clock import CarrierClock
from bot.sandbox.trackingmore.faults import Faults
from bot.sandbox.trackingmore.life import Checkpoint, Life, Stored, life_of, lives_on_the_road
from bot.sandbox.trackingmore.tables import COUNTRIES, ROUTES, STORIES, Route, carriers
from bot.sandbox.trackingmore.wire import Quirks, quirks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelView:
    """A parcel as the panel shows it: what its carrier knows, and what the service has seen."""

    number: str
    carrier: str
    carrier_name: str
    title: str
    story: str
    stored: bool
    status: str
    where: str
    mark: str | None
    archived: bool
    next_in: timedelta | None
    refreshed_at: datetime | None


@dataclass(slots=True)
class Quota:
    """The account's ledger, in tenths of a parcel."""

    bought: float
    entries: list[tuple[datetime, str, float]] = field(default_factory=list)

    @property
    def spent(self) -> float:
        """Return what was spent so far."""
        return round(sum(cost for _, _, cost in self.entries), 1)

    @property
    def left(self) -> float:
        """Return what is left."""
        return round(self.bought - self.spent, 1)


class Account:
    """One account at the service, and all parcels that its carriers know."""

    def __init__(self, *, clock: CarrierClock, quota: int, seed: int, quirks: bool) -> None:
        self.clock = clock
        self.faults = Faults()
        self.quota = Quota(quota)
        self.opened = clock.now()
        self.stored: dict[tuple[str, str], Stored] = {}  # in the order of their creation
        self.looks: dict[tuple[str, str], float] = {}  # when somebody last had a carrier asked in real time
        self._seed = seed
        self._quirks = quirks
        self._lives = {life.number: [life] for life in lives_on_the_road(self.now)}

    @property
    def now(self) -> float:
        """Return the carriers' time in unix seconds."""
        return self.clock.now().timestamp()

    def quirks(self, number: str) -> Quirks:
        """Return the oddities of a number's answers."""
        return quirks_of(number, self._seed) if self._quirks else frozenset()

    def life(self, carrier: str, number: str) -> Life:
        """Return what the carrier knows of a number, beginning its journey if nobody has named it before."""
        for life in self._lives.get(number, []):
            if life.carrier.code == carrier:
                return life
        life = life_of(carriers()[carrier], number, self.now)
        self._lives.setdefault(number, []).append(life)
        return life

    def keep(self, life: Life, fields: Mapping[str, str], ordered: int = 0, created: float | None = None) -> Stored:
        """Put a parcel into the account."""
        created = self.now if created is None else created
        name = f"{self._seed}:{life.carrier.code}:{life.number}:{created}"
        identity = md5(name.encode(), usedforsecurity=False).hexdigest()
        stored = Stored(life, identity, created, dict(fields), ordered)
        if "updated before created" in self.quirks(life.number):
            stored.touched = created - 123
        self.stored[life.carrier.code, life.number] = stored
        return stored

    def onlooker(self, life: Life) -> Stored:
        """Return a parcel as if it were in the account, without putting it there."""
        identity = md5(f"{life.carrier.code}:{life.number}".encode(), usedforsecurity=False).hexdigest()
        return Stored(life, identity, self.now)

    # The hand that moves parcels: the panel's buttons, and tests.

    def put(
        self,
        number: str,
        carrier: str,
        *,
        status: str | None = None,
        checkpoints: Iterable[Checkpoint] = (),
        created_at: datetime | None = None,
        fresh: bool = True,
        countries: str = "",
        **fields: str,
    ) -> None:
        """Put a parcel with this very journey into the account, or give one that is there another journey.

        A `status` needs no checkpoint to tell it. A new parcel has just been refreshed, or is left to the service's
        rounds if it is not `fresh`; what changes afterwards is seen at the next refresh, which `touch` brings about.
        """
        stored, life = self.stored.get((carrier, number)), self.life(carrier, number)
        known, old = -inf, {(point.at, point.text) for point in life.events}
        if stored:
            known = self.now
            stored.fields.update(fields)
        else:
            home = life.carrier.country if life.carrier.country in COUNTRIES else "US"
            life.route = Route(number, carrier, "", "by hand", 0, countries or f"{home} {home}", *[""] * 4)
            stored = self.keep(life, fields, created=(created_at or self.clock.now() - timedelta(days=1)).timestamp())
            stored.touched = self.now if fresh else stored.touched
        life.tell(point if (point.at, point.text) in old else replace(point, known=known) for point in checkpoints)
        life.forced, life.reverses = (*life.forced, (status, known)) if status else (), False

    def touch(self, number: str) -> None:
        """Let the service ask the carrier now, whatever its rounds."""
        for stored in self._stored_as(number):
            stored.touched = self.now

    def move(self, number: str) -> None:
        """Let a parcel's next checkpoint happen now, and the service see it at once."""
        for life in self._lives_of(number):
            life.bring_on(self.now)
        self.touch(number)

    def finish(self, number: str) -> None:
        """Let a parcel come to the end of its story now, and the service see it at once."""
        for life in self._lives_of(number):
            life.finish(self.now)
        self.touch(number)

    def set_story(self, number: str, kind: str) -> None:
        """Let a parcel go on as another story does; what has happened stays.

        Raises:
            LookupError: there is no such parcel, or no such story.
        """
        if kind not in STORIES:
            raise LookupError(f"There is no story {kind!r}; there are {', '.join(STORIES)}.")
        for life in self._lives_of(number):
            life.follow(kind, self.now)

    def refresh_all(self) -> None:
        """Let the service refresh every parcel that it still refreshes."""
        for stored in self.stored.values():
            if stored.active(self.now):
                stored.touched = self.now

    def routes(self) -> list[ParcelView]:
        """Return the parcels that were on the road when the sandbox opened, for people to add."""
        return [self._view(self._lives[number][0]) for number in ROUTES]

    def parcels(self) -> list[ParcelView]:
        """Return the parcels on the road and in the account, the account's first."""
        mine = [stored.life for stored in self.stored.values()]
        return [self._view(life) for life in mine] + [view for view in self.routes() if not view.stored]

    def _view(self, life: Life) -> ParcelView:
        now, key = self.now, (life.carrier.code, life.number)
        stored = self.stored.get(key)
        refreshed = stored.refreshed(now) if stored else None
        status, _, events = (stored or self.onlooker(life)).standing(refreshed if stored else now)
        upcoming = life.upcoming(now)
        return ParcelView(
            number=life.number,
            carrier=life.carrier.code,
            carrier_name=life.carrier.name,
            title=(stored.fields.get("title", "") if stored else "") or life.route.title,
            story=life.route.story,
            stored=stored is not None,
            status=(stored and stored.mark) or status,
            where=", ".join(filter(None, (events[0].text, events[0].place))) if events else "",
            mark=stored.mark if stored else None,
            archived=stored is not None and stored.archived,
            next_in=timedelta(seconds=upcoming.at - now) if upcoming else None,
            refreshed_at=datetime.fromtimestamp(refreshed, UTC) if refreshed is not None else None,
        )

    def _lives_of(self, number: str) -> list[Life]:
        if number not in self._lives:
            raise LookupError(f"No carrier knows {number}.")
        return self._lives[number]

    def _stored_as(self, number: str) -> list[Stored]:
        keys = ((life.carrier.code, number) for life in self._lives_of(number))
        return [self.stored[key] for key in keys if key in self.stored]
