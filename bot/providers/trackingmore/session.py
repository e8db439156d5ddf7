"""One account at TrackingMore: asks in its turn, unwraps the envelope, keeps the provider's time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar

from bot.domain.errors import AnswerNotUnderstood, ProviderBusy, ProviderError, ProviderUnavailable
from bot.ports import Clock
from bot.providers.trackingmore.codes import GOOD, SILENCE, TOO_MANY_REQUESTS, error_of
from bot.providers.trackingmore.pacing import Pacer
from bot.providers.trackingmore.reader import Reader, decode
from bot.providers.trackingmore.transport import MEBIBYTE, TOTAL, ConnectionFault, RawAnswer, Transport

logger = logging.getLogger(__name__)
T = TypeVar("T")

_BIG = 64 * 1024  # bytes: reading more would keep the loop from others
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the service. `name` is the vendor's: method and path; it is also the operation's lane."""

    name: str
    total: timedelta = TOTAL
    most_bytes: int = 4 * MEBIBYTE

    @property
    def reads(self) -> bool:
        """Whether it changes nothing and costs nothing, so that it may be asked twice."""
        return self.name.startswith("GET ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a good answer holds. `asked_at` is our time just before it was asked, `where` its place for errors."""

    code: int
    data: object
    asked_at: datetime
    where: str

    @property
    def reader(self) -> Reader:
        """The data as an object.

        Raises:
            AnswerNotUnderstood: it is none.
        """
        return Reader(self.data, self.where)


class Session:
    """All calls of one account go through here."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        pacer: Pacer | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._pacer = pacer or Pacer(monotonic=monotonic)
        self._monotonic = monotonic
        self._heard: tuple[datetime, float] | None = None  # the service's time, and when we heard it
        self._silent_since: float | None = None
        self.has_answered = False

    async def ask(
        self,
        operation: Operation,
        *,
        path: str = "",
        query: Mapping[str, str] | None = None,
        body: object = None,
        language: str = "",
        asked_by_person: bool = True,
        unwrapped_by: Callable[[RawAnswer, str], Awaitable[tuple[int, object]]] | None = None,
    ) -> Answer:
        """Ask the service in our turn and return its answer.

        Raises:
            ProviderBusy: it wants silence; nothing was sent.
            ProviderUnavailable: it does not answer. Whether it did what was asked is not known.
            ProviderRefused: it said no; the class says to what.
            AnswerNotUnderstood: its answer makes no sense.
        """

        async def once() -> tuple[RawAnswer, datetime]:
            async with self._pacer.turn(operation.name, asked_by_person=asked_by_person) as sent:
                asked_at = self._clock.now()
                raw = await self._transport.send(
                    operation.name,
                    path or operation.name.partition(" ")[2],
                    query=query,
                    body=body,
                    language=language,
                    total=operation.total,
                    most_bytes=operation.most_bytes,
                    on_sent=sent,
                )
            return raw, asked_at

        try:
            raw, asked_at = await (_twice(once) if operation.reads else once())
            self._listen(raw)
            code, data = await (unwrapped_by or unwrap_beside)(raw, operation.name)
            if code not in GOOD:
                raise self._error(code, raw)
        except ProviderBusy:
            raise
        except ProviderUnavailable as error:
            self._note_silence(operation, error)
            raise
        except ProviderError:
            self._note_answer()
            raise
        self._note_answer()
        return Answer(code=code, data=data, asked_at=asked_at, where=f"{operation.name} data")

    def now(self) -> datetime:
        """Return the service's time as far as we have heard it, else our own."""
        if self._heard is None:
            return self._clock.now()
        moment, at = self._heard
        return moment + timedelta(seconds=self._monotonic() - at)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    def _listen(self, raw: RawAnswer) -> None:
        """Keep the time that the answer was given at; without one our own clock is as good as any."""
        self.has_answered = True
        try:
            moment = parsedate_to_datetime(raw.headers.get("Date", ""))
            if moment.tzinfo:
                self._heard = moment.astimezone(UTC), self._monotonic()
        except (ValueError, OverflowError):
            return

    def _error(self, code: int, raw: RawAnswer) -> ProviderError:
        if code != TOO_MANY_REQUESTS:
            return error_of(code)
        length = _retry_after(raw.headers.get("Retry-After", ""))
        if not self._pacer.silent_for:
            logger.warning("provider asks for silence", extra={"seconds": length.total_seconds()})
        self._pacer.silence(length)
        return error_of(code, retry_after=length)

    def _note_silence(self, operation: Operation, error: ProviderUnavailable) -> None:
        if self._silent_since is None:
            self._silent_since = self._monotonic()
            logger.warning("provider stopped answering", extra={"operation": operation.name, "why": error.why})

    def _note_answer(self) -> None:
        if self._silent_since is not None:
            seconds = round(self._monotonic() - self._silent_since)
            self._silent_since = None
            logger.info("provider answers again", extra={"seconds": seconds})


async def off_the_loop(work: Callable[[], T], *, much: bool) -> T:
    """Return what the work gives; when it is much it is done in a thread."""
    return await asyncio.to_thread(work) if much else work()


async def _twice(once: Callable[[], Awaitable[tuple[RawAnswer, datetime]]]) -> tuple[RawAnswer, datetime]:
    try:
        return await once()
    except ConnectionFault:
        return await once()


async def unwrap_beside(
    raw: RawAnswer, where: str, by: Callable[[RawAnswer, str], tuple[int, object]] | None = None
) -> tuple[int, object]:
    """Return code and data of an envelope; of a big one it is done in a thread."""
    return await off_the_loop(partial(by or unwrap, raw, where), much=len(raw.body) > _BIG)


def unwrap(raw: RawAnswer, where: str) -> tuple[int, object]:
    """Return code and data of an envelope. Only an answer without one is judged by its HTTP status."""
    try:
        envelope = Reader(decode(raw.body, where), where)
        return envelope.inside("meta").whole("code"), envelope.get("data")
    except AnswerNotUnderstood:
        if raw.status == TOO_MANY_REQUESTS:
            return TOO_MANY_REQUESTS, None
        if raw.status != _OK:
            raise ProviderUnavailable(f"HTTP {raw.status} without a word of the service") from None
        raise


def _retry_after(text: str) -> timedelta:
    """Return how long to be silent; what the header says counts only when it makes sense."""
    seconds = int(text) if text.strip().isascii() and text.strip().isdecimal() and len(text) <= 4 else 0  # noqa: PLR2004
    return timedelta(seconds=seconds) if 1 <= seconds <= 3600 else SILENCE  # noqa: PLR2004 - an hour at most
