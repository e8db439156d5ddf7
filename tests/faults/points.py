"""Crash points: moments of the bot's work at which something may happen to it, found by wrapping its ports."""

import inspect
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from bot.domain.parcel import Parcel
from bot.domain.records import InboxItem, Memo, Notification, Progress
from bot.services.purchases import INTENT

NAMES = (
    *("inbox.before_append", "inbox.appended", "ack.sent", "cmd.started", "cmd.finished"),
    *("api.intent", "api.sent", "api.recorded", "poll.fetched", "obs.before_commit", "obs.committed"),
    *("out.claimed", "out.marked", "slack.sent", "slack.answered", "out.recorded"),
    *("store.tmp_written", "store.renamed", "journal.compacted", "stop.draining"),
)
Act = Callable[[], None]
_saying: ContextVar[tuple[Notification, ...]] = ContextVar("_saying", default=())


class Points:
    """Counts how often each point is passed; acts once, when one of them is passed for the so manyth time."""

    def __init__(self, act: Act | None = None, *, name: str = "", count: int = 1) -> None:
        if name and name not in NAMES:
            raise ValueError(f"{name} is no crash point; there are {', '.join(NAMES)}")
        self.passed = Counter[str]()
        self.sprung = False
        self._act = act
        self._name = name
        self._left = count

    def arm(self, name: str, count: int, act: Act) -> None:
        """Act when this point is passed for the so manyth time from now on."""
        self._name, self._left, self._act, self.sprung = name, count, act, False

    def disarm(self) -> None:
        """Act no more."""
        self._act = None

    def passing(self, name: str) -> None:
        """Pass a point, and let happen what is to happen there."""
        self.passed[name] += 1
        if name != self._name or self.sprung or self._act is None:
            return
        self._left -= 1
        if self._left <= 0:
            self.sprung = True
            self._act()


def said_here() -> tuple[Notification, ...]:
    """Return the rows that are being told by whoever calls this, however deep below the messenger."""
    return _saying.get()


class Pointed:
    """A port with points around its calls. `alive` raises when the process that calls is dead."""

    def __init__(self, inner: Any, points: Points, alive: Callable[[], None] = lambda: None) -> None:  # noqa: ANN401 - any port
        self._inner = inner
        self._points = points
        self._alive = alive

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._inner, name)
        if inspect.iscoroutinefunction(found):
            return self._watching(name, found)
        if inspect.isasyncgenfunction(found):
            return self._paging(found)
        return found

    def _watching(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        async def watched(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the port takes and gives
            self._alive()
            args, more = tuple(map(_kept, args)), {key: _kept(value) for key, value in more.items()}
            before, after = self._around(name, args, more)
            for point in before:
                self._points.passing(point)
            result = await call(*args, **more)
            for point in after:
                self._points.passing(point)
            self._alive()
            return result

        return watched

    def _paging(self, call: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def pages(*args: Any, **more: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - whatever the port takes
            self._alive()
            async for page in call(*args, **more):
                self._points.passing("poll.fetched")
                self._alive()
                yield page

        return pages

    def _around(self, name: str, args: Sequence[Any], more: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Return the points before and after a call."""
        return [], []


class PointedStore(Pointed):
    """A store with points around what it is asked to keep."""

    def _around(self, name: str, args: Sequence[Any], more: dict[str, Any]) -> tuple[list[str], list[str]]:
        if name == "add":
            return ["inbox.before_append"], ["inbox.appended"]
        if name != "save":
            return [], []
        before, after = [], []
        removed, onto = more.get("remove", ()), more.get("onto", ())
        if any(isinstance(one, InboxItem) and one.done_at for one in args):
            before.append("cmd.finished")
        if any(isinstance(one, Notification) and one.progress is Progress.SENDING for one in args):
            before.append("out.claimed")
            after.append("out.marked")
        if any(isinstance(one, Notification) for one in removed):
            after.append("out.recorded")
        if any(isinstance(one, Parcel) for one in args) and any(isinstance(one, Parcel) for one in onto):
            before.append("obs.before_commit")
            after.append("obs.committed")
        if any(_is_intent(one) for one in args):
            after.append("api.intent")
        if any(_is_intent(one) for one in removed):
            after.append("api.recorded")
        return before, after


class PointedProvider(Pointed):
    """A provider with points around what costs."""

    def _around(self, name: str, args: Sequence[Any], more: dict[str, Any]) -> tuple[list[str], list[str]]:
        return [], ["api.sent"] if name in {"create", "look_now", "archive"} else []


class PointedMessenger(Pointed):
    """A messenger that lets be known which rows it tells. The points of Slack lie below it."""

    def _around(self, name: str, args: Sequence[Any], more: dict[str, Any]) -> tuple[list[str], list[str]]:
        _saying.set(tuple(_rows((*args, *more.values()))))
        return [], []


def _is_intent(record: object) -> bool:
    return isinstance(record, Memo) and record.name.startswith(f"{INTENT} ")


def _rows(values: Iterable[Any]) -> Iterable[Notification]:
    for value in values:
        if isinstance(value, Notification):
            yield value
        elif isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            yield from _rows(value)
        elif rows := getattr(value, "rows", None):
            yield from _rows(rows)


def _kept(value: Any) -> Any:  # noqa: ANN401 - any argument
    """Return the argument in a form that can be looked at and still be used."""
    return list(value) if inspect.isgenerator(value) else value
