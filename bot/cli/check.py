"""`waybill check`: are the settings right, do both services answer, are the permissions there? Changes nothing."""

import argparse
import asyncio
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bot.app import SystemClock
from bot.cli.manifest import read_manifest
from bot.domain.errors import BotError
from bot.providers.trackingmore import TrackingMore
from bot.settings import Settings, read_settings
from bot.slack import scopes
from bot.slack.client import outgoing_session, web_client
from bot.slack.outcomes import outcome

SUMMARY = "Check the settings, reach both services read-only, and compare permissions."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table."""

    what: str
    good: bool
    said: str


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none: all settings are environment variables."""


def main(_options: argparse.Namespace) -> int:
    """Print the table; return 0 when the bot can run."""
    findings = asyncio.run(_look(read_settings()))
    table = Table("", "What", "Found", title="waybill check")
    for one in findings:
        table.add_row("[green]✓[/]" if one.good else "[red]✗[/]", one.what, one.said)
    Console(file=sys.stdout).print(table)
    return 0 if all(one.good for one in findings) else 1


async def _look(settings: Settings) -> list[Finding]:
    way = "Socket Mode" if settings.slack_app_token else f"HTTP on {settings.host}:{settings.port}"
    return [
        Finding(what="Settings", good=True, said=f"all read; {way}"),
        *await _look_at_slack(settings),
        await _look_at_trackingmore(settings),
    ]


async def _look_at_slack(settings: Settings) -> list[Finding]:
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    async with outgoing_session() as session:
        try:
            answer = await web_client(token, settings.slack_api_url, session).auth_test()
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's and TimeoutError
            return [Finding(what="Slack", good=False, said=f"refused or not reached: {outcome(error)}")]
    granted = [one.strip() for one in str(answer.headers.get("x-oauth-scopes", "")).split(",") if one.strip()]
    required, optional = scopes.missing(granted)
    said = f"all of {', '.join(scopes.REQUIRED)}"
    if required:
        said = f"missing: {', '.join(required)}; add them in the app's settings and install it again"
    elif optional:
        said = f"required ones are there; {scopes.left_out(optional)}"
    manifest = read_manifest()["oauth_config"]["scopes"]
    known = set(manifest["bot"]) | set(manifest.get("bot_optional", ()))
    more = sorted(set(granted) - known)
    return [
        Finding(what="Slack", good=True, said=f"signed in to {answer.get('team')} as {answer.get('user')}"),
        Finding(what="Scopes", good=not required, said=said + (f"; not needed: {', '.join(more)}" if more else "")),
    ]


async def _look_at_trackingmore(settings: Settings) -> Finding:
    key = settings.trackingmore_api_key.get_secret_value() if settings.trackingmore_api_key else ""
    try:
        provider = TrackingMore.connect(
            key=key,
            base_url=settings.trackingmore_api_url,
            clock=SystemClock(),
            allow_loopback=settings.waybill_allow_loopback,
        )
        try:
            left = (await provider.quota()).left
        finally:
            await provider.close()
    except BotError as error:
        return Finding(what="TrackingMore", good=False, said=str(error))
    return Finding(what="TrackingMore", good=True, said=f"the key works; quota left: {left}")
