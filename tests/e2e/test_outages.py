"""What is told while Slack or TrackingMore fails: everything, and once where Slack lets us look."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.e2e.ground import Ground, Line
from tests.e2e.stage import ORDERS, until


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Return a stage whose bot runs, with a channel that hears everything."""
    ground = Ground(tmp_path)
    await ground.start()
    await ground.types("/track subscribe everything")
    yield ground
    await ground.stop()


async def follow(ground: Ground, parcels: int) -> list[str]:
    """Have #orders follow so many parcels; return their numbers."""
    numbers = [ground.prints() for _ in range(parcels)]
    await ground.types(f"/track add {' '.join(numbers)}")
    return numbers


async def told(ground: Ground) -> None:
    """Wait until the newest scan of every parcel was told and nothing is left to tell."""

    async def everything() -> bool:
        newest = [ground.told(ORDERS, number) == scans for number, scans in ground.scans.items()]
        return all(newest) and not ground.untold() and not ground.undone()

    await until(everything, patience=40)


def lines(ground: Ground, *numbers: str) -> list[list[Line]]:
    """Return what was told of each parcel's scans, in order."""
    return [ground.lines(ORDERS, number) for number in numbers]


def scan(number: int) -> Line:
    """Return a message that tells of this scan alone."""
    return Line(newest=number, tells_of=1)


async def failures(ground: Ground, calls: int) -> None:
    """Wait until so many calls of the bot's have met a provider that is down."""
    before = len(ground.world.trackingmore.calls)

    async def enough() -> bool:
        return len(ground.world.trackingmore.calls) >= before + calls

    await until(enough)


async def until_used(ground: Ground) -> None:
    """Wait until both answers to posts were lost."""

    async def both() -> bool:
        return all(rule.used for rule in ground.world.slack.faults.rules if rule.stores)

    await until(both)


async def test_what_slack_or_the_provider_could_not_take_is_told_once_afterwards(ground: Ground) -> None:
    slack, provider = ground.world.slack.faults, ground.world.trackingmore.faults
    first, second = await follow(ground, 2)
    await told(ground)

    slack.busy(times=3, retry_after=1)
    ground.scan(first)
    await told(ground)
    provider.down = True
    ground.scan(first)
    ground.scan(second)
    await failures(ground, 3)
    provider.down = False
    await told(ground)

    assert lines(ground, first, second) == [[scan(1), scan(2)], [scan(1)]]
    assert all(len(cards) == 1 for cards in ground.cards(ORDERS).values())


async def test_what_slack_took_without_an_answer_is_not_told_again(ground: Ground) -> None:
    slack = ground.world.slack.faults
    known, other = await follow(ground, 2)
    await told(ground)

    slack.drop(times=1)
    slack.http_500(after_store=True, times=1)
    slack.http_500("conversations.replies")
    ground.scan(known)
    [new] = await follow(ground, 1)
    await until_used(ground)
    ground.scan(other)
    ground.scan(known)
    await told(ground)

    assert lines(ground, known, other, new) == [[scan(1), scan(2)], [scan(1)], []]
    assert all(len(cards) == 1 for cards in ground.cards(ORDERS).values())


async def test_without_the_right_to_read_history_nothing_is_lost(ground: Ground) -> None:
    scopes, slack = ground.world.slack.scopes, ground.world.slack.faults
    scopes[:] = [scope for scope in scopes if not scope.endswith(":history")]
    stored, refused = await follow(ground, 2)
    await told(ground)

    slack.drop(times=1)
    ground.scan(stored)
    await until_used(ground)
    slack.http_500(times=1)
    ground.scan(refused)
    await told(ground)

    assert lines(ground, stored, refused) == [
        [scan(1), scan(1)],
        [scan(1)],
    ]  # the first may stand there twice, and does
