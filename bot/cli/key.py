"""`waybill key`: make a key that seals what is stored of people, or seal everything anew with the newest."""

import argparse
import asyncio

from bot.app import sealer_of
from bot.settings import Settings, read_settings
from bot.stores.sealing import new_key, sealed_in
from bot.stores.tinydb import open_store

SUMMARY = "Make the key that seals what is stored of people (new), or seal everything with the newest (rotate)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the two."""
    parser.add_argument("do", choices=("new", "rotate"), help="new: print a key; rotate: needs the bot stopped")


def main(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    if options.do == "new":
        print(new_key())  # noqa: T201 - this is its work
        return 0
    return asyncio.run(_rotate(read_settings()))


async def _rotate(settings: Settings) -> int:
    sealer = sealer_of(settings)
    newest, *older = sealer.key_ids
    store = await open_store(settings.waybill_data, sealer)
    try:
        everything = await store.everything()
        await store.compact(drop_previous=True)  # which writes, and so seals, all of it anew
    finally:
        await store.close()
    files = [one for one in settings.waybill_data.rglob("*") if one.is_file()]
    left = [one.name for one in files if any(not text.startswith(newest) for text in sealed_in(one.read_bytes()))]
    print(f"{len(everything):,} records are now sealed with key {newest}, the first in WAYBILL_KEY.")  # noqa: T201 - for people
    if left:
        print(f"Still sealed with an older key: {', '.join(left)}. Keep that key, or delete these files.")  # noqa: T201 - for people
        return 1
    print(  # noqa: T201 - for people
        f"Nothing in {settings.waybill_data} needs {', '.join(older) or 'an older key'} any more: take older keys out "
        "of WAYBILL_KEY. Throw them away once no backup from before today is kept."
    )
    return 0
