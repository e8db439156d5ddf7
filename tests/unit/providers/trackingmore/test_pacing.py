"""The pace of calls: one a second in each lane, people first, silence when it is asked for."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.errors import ProviderBusy
from bot.providers.trackingmore.pacing import MOST_WAITING, SPACING, Pacer

LIST, LOOK = "GET /trackings/get", "POST /trackings/realtime"


class Steps:
    """A clock that a test moves on; who sleeps is awake when the time has come."""

    def __init__(self) -> None:
        self.seconds = 50.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.seconds + seconds, until))
        await until

    async def on(self, seconds: float) -> None:
        """Move on in steps small enough for everybody to wake up in turn."""
        end = self.seconds + seconds
        while self.seconds < end:
            for _ in range(5):
                await asyncio.sleep(0)
            self.seconds = min(self.seconds + 0.05, end)
            due = [future for at, future in self._sleepers if at <= self.seconds + 1e-9]
            self._sleepers = [(at, future) for at, future in self._sleepers if at > self.seconds + 1e-9]
            for future in due:
                if not future.done():
                    future.set_result(None)
        for _ in range(5):
            await asyncio.sleep(0)


class Queue:
    """Callers of a pacer, and when each got its turn."""

    def __init__(self) -> None:
        self.time = Steps()
        self.pacer = Pacer(monotonic=self.time.monotonic, sleep=self.time.sleep)
        self.turns: list[tuple[str, float]] = []

    async def call(
        self, name: str, lane: str = LIST, *, person: bool = False, takes: float = 0, leaves: bool = True
    ) -> None:
        async with self.pacer.turn(lane, asked_by_person=person) as sent:
            self.turns.append((name, round(self.time.seconds - 50, 2)))
            if leaves:
                sent()
            if takes:
                await self.time.sleep(takes)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.turns]


async def test_the_first_call_waits_for_nothing() -> None:
    queue = Queue()

    await queue.call("first")

    assert queue.turns == [("first", 0)]


async def test_right_after_a_start_it_waits_since_a_process_before_may_just_have_called() -> None:
    queue = Queue()
    queue.pacer = Pacer(rest=SPACING, monotonic=queue.time.monotonic, sleep=queue.time.sleep)

    first = asyncio.create_task(queue.call("first"))
    await queue.time.on(3)
    await first
    await queue.call("other lane", "POST /trackings/post")

    assert queue.turns == [("first", 1.1), ("other lane", 3)]


async def test_calls_of_one_operation_are_more_than_a_second_apart() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(queue.call(name))
        await queue.time.on(4)

    times = [at for _, at in queue.turns]
    assert queue.names == ["a", "b", "c"]
    assert all(1 < later - earlier < 1.3 for earlier, later in pairwise(times))


async def test_operations_do_not_wait_for_each_other() -> None:
    queue = Queue()

    await queue.call("page", LIST)
    await queue.call("look", LOOK)

    assert queue.turns == [("page", 0), ("look", 0)]


async def test_what_a_person_asked_goes_before_rounds_that_came_earlier() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        for name in ("round 1", "round 2", "round 3"):
            group.create_task(queue.call(name))
        await queue.time.on(0.1)
        group.create_task(queue.call("Ada", person=True))
        group.create_task(queue.call("Ben", person=True))
        await queue.time.on(8)

    assert queue.names == ["round 1", "Ada", "Ben", "round 2", "round 3"]


async def test_a_slow_answer_does_not_hold_up_the_next_call() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(queue.call("slow", LOOK, takes=30))
        group.create_task(queue.call("next", LOOK))
        await queue.time.on(31)

    assert queue.turns[1][1] < 1.3


async def test_a_second_is_reckoned_from_when_a_call_has_left() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(queue.call("connecting for 2 s", takes=2, leaves=False))
        group.create_task(queue.call("next"))
        await queue.time.on(6)

    assert 3 < queue.turns[1][1] < 3.4


async def test_who_gives_up_leaves_the_place_to_the_next() -> None:
    queue = Queue()
    await queue.call("first")
    impatient = asyncio.create_task(queue.call("impatient"))
    await queue.time.on(0.1)

    async with asyncio.TaskGroup() as group:
        group.create_task(queue.call("patient"))
        await queue.time.on(0.1)
        impatient.cancel()
        await queue.time.on(4)

    assert impatient.cancelled()
    assert queue.names == ["first", "patient"]


@pytest.mark.promise("R25")
@pytest.mark.parametrize("person", [True, False])
async def test_in_silence_everybody_is_told_at_once_how_long_it_lasts(*, person: bool) -> None:
    queue = Queue()
    queue.pacer.silence(timedelta(seconds=120))
    await queue.time.on(20)

    with pytest.raises(ProviderBusy) as busy:
        await queue.call("too early", LOOK, person=person)

    assert busy.value.retry_after is not None
    assert round(busy.value.retry_after.total_seconds()) == 100
    assert queue.turns == []


async def test_who_waits_when_silence_begins_is_told_so() -> None:
    queue = Queue()
    await queue.call("first")
    waiting = asyncio.create_task(queue.call("waiting"))
    await queue.time.on(0.1)

    queue.pacer.silence(timedelta(seconds=120))
    await queue.time.on(2)

    with pytest.raises(ProviderBusy):
        await waiting


async def test_silence_ends() -> None:
    queue = Queue()
    queue.pacer.silence(timedelta(seconds=120))

    await queue.time.on(121)
    await queue.call("after it")

    assert queue.names == ["after it"]


async def test_a_shorter_silence_does_not_cut_a_longer_one() -> None:
    queue = Queue()
    queue.pacer.silence(timedelta(seconds=120))

    queue.pacer.silence(timedelta(seconds=5))

    assert queue.pacer.silent_for == timedelta(seconds=120)


async def test_a_lane_takes_only_so_many_and_turns_away_the_rest() -> None:
    queue = Queue()
    await queue.call("first")
    crowd = [asyncio.create_task(queue.call(str(number))) for number in range(MOST_WAITING)]
    await queue.time.on(0.1)

    with pytest.raises(ProviderBusy) as busy:
        await queue.call("one too many", person=True)

    assert busy.value.retry_after == MOST_WAITING * SPACING
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_after_a_quick_answer_the_next_call_keeps_its_distance_from_the_answer() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(queue.call("held up on its way", takes=0.5))
        group.create_task(queue.call("next"))
        await queue.time.on(3)

    assert 1.6 <= queue.turns[1][1] < 1.75


async def test_nobody_waits_for_a_slow_answer() -> None:
    queue = Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(queue.call("slow", takes=30))
        group.create_task(queue.call("next"))
        await queue.time.on(31)

    assert 1.1 <= queue.turns[1][1] < 1.25
