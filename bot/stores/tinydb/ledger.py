"""All documents: in memory, where they are read, and in a folder, where they last.

On the disk they are a snapshot and the journals since. A change is one record at the end of the newest journal,
whatever the store's size. Now and then all is written anew beside what is there: first a new journal is begun, then the
snapshot of how things stood at that moment takes the place of the old one. The generation before stays with its
journals, so a snapshot that the disk has spoiled can be put together again without losing anything.

Over 300 lines: opening, mending and writing anew all end in the one journal that changes go to.
"""

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bot.domain.errors import StoreError
from bot.stores.tables import Row, Rows
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.folder import UNFINISHED, Folder
from bot.stores.tinydb.journal import Damaged, Journal, empty, next_after, pack_rows
from bot.stores.tinydb.reading import MAIN, PREVIOUS, Whole, journal_name, journals_among, put_together
from bot.stores.tinydb.snapshot import Sealer, pack

FORMAT_1 = "waybill.format-1.json"
"""The backup of a store of the first format; it is kept until somebody takes it away."""
ANEW_AFTER = 4 << 20
"""All is written anew when the journals hold this much, or half as much as the snapshot."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """All documents as they stood when a generation began; `alone` when nothing older may be believed any more."""

    tables: Rows
    generation: int
    alone: bool


class Ledger:
    """Keeps documents by table and number. Only one process at a time has a folder.

    Args:
        path: the folder.
        sealer: makes documents unreadable on the disk.
        as_stored: take documents as they are on the disk, sealed or not.
        files: how the system is asked.

    Raises:
        StoreError: the folder can't be used, another process holds it, or what is in it is not whole.
    """

    def __init__(
        self, path: Path, *, sealer: Sealer | None = None, as_stored: bool = False, files: Files | None = None
    ) -> None:
        self.remark = ""
        self.tables: Rows = {}
        self._journal: Journal
        self._sealer = sealer
        self._sealed = sealer is not None
        self._generation, self._carried, self._anew_at, self._dirty = 1, 0, ANEW_AFTER, False
        self._settling = threading.Lock()
        self._doubtful = False
        self._folder = Folder(path, files)
        try:
            self._open(as_stored=as_stored)
        except BaseException:
            self._folder.close()
            raise

    @property
    def path(self) -> Path:
        """Return where the snapshot is."""
        return self._folder.path / MAIN

    @property
    def sealed(self) -> bool:
        """Return whether documents are sealed on the disk."""
        return self._sealed

    @property
    def grown(self) -> bool:
        """Return whether it is time to write all anew."""
        return self._carried + self._journal.end > self._anew_at

    @property
    def changed(self) -> bool:
        """Return whether anything stands in a journal that is not in the snapshot."""
        return self._dirty

    def is_sound(self) -> bool:
        """Return whether the journal can be gone on with; when not, all is written anew before the next change."""
        return not (self._journal.failed or self._doubtful)

    def append(self, rows: Sequence[Row], *, anew: bool = True) -> None:
        """Make the changes last, all or none; `apply` shows them.

        Args:
            rows: the changes.
            anew: when the disk fails, write all anew to go on there, however long it takes.

        Raises:
            StoreError: none was made.
        """
        body = pack_rows([(table, number, text and self._seal(table, text)) for table, number, text in rows])
        if not self.is_sound():
            self.anew()
        try:
            self._append(body)
        except StoreError:
            if not (self._journal.failed and anew):
                raise
            logger.exception("the disk failed: the store goes on in a new generation")
            self.anew()
            self._append(body)

    def apply(self, rows: Sequence[Row]) -> None:
        """Have the tables show what was appended."""
        for table, number, text in rows:
            if text is None:
                self.tables.get(table, {}).pop(number, None)
            else:
                self.tables.setdefault(table, {})[number] = text

    def freeze(self) -> Frozen:
        """Begin the next journal and return all as it stands; nothing is appended meanwhile. Raises `StoreError`."""
        old, generation = self._journal, self._journal.generation + 1
        self._journal = self._new_journal(generation)
        if not old.failed:
            with suppress(OSError):  # then a journal that vanishes is not missed when the snapshot is spoiled as well
                old.append(next_after(old.generation))
        self._doubtful = self._doubtful or old.failed
        self._carried += old.end
        self._dirty = False
        old.close()
        tables = {name: dict(rows) for name, rows in self.tables.items()}
        return Frozen(tables=tables, generation=generation, alone=self._doubtful)

    def settle(self, frozen: Frozen, *, drop_previous: bool = False) -> None:
        """Write the snapshot of that moment in the place of the last; changes may go on beside it.

        Args:
            frozen: what is written.
            drop_previous: leave nothing that is older, nor what was set aside: it may hold what had to be forgotten.

        Raises:
            StoreError: it could not be written; what is there still is all that was ever saved.
        """
        with self._settling:
            try:
                self._settle(frozen, drop_previous=drop_previous)
            except StoreError:
                self._anew_at += ANEW_AFTER
                raise

    def anew(self, *, drop_previous: bool = False) -> None:
        """Write all anew, nothing else going on. Raises `StoreError`."""
        self.settle(self.freeze(), drop_previous=drop_previous)

    def close(self) -> None:
        """Let go of the folder."""
        self._journal.close()
        self._folder.close()

    # ── opening ────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, *, as_stored: bool) -> None:
        names = self._folder.names()
        if MAIN not in names and self._is_new(names):
            self._begin()
            return
        mended = False
        try:
            whole = put_together(self._folder.read, names)
        except Damaged as error:
            whole, mended = self._mend(str(error), names), True
        if whole.sealed and self._sealer is None and not as_stored:
            raise StoreError(
                f"{self.path} is sealed with a key, and none was given. Nothing was changed. "
                f"Set WAYBILL_KEY to that key."
            )
        self.tables = whole.tables
        self._sealed = whole.sealed or self._sealer is not None
        if self._sealer is not None and whole.sealed:
            self._unseal_all(self._sealer)
        self._generation, self._dirty = whole.generation, whole.changes > 0
        self._carried, self._anew_at = whole.journalled - whole.end, max(ANEW_AFTER, self._size() // 2)
        if not whole.newest:
            self._leave_format_1()
            return
        self._journal = self._go_on(whole)
        if mended or (self._sealed and not whole.sealed):
            self.anew(drop_previous=not mended)

    def _is_new(self, names: list[str]) -> bool:
        if names == [journal_name(1)] and not (self._folder.read(names[0]) or b"").strip(b"\0").removeprefix(empty(1)):
            return True  # a first start that got no further
        if names:
            raise StoreError(
                f"{self.path} is gone, but here are {', '.join(names)}. Nothing was changed. Rename the one to go on "
                f"from to {MAIN}, or move them all away to begin anew."
            )
        return True

    def _begin(self) -> None:
        self._journal = self._new_journal(1)
        self._folder.replace(MAIN, pack({}, 1, sealed=self._sealed))

    def _go_on(self, whole: Whole) -> Journal:
        with self._folder.plainly(name := journal_name(whole.newest)):
            journal = Journal(self._folder.files, self._folder.open(name), whole.newest, whole.end)
            if whole.torn:
                journal.cut()
                if journal.failed:
                    raise StoreError(f"{name} ends in a torn record that can't be cut away. Free the disk, then start.")
                self.remark += (
                    f"The last change before the stop was torn and was cut from {name}. "
                    f"It had not been acknowledged: nothing that was is missing."
                )
                logger.warning("a torn record was cut from the end of the journal", extra={"journal": name})
        return journal

    def _mend(self, why: str, names: list[str]) -> Whole:
        """Return the store put together from the generation before, and keep the broken file aside."""
        try:
            whole = put_together(self._folder.read, names, PREVIOUS)
        except (Damaged, StoreError) as error:
            aside = self._folder.set_aside(MAIN)
            raise StoreError(
                f"{self.path} is corrupt ({why}), and there is no whole {PREVIOUS} to go on from ({error}). "
                f"It was kept as {aside}. Mend it and rename it to {MAIN}, put a backup back with "
                f"`waybill store restore`, or move all these files away to begin anew."
            ) from error
        aside = self._folder.set_aside(MAIN)
        self._folder.link(PREVIOUS, MAIN)
        self.remark = (
            f"The store was corrupt and is kept as {aside}. "
            f"Waybill put it together again from the generation before and its journals; nothing is missing. "
        )
        logger.error("the store was corrupt: put together from the generation before", extra={"why": why})
        return whole

    def _leave_format_1(self) -> None:
        """Go on in this format; what was there stays beside it as a backup, sealed if the store is now."""
        if self._sealer:
            self._folder.replace(FORMAT_1, pack(self.tables, 1, sealed=True, seal=self._seal))
        else:
            self._folder.link(MAIN, FORMAT_1)
            self._folder.link(MAIN, PREVIOUS)
            self._folder.settle()
        self._journal = self._new_journal(1)
        with self._settling:
            frozen = Frozen(tables=self.tables, generation=1, alone=False)
            self._settle(frozen, drop_previous=self._sealed, keep=FORMAT_1)
        logger.info("the store is now of format 2", extra={"backup": FORMAT_1})

    def _unseal_all(self, sealer: Sealer) -> None:
        for name, rows in self.tables.items():
            for number, text in rows.items():
                if b'"sealed":' in text:
                    document: dict[str, Any] = msgspec.json.decode(text)
                    rows[number] = msgspec.json.encode(sealer.unseal(name, document))

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────

    def _seal(self, table: str, text: bytes) -> bytes:
        if self._sealer is None:
            return text
        return msgspec.json.encode(self._sealer.seal(table, msgspec.json.decode(text)))

    def _append(self, body: bytes) -> None:
        try:
            self._journal.append(body)
        except OSError as error:
            raise self._folder.refusal(journal_name(self._journal.generation), error) from error
        self._dirty = True

    def _new_journal(self, generation: int) -> Journal:
        with self._folder.plainly(name := journal_name(generation)):
            handle = self._folder.open(name)
            try:
                journal = Journal(self._folder.files, handle, generation)
                self._folder.settle()
            except BaseException:
                os.close(handle)
                with suppress(OSError):
                    self._folder.files.unlink(self._folder.path / name)
                raise
            return journal

    def _settle(self, frozen: Frozen, *, drop_previous: bool, keep: str = MAIN) -> None:
        folder = self._folder
        seal = self._seal if self._sealer else None
        folder.write(UNFINISHED, pack(frozen.tables, frozen.generation, sealed=self._sealed, seal=seal))
        oldest = frozen.generation
        if not (drop_previous or frozen.alone):
            oldest = self._generation
            folder.link(MAIN, PREVIOUS)
        size = folder.take_place(MAIN)
        self._generation, self._carried, self._anew_at = frozen.generation, 0, max(ANEW_AFTER, size // 2)
        self._doubtful = self._doubtful and not frozen.alone
        names = folder.names()
        doomed = [journal_name(one) for one in journals_among(names) if one < oldest]
        if drop_previous:
            doomed += [one for one in names if one not in {MAIN, keep} and not journals_among([one])]
        elif frozen.alone:
            doomed.append(PREVIOUS)
        folder.remove(doomed)
        folder.files.reached("journal.compacted")

    def _size(self) -> int:
        return self.path.stat().st_size
