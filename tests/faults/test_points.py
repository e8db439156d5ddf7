"""The real bot, ended at a crash point by itself, does what it acknowledged and tells each change once."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.stage import ORDERS, PATIENCE, until
from tests.faults.bot import KILLED
from tests.faults.ground import PointedGround


@pytest.mark.promise("R1", "R14", "R24")
@pytest.mark.parametrize(("by", "point"), [("http", "ack.sent"), ("socket", "api.sent")])
async def test_a_command_is_done_once_although_the_bot_dies_at_a_point_of_it(
    tmp_path: Path, by: str, point: str
) -> None:
    ground = PointedGround(tmp_path, by=by)
    ground.crash = f"{point}:1:kill"
    try:
        await ground.start()
        number = ground.prints()

        delivery = (await ground.types(f"/track add {number}"))["delivery"]
        assert ground.bot
        died = await asyncio.wait_for(ground.bot.wait(), PATIENCE)
        ground.crash = ""
        await ground.start_bot()
        if delivery["failed"]:
            await ground.types(f"/track add {number}")
        await until(lambda: _is_done(ground, number))
        cards, charged = ground.cards(ORDERS)[number], ground.charged()
    finally:
        await ground.stop()

    assert died == KILLED
    assert len(cards) == 1
    assert charged == 1


async def _is_done(ground: PointedGround, number: str) -> bool:
    return number in ground.cards(ORDERS) and not ground.undone() and not ground.untold()
