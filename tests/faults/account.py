"""A tracking account inside the simulation: it keeps what was charged and where parcels are, and fails when told to."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.domain.carriers import Carrier
from bot.domain.errors import (
    AnswerNotUnderstood,
    AnswerTooBig,
    BotError,
    KeyRefused,
    Missing,
    ProviderBusy,
    ProviderUnavailable,
    QuotaSpent,
)
from bot.domain.parcel import Checkpoint, NewParcel, ParcelKey, Quota, Report
from bot.domain.reports import Reports
from bot.domain.status import Status
from bot.ports import Clock
from tests.fakes import printed
from tests.faults.life import Life

T = TypeVar("T")
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STANDS = (
    *("transit001", "pickup001", "undelivered", "pickup002", "delivered001", "exception010", "transit003"),
    *("exception009", "transit001", "pickup001", "delivered004"),
)
"""Where a parcel stands from scan to scan: each is told in a line of its own."""
_NOT_DONE: Mapping[str, Callable[[], BotError]] = {
    "refused": lambda: ProviderUnavailable("no connection"),
    "busy": lambda: ProviderBusy(timedelta(seconds=120)),
    "key": lambda: KeyRefused("The tracking service does not accept my key.", code=4001),
    "quota": lambda: QuotaSpent("The account has no quota left.", code=4021),
}
"""What is wrong before anything is carried out."""
PAGE = 3
LATE = 60.0
"""A refresh is in the list after so many seconds at the latest."""


@dataclass(kw_only=True)
class Held:
    """A parcel as the provider holds it; `before` is what it said until its last refresh."""

    report: Report
    listed_from: float = 0.0
    before: Report | None = None


@dataclass
class SimAccount:
    """What the provider holds; `fault` names what is wrong with it until `until`, by chance `often`."""

    luck: random.Random
    now: Callable[[], float]
    held: dict[ParcelKey, Held] = field(default_factory=dict)
    marks: dict[ParcelKey, Status] = field(default_factory=dict)
    archived: set[ParcelKey] = field(default_factory=set)
    charged: Counter[ParcelKey] = field(default_factory=Counter)
    asked_again: Counter[ParcelKey] = field(default_factory=Counter)
    fault: str = ""
    until: float = 0.0
    often: float = 1.0
    disordered_until: float = 0.0
    failed: int = 0
    name: str = "simulated"
    """What the bot calls the account; another key is another name."""

    def breaks(self, fault: str, seconds: float, often: float = 1.0) -> None:
        """Have this be wrong for so long."""
        self.fault, self.until, self.often = fault, self.now() + seconds, often

    def time(self) -> datetime:
        """Return the provider's time."""
        return BEGAN + timedelta(seconds=self.now())

    def scan(self, key: ParcelKey, number: int) -> None:
        """Let the carrier scan the parcel, so that it stands elsewhere, and the provider hear of it."""
        stands = STANDS[number % len(STANDS)]
        status = stands.rstrip("0123456789")
        point = Checkpoint(
            carrier=key.carrier,
            local_time=self.time().replace(tzinfo=None),
            text=f"scan {number:04d}",
            status=Status(status),
            substatus=stands if stands != status else "",
        )
        held = self.held[key]
        report = replace(
            held.report,
            status=Status(status),
            substatus=point.substatus,
            checkpoints=(point, *held.report.checkpoints),
            updated_at=self.time(),
        )
        late = self.luck.choice((0.0, 0.0, 0.0, self.luck.uniform(0, LATE)))
        self.held[key] = Held(report=report, before=held.report, listed_from=self.now() + late)


class SimProvider:
    """The provider's client of one process."""

    def __init__(self, account: SimAccount, life: Life, clock: Clock) -> None:
        self.account = account.name
        self.known = account
        self._life = life
        self._clock = clock

    async def now(self) -> datetime:
        return self.known.time()

    async def create(self, parcel: NewParcel) -> bool:
        account, key = self.known, parcel.key

        def do() -> bool:
            if key in account.held:
                account.asked_again[key] += 1
                return False
            account.charged[key] += 1
            account.held[key] = Held(report=Report(key=key, status=Status.PENDING, updated_at=account.time()))
            return True

        return await self._call(do, costs=True)

    async def report(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        return await self._call(lambda: self._as_reported(key))

    async def look_now(self, key: ParcelKey, *, asked_by_person: bool = False) -> Report:
        return await self._call(lambda: replace(self._as_reported(key), updated_at=None))

    async def updated_since(self, since: datetime, until: datetime) -> AsyncIterator[Reports]:
        account = self.known
        found = [
            key
            for key, held in account.held.items()
            if held.listed_from <= account.now() and since <= (held.report.updated_at or BEGAN) <= until
        ]
        if account.now() < account.disordered_until:
            found = [*found, *found]
            account.luck.shuffle(found)
        for begin in range(0, max(len(found), 1), PAGE):
            page = found[begin : begin + PAGE]
            yield await self._call(lambda: Reports.of(printed(self._listed(key)) for key in page))  # noqa: B023 - called at once

    async def mark(self, key: ParcelKey, status: Status | None) -> None:
        def do() -> None:
            self._known(key)
            if status:
                self.known.marks[key] = status
            else:
                self.known.marks.pop(key, None)

        await self._call(do)

    async def archive(self, key: ParcelKey, *, archived: bool) -> None:
        def do() -> None:
            self._known(key)
            (self.known.archived.add if archived else self.known.archived.discard)(key)

        await self._call(do)

    async def delete(self, key: ParcelKey) -> None:
        await self._call(lambda: self.known.held.pop(key, None))

    async def quota(self) -> Quota:
        return await self._call(lambda: Quota(left=500 - self.known.charged.total()))

    async def counts(self) -> Mapping[Status, int]:
        return await self._call(lambda: Counter(held.report.status for held in self.known.held.values()))

    async def detect(self, number: str) -> Sequence[Carrier]:
        return await self._call(tuple[Carrier, ...])

    def _known(self, key: ParcelKey) -> Held:
        if key not in self.known.held:
            raise Missing("The tracking service has no such parcel.", code=4017)
        return self.known.held[key]

    def _as_reported(self, key: ParcelKey) -> Report:
        report = replace(self._known(key).report, asked_at=self._clock.now(), archived=key in self.known.archived)
        return replace(report, status=mark, substatus="") if (mark := self.known.marks.get(key)) else report

    def _listed(self, key: ParcelKey) -> Report:
        """Return the report in a list; when they come in disorder, some are as they were a refresh ago."""
        account = self.known
        report = self._as_reported(key)
        before = account.held[key].before
        if before and account.now() < account.disordered_until and account.luck.random() < 0.4:
            return replace(before, asked_at=report.asked_at)
        return report

    async def _call(self, do: Callable[[], T], *, costs: bool = False) -> T:
        """Carry a call out, or fail on the way there or back."""
        account, luck = self.known, self.known.luck
        self._life.alive()
        wrong = account.fault if account.now() < account.until and luck.random() < account.often else ""
        account.failed += bool(wrong)
        if wrong in {"refused", "busy", "key", "quota"} and (wrong != "quota" or costs):
            await asyncio.sleep(luck.uniform(0.01, 0.1))
            raise _NOT_DONE[wrong]()  # noqa: RSE102 - it is a function that makes the error
        began = account.now()
        await asyncio.sleep(luck.uniform(0.02, 0.4))
        self._life.alive()
        taken = wrong not in {"hang", "server fault", "reset"} or luck.random() < 0.6
        result = do() if taken else None
        match wrong:
            case "hang":
                await asyncio.sleep(max(began + 30 - account.now(), 0.0))
                raise ProviderUnavailable("time limit")
            case "drip":
                await asyncio.sleep(18)
            case "reset" | "server fault":
                raise ProviderUnavailable(wrong)
            case "garbage" | "wrong shape":
                raise AnswerNotUnderstood("data", wrong)
            case "oversize":
                raise AnswerTooBig("data", wrong)
            case _:
                await asyncio.sleep(luck.uniform(0.02, 0.4))
        self._life.alive()
        return result  # type: ignore[return-value]  # it was taken
