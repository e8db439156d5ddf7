"""The `waybill` command: one module for each of its words."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from bot import __version__

NAMES = ("run", "demo", "check", "manifest", "store", "key", "forget", "outbox")


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
    sys.exit(options.act(options))
