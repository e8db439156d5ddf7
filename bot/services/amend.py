"""Changing a stored record that others change too: read, change, save onto what was read, and again when it moved."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.domain.errors import RevisionMoved
from bot.domain.parcel import ChannelSettings, Subscription
from bot.ports import Store

R = TypeVar("R", Subscription, ChannelSettings)
TRIES = 8


async def amend(store: Store, read: Callable[[], Awaitable[R | None]], rule: Callable[[R], R]) -> R | None:
    """Save what the rule makes of the record as it is stored now, and return it; None when there is none.

    Raises:
        RevisionMoved: others saved it at each of our tries.
    """
    for _ in range(TRIES):
        stored = await read()
        if stored is None:
            return None
        after = rule(stored)
        try:
            await store.save(after, onto=(stored,))
        except RevisionMoved:
            continue
        return after
    raise RevisionMoved("others changed it at each try")
