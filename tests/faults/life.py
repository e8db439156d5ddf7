"""The life of one simulated process: when it is over, nothing that it began can do anything any more."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

_whose: ContextVar["Life | None"] = ContextVar("_whose", default=None)


class Death(BaseException):
    """The process is gone: nothing of ours can catch it."""


class Life:
    """Owns every task that is started in it."""

    def __init__(self) -> None:
        self.over = False
        self.ended = asyncio.Event()
        self.asked_to_stop = self.was_killed = self.could_not_record = False
        self.died_at = float("inf")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last_rites: list[Callable[[], None]] = []

    def alive(self) -> None:
        """Live on. Raises `Death`."""
        if self.over:
            raise Death

    def begins(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work that belongs to this life."""
        token = _whose.set(self)
        try:
            return asyncio.get_running_loop().create_task(work)
        finally:
            _whose.reset(token)

    def ends(self) -> None:
        """Die, from within or from outside."""
        if self.over:
            return
        self.over = True
        self.ended.set()
        self.died_at = asyncio.get_running_loop().time()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        while self._last_rites:
            self._last_rites.pop()()

    def at_the_end(self, act: Callable[[], None]) -> None:
        """Have this done when it ends, as a system does for its processes."""
        self._last_rites.append(act)

    def holds_nothing(self) -> None:
        """Leave nothing to be done at the end: it was done already."""
        self._last_rites.clear()

    async def is_over(self) -> None:
        """Wait until every task has noticed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def owns(self, task: asyncio.Task[Any]) -> None:
        """Take a task in that one of ours has started."""
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if self.over and not task.cancelled():
            task.exception()  # seen: the dead have no faults


def own_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have each task belong to the life that it was started in."""

    def factory(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:  # noqa: ANN401 - asyncio's own
        task = asyncio.Task(work, loop=loop, **more)
        if life := _whose.get():
            life.owns(task)
        return task

    loop.set_task_factory(_as_factory(factory))


def _as_factory(factory: Callable[..., asyncio.Task[Any]]) -> Any:  # noqa: ANN401 - its type differs between Pythons
    return factory
