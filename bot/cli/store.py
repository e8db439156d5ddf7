"""`waybill store`: look whether the store is whole, write it anew, back it up, put a backup in its place."""

import argparse
import os
from pathlib import Path

from bot.settings import Settings
from bot.stores.tinydb import keeping

SUMMARY = "Look whether the store in WAYBILL_DATA is whole, write it anew, back it up, or restore a backup."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the four, and the file of a backup."""
    acts = parser.add_subparsers(required=True, metavar="ACT")
    one = acts.add_parser("verify", help="read all of it and change nothing; the bot may be running")
    one.set_defaults(do=_verify)
    one = acts.add_parser("compact", help="write all anew, so that waybill.json alone holds it")
    one.add_argument("--drop-previous", action="store_true", help="leave no older generation and nothing set aside")
    one.set_defaults(do=_compact)
    one = acts.add_parser("backup", help="write all of it to one file, for the owner alone")
    one.add_argument("file", type=Path, help="a file that is not there yet")
    one.set_defaults(do=_back_up)
    one = acts.add_parser("restore", help="put a backup, or any waybill.json, in the place of the store")
    one.add_argument("file", type=Path, help="the backup")
    one.add_argument("--replace", action="store_true", help="keep aside the store that is there")
    one.set_defaults(do=_restore)


def main(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    default = Settings.model_fields["waybill_data"].default
    folder = Path(os.environ.get("WAYBILL_DATA") or default)  # no other setting is needed to look after a store
    said, code = options.do(folder, options)
    print(said)  # noqa: T201 - for people
    return int(code)


def _verify(folder: Path, _options: argparse.Namespace) -> tuple[str, int]:
    found = keeping.verify(folder)
    if found.trouble:
        return f"{folder} is not whole. {found.trouble}", 1
    counted = ", ".join(f"{count:,} {name}" for name, count in found.documents.items() if count)
    said = f"{folder} is whole: {counted or 'nothing in it yet'}; {found.changes:,} changes since the snapshot."
    return f"{said} {found.remark}".strip(), 0


def _compact(folder: Path, options: argparse.Namespace) -> tuple[str, int]:
    keeping.compact(folder, drop_previous=options.drop_previous)
    older = "nothing older is left" if options.drop_previous else "the generation before is kept"
    return f"{folder} was written anew; {older}.", 0


def _back_up(folder: Path, options: argparse.Namespace) -> tuple[str, int]:
    count = keeping.back_up(folder, options.file)
    return f"{count:,} documents were written to {options.file}. What is sealed in it needs the same WAYBILL_KEY.", 0


def _restore(folder: Path, options: argparse.Namespace) -> tuple[str, int]:
    count = keeping.restore(folder, options.file, replace=options.replace)
    gap = f"The numbers of new parcels leave a gap of {keeping.SERIALS_LEFT_OUT:,}: none that people saw names another."
    return f"{count:,} documents are in {folder}. {gap}", 0
