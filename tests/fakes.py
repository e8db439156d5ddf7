"""Fakes that keep the promises of the ports: a clock that moves when told, a provider and a Slack in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from bot.domain.carriers import Carrier
from bot.domain.changes import STALLED_AFTER
from bot.domain.errors import BotError, MessageGone, MessengerDoubtful, Missing
from bot.domain.parcel import (
    ChannelSettings,
    Checkpoint,
    NewParcel,
    Parcel,
    ParcelKey,
    Place,
    Quota,
    Report,
    Subscription,
)
from bot.domain.records import News, Notice, Notification
from bot.domain.reports import Reports
from bot.domain.status import Status

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved. Somebody may `step` it: then no time has passed, and yet it is another hour."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._passed = timedelta(seconds=1000)

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)  # two readings are never the same moment
        return self._now

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def move(self, **by: float) -> None:
        self._now += timedelta(**by)
        self._passed += timedelta(**by)

    def step(self, **by: float) -> None:
        self._now += timedelta(**by)


def printed(report: Report) -> Report:
    """Return the report with a fingerprint: two that say the same have the same."""
    stalls = report.days_silent is not None and report.days_silent >= STALLED_AFTER.days
    said = replace(report, updated_at=None, asked_at=None, days_silent=None, fingerprint=0), stalls
    return replace(report, fingerprint=1 + crc32(repr(said).encode()))


@dataclass
class FakeProvider:
    """A provider that holds what it is given and counts what it is asked.

    Its own time is `ahead` of the clock of this machine. A mark is echoed until it is taken back, as the real one does.
    """

    clock: FakeClock
    left: int = 412
    look_costs: int = 0
    ahead: timedelta = timedelta()
    page: int = 2000
    account: str = "fake"
    reports: dict[ParcelKey, Report] = field(default_factory=dict)
    carriers: dict[str, Sequence[Carrier]] = field(default_factory=dict)
    calls: list[tuple[str, ParcelKey | None]] = field(default_factory=list)
    refreshed: dict[ParcelKey, datetime] = field(default_factory=dict)
    created: list[NewParcel] = field(default_factory=list)
    marks: list[tuple[ParcelKey, Status | None]] = field(default_factory=list)
    archived: dict[ParcelKey, bool] = field(default_factory=dict)
    fault: BotError | None = None
    faults: dict[str, BotError] = field(default_factory=dict)

    def _called(self, name: str, key: ParcelKey | None = None) -> None:
        self.calls.append((name, key))
        if fault := self.faults.get(name, self.fault):
            raise fault

    def names(self) -> list[str]:
        """Return the calls made, by name."""
        return [name for name, _ in self.calls]

    def has(
        self, key: ParcelKey, status: Status, *checkpoints: Checkpoint, substatus: str = "", word: str = ""
    ) -> None:
        """Hold this of a parcel from now on, refreshed now."""
        now = self._now()
        self.reports[key] = Report(
            key=key, status=status, substatus=substatus, word=word, checkpoints=checkpoints, updated_at=now
        )
        self.refreshed[key] = now

    def _now(self) -> datetime:
        return self.clock.now() + self.ahead

    async def now(self) -> datetime:
        return self._now()

    async def create(self, parcel: NewParcel) -> bool:
        self._called("create", parcel.key)
        self.created.append(parcel)
        if parcel.key in self.reports:
            return False
        self.has(parcel.key, Status.PENDING)
        self.left -= 1
        return True

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        self._called("report", key)
        if key not in self.reports:
            raise Missing("The tracking service has no such parcel.", code=4017)
        return self._as_reported(key)

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        keys = [key for key, at in self.refreshed.items() if since <= at <= until]
        for begin in range(0, max(len(keys), 1), self.page):
            self._called("updated_since")
            yield Reports.of(printed(self._as_reported(key)) for key in keys[begin : begin + self.page])

    def _as_reported(self, key: ParcelKey) -> Report:
        report = replace(self.reports[key], asked_at=self.clock.now(), archived=self.archived.get(key, False))
        mark = next((status for one, status in reversed(self.marks) if one == key), None)
        return replace(report, status=mark, word="") if mark else report

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        self._called("look_now", key)
        self.left -= self.look_costs
        if key not in self.reports:
            raise Missing("The tracking service has no such parcel.", code=4017)
        return replace(self._as_reported(key), updated_at=None)

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        self._called("mark", key)
        if key not in self.reports:
            raise Missing("The tracking service has no such parcel.", code=4017)
        self.marks.append((key, status))

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        self._called("archive", key)
        self.archived[key] = archived

    async def delete(self, key: ParcelKey) -> None:
        self._called("delete", key)
        self.reports.pop(key, None)
        self.refreshed.pop(key, None)

    async def quota(self) -> Quota:
        self._called("quota")
        return Quota(left=self.left)

    async def counts(self) -> Mapping[Status, int]:
        self._called("counts")
        return {status: sum(one.status is status for one in self.reports.values()) for status in Status}

    async def detect(self, number: str) -> Sequence[Carrier]:
        self._called("detect")
        return self.carriers.get(number, ())


@dataclass
class Posted:
    """A message in the fake Slack."""

    place: Place
    ts: str
    what: str
    parcel: Parcel
    subscription: Subscription
    rows: tuple[Notification, ...] = ()
    stamp: str = ""
    thread: str = ""
    redraws: int = 0
    plain: bool = False
    more: int = 0


@dataclass
class FakeMessenger:
    """A Slack that keeps what is said.

    `faults` holds errors for the next calls of a kind, `closed` one for all calls to a channel, `slow` channels that
    answer only when let go. `loses_answers` is how many posts arrive though their sender never hears of it.
    """

    clock: FakeClock
    posts: list[Posted] = field(default_factory=list)
    introductions: list[ChannelSettings] = field(default_factory=list)
    warnings: list[tuple[str, Notice]] = field(default_factory=list)
    faults: dict[str, list[BotError]] = field(default_factory=dict)
    closed: dict[str, BotError] = field(default_factory=dict)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)
    loses_answers: int = 0
    history: bool = True
    rehearsed: list[str] = field(default_factory=list)

    def cards(self, channel: str | None = None) -> list[Posted]:
        """Return the cards posted, in order."""
        return [one for one in self.posts if one.what == "card" and channel in {None, one.place.channel}]

    def lines(self, channel: str | None = None) -> list[Posted]:
        """Return the messages in threads, in order."""
        return [one for one in self.posts if one.what == "news" and channel in {None, one.place.channel}]

    def digests(self, channel: str | None = None) -> list[Posted]:
        """Return the messages that tell of several parcels, in order."""
        return [one for one in self.posts if one.what == "digest" and channel in {None, one.place.channel}]

    def _fail(self, kind: str, channel: str = "") -> None:
        if channel in self.closed:
            raise self.closed[channel]
        if self.faults.get(kind):
            raise self.faults[kind].pop(0)

    def _post(self, posted: Posted, error: BotError) -> str:
        self.posts.append(posted)
        if self.loses_answers:
            self.loses_answers -= 1
            raise error
        return posted.ts

    def _ts(self) -> str:
        return f"{self.clock.now().timestamp():.6f}"

    async def _answer_of(self, kind: str, channel: str) -> None:
        if channel in self.slow:
            await self.slow[channel].wait()
        self._fail(kind, channel)

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        await self._answer_of("show_card", subscription.place.channel)
        if subscription.card:
            for one in self.posts:
                if one.ts == subscription.card:
                    one.parcel, one.subscription, one.plain, one.redraws = parcel, subscription, plain, one.redraws + 1
                    return one.ts
            raise MessageGone("message_not_found")
        posted = Posted(subscription.place, self._ts(), "card", parcel, subscription, stamp=stamp, plain=plain)
        return self._post(posted, MessengerDoubtful("the answer was lost"))

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        await self._answer_of("tell", subscription.place.channel)
        posted = Posted(
            subscription.place,
            self._ts(),
            "news",
            parcel,
            subscription,
            tuple(rows),
            stamp,
            subscription.card,
            plain=plain,
        )
        self._post(posted, MessengerDoubtful("the answer was lost"))

    async def digest(self, news: Sequence[News], *, stamp: str, more: int) -> None:
        first = news[0]
        await self._answer_of("digest", first.subscription.place.channel)
        rows = tuple(row for one in news for row in one.rows if row.event)
        posted = Posted(
            first.subscription.place, self._ts(), "digest", first.parcel, first.subscription, rows, stamp, more=more
        )
        self._post(posted, MessengerDoubtful("the answer was lost"))

    async def rehearse(self, news: News) -> None:
        self._fail("rehearse", news.subscription.place.channel)
        self.rehearsed += [row.id for row in news.rows]

    async def find(self, place: Place, stamp: str, *, thread: str = "", since: datetime) -> str | None:
        await self._answer_of("find", place.channel)
        if not self.history:
            return None
        since_then = [one for one in self.posts if float(one.ts) >= since.timestamp()]
        found = [one for one in since_then if (one.place, one.stamp, one.thread) == (place, stamp, thread)]
        return found[0].ts if found else ""

    async def introduce(self, settings: ChannelSettings, *, by: str) -> None:
        self._fail("introduce", settings.place.channel)
        self.introductions.append(settings)

    async def warn(self, user: str, notice: Notice) -> None:
        self._fail("warn")
        self.warnings.append((user, notice))
