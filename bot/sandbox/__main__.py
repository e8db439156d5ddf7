"""`python -m bot.sandbox`: serves the sandbox alone, for a bot that is started by hand or by a test."""

import argparse
import asyncio
import sys

from bot.sandbox.world import CannotServe, World, serve


def main() -> None:
    """Serve until told to stop; the first line says where."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.sandbox", description="Serve a Slack and a TrackingMore to try."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8808, help="0 takes a free one (8808)")
    parser.add_argument("--request-url", help="where Slack posts commands and buttons; else Socket Mode")
    parser.add_argument("--speed", type=float, default=1.0, help="carrier seconds a second (1)")
    parser.add_argument("--paused", action="store_true", help="let the carrier clock stand still")
    wanted = parser.parse_args()
    try:
        asyncio.run(_serve(wanted))
    except CannotServe as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


async def _serve(wanted: argparse.Namespace) -> None:
    world = World(request_url=wanted.request_url, speed=wanted.speed)
    if wanted.paused:
        world.clock.pause()
    await serve(world, host=wanted.host, port=wanted.port, ready=_announce)


def _announce(url: str) -> None:
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
