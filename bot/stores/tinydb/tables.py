"""A store's tables in a folder.

Work on the disk is done in a thread, and compaction in another. Small changes to a disk that is quick all the time are
made without: handing them over would take as long as making them.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bot.domain.errors import StoreError
from bot.stores.store import RecordStore, store_on
from bot.stores.tables import Row, Rows
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.ledger import Ledger
from bot.stores.tinydb.snapshot import Sealer

QUICK = 0.001
"""Seconds: what an event loop is not missed for."""
PROVEN = 100
"""So many changes in a row must have been quick; after one that was not, the thread makes so many again."""
SMALL = 1 << 16
"""Bytes: changes of more take long on any disk."""


class TinyTables:
    """Tables that a ledger keeps. Implements `Tables`."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.perf_counter) -> None:
        self.remark = ledger.remark
        self._ledger = ledger
        self._clock = clock
        self._quick = 0
        self._writer = _Thread()

    @property
    def rows(self) -> Rows:
        """Return every document."""
        return self._ledger.tables

    @property
    def grown(self) -> bool:
        """Return whether it is time to write all anew."""
        return self._ledger.grown

    @property
    def changed(self) -> bool:
        """Return whether anything was changed since all was written anew."""
        return self._ledger.changed

    async def write(self, rows: Sequence[Row]) -> None:
        """Make all the changes, durably. Raises `StoreError`: none was made."""
        small = sum(len(text) for _, _, text in rows if text) < SMALL
        if not (small and self._made_here(rows)):
            await asyncio.get_running_loop().run_in_executor(self._writer, self._append, rows)
        self._ledger.apply(rows)

    async def compact(self, turn: AbstractAsyncContextManager[object], *, drop_previous: bool) -> None:
        """Write all anew beside what is there; only its first moment needs a turn of its own. Raises `StoreError`."""
        async with turn:
            frozen = await asyncio.to_thread(self._ledger.freeze)
        await asyncio.to_thread(self._ledger.settle, frozen, drop_previous=drop_previous)

    async def close(self) -> None:
        """Let another process have the folder."""
        self._writer.shutdown()
        self._ledger.close()

    def _made_here(self, rows: Sequence[Row]) -> bool:
        """Make the changes on the event loop if it will hardly be held; return whether they were made."""
        if self._quick < PROVEN or not self._ledger.is_sound():
            return False
        try:
            self._append(rows, anew=False)
        except StoreError:
            if self._ledger.is_sound():
                raise
            return False  # the disk failed: all will be written anew, and that takes long
        return True

    def _append(self, rows: Sequence[Row], *, anew: bool = True) -> None:
        began = self._clock()
        self._ledger.append(rows, anew=anew)
        self._quick = self._quick + 1 if self._clock() - began < QUICK else 0


class _Thread(Executor):
    """One thread, woken in half the time that a pool takes: as long as a quick disk takes to write a change."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def submit(self, act: Callable[..., Any], /, *args: Any, **more: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # noqa: ANN401 - asyncio takes a future of its own as it is
        """Have it done after all that was asked before."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def job() -> None:
            try:
                tell, said = done.set_result, act(*args, **more)
            except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
                tell, said = done.set_exception, error
            loop.call_soon_threadsafe(lambda: None if done.done() else tell(said))

        self._jobs.put(job)
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as the standard library has it
        """End when all was done."""
        self._jobs.put(None)
        if wait:
            self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


async def open_store(folder: Path, sealer: Sealer | None = None, *, files: Files | None = None) -> RecordStore:
    """Return the store in this folder; a new one when it never had one.

    Args:
        folder: the folder, which is for Waybill alone.
        sealer: makes personal fields unreadable on the disk; what is there in clear is written anew.
        files: how the system is asked; tests make it fail.

    Raises:
        StoreError: it can't be opened; what is in it was kept.
    """
    ledger = await asyncio.to_thread(Ledger, folder, sealer=sealer, files=files)
    return await store_on(TinyTables(ledger))
