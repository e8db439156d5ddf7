"""`waybill forget`: erase a person, parcel, channel or workspace from the store, and prove that nothing is left."""

import argparse
import asyncio
import base64
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot.app import SystemClock, sealer_of
from bot.services.forgetting import Forgetting, Forgotten, pattern_of
from bot.settings import Settings, read_settings
from bot.stores.sealing import Sealer, sealed_in
from bot.stores.tinydb import open_store

SUMMARY = "Erase a person, parcel, channel or workspace from the store; needs the bot stopped."
LEFT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to forget."""
    parser.add_argument("what", choices=("person", "parcel", "channel", "workspace"))
    parser.add_argument("name", help="an id such as U012AB3CD, C012AB3CD or T012AB3CD; for a parcel its number")
    parser.add_argument("carrier", nargs="?", default="", help="the provider's word for it, when only one is meant")


def main(options: argparse.Namespace) -> int:
    """Erase, look whether anything is left, and say so; return the exit code."""
    return asyncio.run(_forget(read_settings(), options))


async def _forget(settings: Settings, options: argparse.Namespace) -> int:
    sealer = sealer_of(settings)
    store = await open_store(settings.waybill_data, sealer)
    try:
        forgetting = Forgetting(store=store, clock=SystemClock(), keep=timedelta(days=settings.waybill_keep_days))
        match options.what:
            case "person":
                done = await forgetting.person(options.name)
            case "parcel":
                done = await forgetting.parcel(options.name.upper(), options.carrier)
            case "channel":
                done = await forgetting.channel(options.name)
            case _:
                done = await forgetting.workspace(options.name)
        await store.compact(drop_previous=True)
        kept = [one for one in await store.everything() if pattern_of(done.trace).search(str(one))]
    finally:
        await store.close()
    _say_what_went(done)
    if kept:
        print("Another carrier's parcel has this number and is kept, so the files were not searched for it.")  # noqa: T201 - for people
        return 0
    left = sorted(files_with(settings.waybill_data, done.trace, sealer))
    _say_what_is_left(left)
    return LEFT if left else 0


def files_with(folder: Path, trace: str, sealer: Sealer) -> Iterator[str]:
    """Yield the names of the files in which this text stands, openly or sealed.

    Raises:
        StoreError: something is sealed with a key that is not here.
    """
    sought = pattern_of(trace)
    for file in folder.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        texts = (content, *(part for text in sealed_in(content) for part in _parts(sealer.open(text))))
        if any(sought.search(text.decode(errors="replace")) for text in texts):
            yield file.name


def _parts(opened: bytes) -> Iterator[bytes]:
    """Yield what was sealed, and what is packed in it, as it is to be read."""
    yield opened
    _, _, inside = msgspec.json.decode(opened, type=tuple[str, Any, dict[str, Any]])
    if "packed" in inside:
        yield zlib.decompress(base64.b64decode(inside["packed"]))


def _say_what_went(done: Forgotten) -> None:
    removed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(done.removed.items())) or "nothing"
    print(f"Removed: {removed}. Taken out of {done.changed:,} other records.")  # noqa: T201 - for people


def _say_what_is_left(left: list[str]) -> None:
    if left:
        print(f"Still in {', '.join(left)}: delete these files, too.")  # noqa: T201 - for people
        return
    print(  # noqa: T201 - for people
        "Nothing of it is left in the folder. Backups elsewhere, messages in Slack and parcels at TrackingMore are not "
        "touched: delete those where they are."
    )
