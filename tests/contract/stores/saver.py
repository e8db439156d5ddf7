"""A process that saves for as long as it lives, and says after each save what is safe: `python -m … FOLDER [anew]`."""

import asyncio
import sys
from pathlib import Path

from bot.domain.records import Memo
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import parcel, row, subscription


async def main(folder: Path, *, compacting: bool) -> None:
    """Save a parcel, its subscription, its row and a memo together, again and again; write all anew meanwhile."""
    store = await open_store(folder)
    anew = None
    while True:
        if compacting and (anew is None or anew.done()):
            anew = asyncio.create_task(store.compact())
        serial = await store.next_serial("T-ONE")
        await store.save(
            parcel(serial), subscription(serial), row(serial), Memo(workspace="T-ONE", name="newest", value=str(serial))
        )
        print(serial, flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), compacting=len(sys.argv) > 2))
