"""A store that forgets all when the process ends, for tests. It packs records as a store on disk does."""

from collections.abc import Sequence

from bot.ports import Record
from bot.stores.store import RecordStore
from bot.stores.tables import Changes, Slot, to_document, to_record, to_text


class MemoryTables:
    """Tables in memory. They outlive a store, so that another can be opened on them."""

    def __init__(self) -> None:
        self.remark = ""
        self._texts: dict[Slot, bytes] = {}

    async def load(self) -> Sequence[Record]:
        """Return every record."""
        return [to_record(table, text) for (table, _), text in self._texts.items()]

    async def write(self, changes: Changes) -> None:
        """Make all the changes, or none. Raises `StoreError`."""
        texts = {slot: to_text(to_document(record)) for slot, record in changes.items() if record is not None}
        for slot in changes.keys() - texts.keys():
            self._texts.pop(slot, None)
        self._texts |= texts

    async def close(self) -> None:
        """Hold on to the records: there is nothing else to let go of."""


def memory_store() -> RecordStore:
    """Return an empty store in memory."""
    return RecordStore(MemoryTables())
