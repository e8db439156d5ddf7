"""The `waybill` command: one module for each of its words."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from bot import __version__
from bot.domain.errors import SettingsError, StoreError

NAMES = ("run", "demo", "check", "manifest", "store", "key", "forget", "outbox")
BAD_SETTINGS, STORE_TAKEN = 2, 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="waybill", description="Parcels in Slack: /track follows them.")
    parser.add_argument("--version", action="version", version=f"waybill {__version__}")
    words = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in [one for one in NAMES if one in given[:1]] or NAMES:
        # Only what is asked for is loaded: the bot at work has nothing of the sandbox in it, and starts sooner.
        module = import_module(f"{__name__}.{name}")
        one = words.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(one)
        one.set_defaults(act=module.main)
    options = parser.parse_args(given)
    sys.exit(_done(options))


def _done(options: argparse.Namespace) -> int:
    """Do it and return the exit code: what is wrong with the settings or the store is said here, for every command."""
    try:
        return int(options.act(options))
    except SettingsError as error:
        said = "these settings need your hand; nothing was started." + "".join(f"\n  - {one}" for one in error.mistakes)
        code = BAD_SETTINGS
    except StoreError as error:
        said, code = str(error), STORE_TAKEN
    print(f"waybill: {said}", file=sys.stderr)  # noqa: T201 - the person at the terminal reads this
    return code
