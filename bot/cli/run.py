"""`waybill run`: the bot, with the settings in the environment."""

import argparse
import asyncio
import logging
import signal
import sys

from bot import logs
from bot.app import App
from bot.settings import Settings, read_settings

SUMMARY = "Run the bot with the settings in the environment."
logger = logging.getLogger(__name__)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none: all settings are environment variables."""


def main(_options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; return the exit code."""
    settings = read_settings()
    logs.configure(settings.secrets())
    try:
        asyncio.run(_run(settings))
    except OSError as error:
        print(f"waybill: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - for people
        return 1
    return 0


async def _run(settings: Settings) -> None:
    app = App(settings)
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, app.stop)
    await app.run()
