"""`waybill manifest`: the app manifest, ready to paste into Slack."""

import argparse
import copy
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

SUMMARY = "Print a Slack app manifest, ready to paste."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Either the address of the bot, or Socket Mode."""
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--url", help="the public https address of the bot, for HTTP")
    way.add_argument("--socket", action="store_true", help="for Socket Mode, which needs no public address")
    parser.add_argument("--command", default="/track", help="the slash command, if /track is taken (default: /track)")


def main(options: argparse.Namespace) -> int:
    """Print the manifest; return the exit code."""
    if options.url and not options.url.startswith("https://"):
        print("waybill: --url must start with https://, Slack sends nothing elsewhere.", file=sys.stderr)  # noqa: T201 - for people
        return 2
    print(as_yaml(manifest_for(url=options.url, command=options.command)), end="")  # noqa: T201 - this is its work
    return 0


def read_manifest() -> dict[str, Any]:
    """Return the manifest that travels with the bot: in the package when installed, else beside it."""
    packaged = resources.files("bot") / "manifest.yml"
    text = packaged.read_text() if packaged.is_file() else (Path(__file__).parents[2] / "manifest.yml").read_text()
    manifest = yaml.safe_load(text)
    if not isinstance(manifest, dict):
        raise TypeError("manifest.yml is no mapping")
    return manifest


def manifest_for(*, url: str | None, command: str = "/track") -> dict[str, Any]:
    """Return the manifest for HTTP at an address, or for Socket Mode when there is none."""
    manifest = copy.deepcopy(read_manifest())
    slash = manifest["features"]["slash_commands"][0]
    slash["command"] = command
    settings = manifest["settings"]
    settings["socket_mode_enabled"] = url is None
    if url:
        events = url.rstrip("/") + "/slack/events"
        slash["url"] = events
        settings["interactivity"]["request_url"] = events
        settings["event_subscriptions"]["request_url"] = events
    return manifest


def as_yaml(manifest: dict[str, Any]) -> str:
    """Return the manifest as people paste it."""
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=100)
