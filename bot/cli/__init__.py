"""The `waybill` command: one module for each of its words."""

import argparse
import sys
from collections.abc import Sequence

from bot import __version__
from bot.cli import check, demo, manifest, run


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says and exit with its code."""
    parser = argparse.ArgumentParser(prog="waybill", description="Parcels in Slack: /track follows them.")
    parser.add_argument("--version", action="version", version=f"waybill {__version__}")
    words = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (run, demo, check, manifest):
        name = module.__name__.rpartition(".")[2]
        one = words.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(one)
        one.set_defaults(act=module.main)
    options = parser.parse_args(arguments)
    sys.exit(options.act(options))
