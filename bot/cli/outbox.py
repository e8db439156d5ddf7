"""`waybill outbox`: what could not be told and was set aside: list it, have it told again, or drop it."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.app import SystemClock
from bot.cli.key import sealer_of
from bot.cli.run import BAD_SETTINGS, STORE_TAKEN, settings_or_none
from bot.domain.errors import StoreError
from bot.domain.records import Notification
from bot.ports import Store
from bot.services.setbacks import waiting
from bot.settings import Settings
from bot.stores.tinydb import open_store

SUMMARY = "List what could not be told and was set aside, have it told again, or drop it; needs the bot stopped."
ALL = "all"
UNKNOWN = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the three, and the rows meant."""
    acts = parser.add_subparsers(required=True, metavar="ACT", dest="what")
    acts.add_parser("list", help="show what was set aside, the oldest first, and why")
    for name, help_text in (("replay", "have it told at the next start"), ("drop", "never tell it")):
        one = acts.add_parser(name, help=help_text)
        one.add_argument("ids", nargs="+", metavar="ID", help=f"as `list` shows it; `{ALL}` for all of them")


def main(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    settings = settings_or_none()
    if settings is None:
        return BAD_SETTINGS
    try:
        said, code = asyncio.run(_do(settings, options))
    except StoreError as error:
        print(f"waybill: {error}", file=sys.stderr)  # noqa: T201 - the person at the terminal reads this
        return STORE_TAKEN
    print(said)  # noqa: T201 - the same
    return code


async def _do(settings: Settings, options: argparse.Namespace) -> tuple[str, int]:
    store = await open_store(settings.waybill_data, sealer_of(settings))
    try:
        rows = await store.set_aside()
        if options.what == "list":
            return "\n".join(_shown(row) for row in rows) or "Nothing was set aside.", 0
        meant = [row for row in rows if ALL in options.ids or row.id in options.ids]
        unknown = sorted(set(options.ids) - {row.id for row in rows} - {ALL})
        if unknown:
            return f"Nothing with these ids was set aside: {', '.join(unknown)}. Nothing was changed.", UNKNOWN
        if options.what == "drop":
            await store.save(remove=meant)
            return f"Dropped: {len(meant):,}.", 0
        await replay(store, meant, SystemClock().now())
        return f"To be told at the next start: {len(meant):,}.", 0
    finally:
        await store.close()


async def replay(store: Store, rows: Sequence[Notification], now: datetime) -> None:
    """Have rows that were set aside told again, as if nobody had tried. Raises `StoreError`."""
    await store.save(
        *(replace(waiting(row), created_at=now, until=now, attempts=0, refusals=0, reason="") for row in rows)
    )


def _shown(row: Notification) -> str:
    return f"{row.id}  {row.created_at:%Y-%m-%d %H:%M} UTC  {row.reason}"
