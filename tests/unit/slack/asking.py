"""Somebody asks something anywhere, and nobody is in between."""

from typing import Any

from bot.domain.records import InboxItem
from bot.slack.answer import answer
from bot.slack.exchange import Reply
from tests.unit.slack.conftest import WORKSPACE, World


async def ask(
    world: World,
    words: str,
    *,
    channel: str = "CPUBLIC",
    user: str = "UADA",
    workspace: str = WORKSPACE,
    **more: Any,  # noqa: ANN401 - more of an item
) -> Reply:
    """Have somebody ask something somewhere."""
    item = InboxItem(
        workspace=workspace,
        delivery=f"{world.clock.now()}",
        channel=channel,
        user=user,
        words=words,
        received_at=world.clock.now(),
        **more,
    )
    reply = await answer(item, world.services, command="/track", now=world.clock.now())
    await world.outbox.tell_due()
    return reply
