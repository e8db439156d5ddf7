"""`waybill demo`: the sandbox in the browser, and the real bot at work in it."""

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.panel import Panel

from bot.sandbox.world import APP_TOKEN, BOT_TOKEN, KEY, World, serve
from bot.settings import is_loopback
from bot.stores.sealing import new_key

SUMMARY = "Open the sandbox: a workspace in the browser, parcels that move, and the bot in it."
FIRST = "/track add 1ZX000010300000016"
SWEEP_EVERY = 2
STOP_WITHIN = 15
CANNOT_SERVE = 2
TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "TRACKINGMORE_API_KEY")
ADDRESSES = ("SLACK_API_URL", "TRACKINGMORE_API_URL")
_REAL = re.compile(r"^xox[a-z]-\d+-|^xapp-\d-|^xoxe[.-]|^[0-9a-f]{32}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to serve, and how fast carriers are."""
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine alone (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8808, help="the page's port on this machine (default: 8808)")
    parser.add_argument("--speed", type=float, default=600, help="carrier seconds a second (default: 600)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def main(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; return the exit code."""
    real = real_things(os.environ)
    if real:
        print(  # noqa: T201 - the person at the terminal reads this
            f"waybill: {real[0]} in this environment looks real. The demo needs none, and nothing was started. "
            f"Start it without: env -u {' -u '.join(real)} waybill demo",
            file=sys.stderr,
        )
        return CANNOT_SERVE
    return asyncio.run(_demo(options))


def real_things(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that hold what works, or lies, outside this machine: it has no business here."""
    tokens = [name for name in TOKENS if _REAL.search(environment.get(name, ""))]
    addresses = [name for name in ADDRESSES if name in environment and not _is_near(environment[name])]
    return tokens + addresses


def _is_near(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


async def _demo(options: argparse.Namespace) -> int:
    world = World(speed=options.speed)
    served: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(world, host=options.host, port=options.port, ready=served.set_result, signals=False), name="sandbox"
    )
    here: set[asyncio.Future[object]] = {serving, served}  # type: ignore[arg-type]  # futures of different things
    await asyncio.wait(here, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        print(f"waybill: {serving.exception()}", file=sys.stderr)  # noqa: T201 - the person at the terminal reads this
        return CANNOT_SERVE
    stopping = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopping.set)
    folder = Path(tempfile.mkdtemp(prefix="waybill-demo-"))
    try:
        return await _with_bot(await served, folder, stopping, browser=not options.no_browser)
    finally:
        world.stop()
        await serving
        shutil.rmtree(folder, ignore_errors=True)


async def _with_bot(url: str, folder: Path, stopping: asyncio.Event, *, browser: bool) -> int:
    with (folder / "bot.log").open("wb") as log:
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environment(url, folder), stdout=log, stderr=log, process_group=0
        )
    _say(url, folder)
    if browser:
        await asyncio.to_thread(webbrowser.open, url)
    died = asyncio.create_task(bot.wait())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({died, asked}, return_when=asyncio.FIRST_COMPLETED)
    if died.done():
        asked.cancel()
        Console(stderr=True).print((folder / "bot.log").read_text(errors="replace")[-2000:], markup=False)
        return died.result() or 1
    bot.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(died), STOP_WITHIN)
    if not died.done():
        bot.kill()
    await died
    return 0


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a bot that lives in the sandbox: real settings, simulated services."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "PYTHONPATH") if name in os.environ
    }
    return kept | {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": f"{url}/slack/api/",
        "TRACKINGMORE_API_KEY": KEY,
        "TRACKINGMORE_API_URL": f"{url}/trackingmore/v2",
        "WAYBILL_ALLOW_LOOPBACK": "1",
        "WAYBILL_ADMINS": "U0ADA",
        "WAYBILL_COMMANDS_PER_MINUTE": "0",
        "WAYBILL_DATA": str(folder / "data"),
        "WAYBILL_KEY": new_key(),
        "WAYBILL_SWEEP_EVERY": str(SWEEP_EVERY),
    }


def _say(url: str, folder: Path) -> None:
    text = (
        f"Open [bold cyan]{url}[/] and type [bold]{FIRST}[/]\n"
        "Then press [bold]Next scan[/] beside the parcel and watch its card.\n"
        f"[dim]Nothing leaves this machine. The bot's log: {folder / 'bot.log'}. Ctrl-C ends everything.[/]"
    )
    Console().print(Panel(text, title="Waybill sandbox", expand=False))
