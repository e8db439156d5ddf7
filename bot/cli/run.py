"""`waybill run`: the bot, with the settings in the environment."""

import argparse
import asyncio
import logging
import signal
import sys

from bot import logs
from bot.app import App
from bot.domain.errors import SettingsError, StoreError
from bot.settings import Settings, read_settings

SUMMARY = "Run the bot with the settings in the environment."
BAD_SETTINGS, STORE_TAKEN = 2, 3
logger = logging.getLogger(__name__)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none: all settings are environment variables."""


def main(_options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; return the exit code."""
    settings = settings_or_none()
    if settings is None:
        return BAD_SETTINGS
    logs.configure(settings.secrets())
    try:
        asyncio.run(_run(settings))
    except StoreError as error:
        print(f"waybill: {error}", file=sys.stderr)  # noqa: T201 - the person at the terminal reads this
        return STORE_TAKEN
    except OSError as error:
        print(f"waybill: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the same
        return 1
    return 0


def settings_or_none() -> Settings | None:
    """Return the settings, or say all that is wrong with them."""
    try:
        return read_settings()
    except SettingsError as error:
        print("waybill: these settings need your hand; nothing was started.", file=sys.stderr)  # noqa: T201 - for people
        for mistake in error.mistakes:
            print(f"  - {mistake}", file=sys.stderr)  # noqa: T201 - for people
        return None


async def _run(settings: Settings) -> None:
    app = App(settings)
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, app.stop)
    await app.run()
