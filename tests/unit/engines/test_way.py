"""Right of way: work begins when no request is coming in, and never waits long for it."""

import asyncio

import pytest

from bot.engines import way
from bot.engines.way import RightOfWay


@pytest.mark.promise("R4")
async def test_work_waits_while_a_request_is_being_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "AT_MOST", 30)
    monkeypatch.setattr(way, "PAUSE", 0.01)
    order, kept, right = [], asyncio.Event(), RightOfWay()

    async def keep(name: str) -> None:
        await kept.wait()
        order.append(name)

    async def work(name: str) -> None:
        order.append(name)

    request = asyncio.ensure_future(right.first(keep)("request"))
    await asyncio.sleep(0)
    working = asyncio.ensure_future(right.after(work)("work"))
    await asyncio.sleep(0.05)
    kept.set()
    await asyncio.gather(request, working)

    assert order == ["request", "work"]


async def test_in_a_rush_that_lasts_work_goes_on_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "AT_MOST", 0.02)
    right = RightOfWay()

    async def never(_: str) -> None:
        await asyncio.Event().wait()

    async def work(name: str) -> str:
        return name

    request = asyncio.ensure_future(right.first(never)("request"))
    done = await asyncio.wait_for(right.after(work)("work"), 5)
    request.cancel()

    assert done == "work"


async def test_what_a_request_raises_is_raised_and_leaves_the_way_free() -> None:
    right = RightOfWay()

    async def fails(_: str) -> None:
        raise OSError("disk")

    async def work(name: str) -> str:
        return name

    with pytest.raises(OSError, match="disk"):
        await right.first(fails)("request")

    assert await asyncio.wait_for(right.after(work)("work"), 5) == "work"
