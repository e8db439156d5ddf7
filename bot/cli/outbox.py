"""`waybill outbox`: what is still to be told and what was set aside: list it, have it told now, or drop it."""

import argparse
import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import SystemClock, sealer_of
from bot.domain.records import Notification, Progress
from bot.ports import Store
from bot.services.setbacks import waiting
from bot.settings import Settings, read_settings
from bot.stores.tinydb import open_store

SUMMARY = "List what is still to be told, have it told now, or drop it; needs the bot stopped."
ALL = "all"
UNKNOWN = 1
COLUMNS = ("ID", "Channel", "Parcel", "What", "State", "Tries", "Since (UTC)", "Reason")
WIDE = 160
"""Columns of a file or a pipe, which has no width of its own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the three, and the rows meant."""
    acts = parser.add_subparsers(required=True, metavar="ACT", dest="what")
    acts.add_parser("list", help="show what waits and what was set aside, and why")
    for name, help_text in (
        ("replay", "have it told at the next start, as if nobody had tried"),
        ("drop", "never tell it"),
    ):
        one = acts.add_parser(name, help=help_text)
        one.add_argument("ids", nargs="+", metavar="ID", help=f"as `list` shows it; `{ALL}` for all that was set aside")


def main(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    return asyncio.run(_do(read_settings(), options))


async def _do(settings: Settings, options: argparse.Namespace) -> int:
    out = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    store = await open_store(settings.waybill_data, sealer_of(settings))
    try:
        aside = await store.set_aside()
        rows = {short(row): row for row in (*aside, *await store.waiting())}
        if options.what == "list":
            out.print(_table(list(rows.values())) if rows else "Nothing is to be told, and nothing was set aside.")
            return 0
        asked = dict.fromkeys(options.ids)
        if ALL in asked:
            asked = dict.fromkeys(short(row) for row in aside) | asked
            del asked[ALL]
        unknown = [one for one in asked if one not in rows]
        if unknown:
            said = f"The outbox has no {', '.join(unknown)}. Nothing was changed; `waybill outbox list` shows the ids."
            print(f"waybill: {said}", file=sys.stderr)  # noqa: T201 - the person at the terminal reads this
            return UNKNOWN
        meant = [rows[one] for one in asked]
        out.print(_table(meant))
        if options.what == "drop":
            await store.save(remove=meant)
            out.print(f"Dropped: {len(meant):,}. They will never be told.")
        else:
            await replay(store, meant, SystemClock().now())
            out.print(f"To be told at the next start: {len(meant):,}.")
        return 0
    finally:
        await store.close()


async def replay(store: Store, rows: Sequence[Notification], now: datetime) -> None:
    """Make rows due, as if nobody had tried. Raises `StoreError`.

    Of one that was being told when the process ended, the next start finds out whether it was posted.
    """
    anew = (row if row.progress is Progress.SENDING else waiting(row) for row in rows)
    await store.save(*(replace(row, created_at=now, until=now, attempts=0, refusals=0, reason="") for row in anew))


def short(row: Notification) -> str:
    """Return what people call the row by: its own id is as long as a line."""
    return hashlib.blake2b(row.id.encode(), digest_size=5).hexdigest()


def _table(rows: Sequence[Notification]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, no_wrap=name == "ID", overflow="fold")
    for row in rows:
        told = (
            short(row),
            row.place.channel,
            f"{row.key.carrier} {row.key.number}",
            row.event or "card",
            row.progress,
            f"{row.attempts + row.refusals:,}",
            f"{row.created_at:%Y-%m-%d %H:%M}",
            row.reason,
        )
        table.add_row(*(Text("".join(char if char.isprintable() else "?" for char in cell)) for cell in told))
    return table
