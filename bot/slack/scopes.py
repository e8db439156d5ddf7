"""What Waybill asks of a workspace, and what each permission buys. `manifest.yml` asks for exactly these."""

from collections.abc import Iterable

REQUIRED = {
    "commands": "the slash command",
    "chat:write": "cards and news",
}
OPTIONAL = {
    "channels:history": "finding out after a crash whether a message was posted, in public channels",
    "groups:history": "the same in private channels",
    "channels:read": "learning that the bot was invited, in public channels",
    "groups:read": "the same in private channels",
}


def left_out(optional: Iterable[str]) -> str:
    """Return what does not work without these optional scopes; all else does."""
    return "; ".join(f"without {one}: no {OPTIONAL[one]}" for one in optional)


def missing(granted: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the required and the optional scopes that were not granted."""
    have = set(granted)
    return [one for one in REQUIRED if one not in have], [one for one in OPTIONAL if one not in have]
