"""The subcommands of `/track`, in the order in which help shows them."""

from bot.slack.commands.add import add
from bot.slack.commands.archive import archive
from bot.slack.commands.delete import delete
from bot.slack.commands.help import help_
from bot.slack.commands.list import list_
from bot.slack.commands.mark import mark
from bot.slack.commands.menu import menu
from bot.slack.commands.quota import quota
from bot.slack.commands.refresh import refresh
from bot.slack.commands.restore import restore
from bot.slack.commands.status import status
from bot.slack.commands.subscribe import subscribe
from bot.slack.commands.unarchive import unarchive

__all__ = ["COMMANDS", "VERBS", "menu"]

COMMANDS = (add, status, list_, refresh, mark, restore, archive, unarchive, subscribe, quota, delete, help_)
VERBS = {name: one for one in COMMANDS for name in one.names}
"""Each subcommand by each of its names; a test makes sure that no two meet."""
