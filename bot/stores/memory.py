"""A store that forgets all when the process ends, for tests. It packs records as a store on disk does."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from bot.stores.store import RecordStore
from bot.stores.tables import Row, Rows


class MemoryTables:
    """Tables in memory. They outlive a store, so that another can be opened on them."""

    grown = changed = False

    def __init__(self) -> None:
        self.remark = ""
        self.rows: Rows = {}

    async def write(self, rows: Sequence[Row]) -> None:
        """Make all the changes."""
        for table, number, text in rows:
            if text is None:
                self.rows.get(table, {}).pop(number, None)
            else:
                self.rows.setdefault(table, {})[number] = text

    async def compact(self, turn: AbstractAsyncContextManager[object], *, drop_previous: bool) -> None:
        """There is nothing older than what is held."""

    async def close(self) -> None:
        """Hold on to the records: there is nothing else to let go of."""


def memory_store() -> RecordStore:
    """Return an empty store in memory."""
    return RecordStore(MemoryTables())
