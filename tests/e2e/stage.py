"""The whole of it in real processes: the sandbox in one, the bot in another, and hands to drive both."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

Json = dict[str, Any]
T = TypeVar("T")
ADA, BEN = "U0ADA", "U0BEN"
ORDERS, RETURNS, GENERAL = "C0ORDERS", "C0RETURNS", "C0GENERAL"
SEALING_KEY = "sandbox-sandbox-sandbox-sandbox-sandbox-sa0="
PATIENCE = 25.0
"""Seconds until something that has to come is given up; what comes sooner is seen sooner."""


def reserved_port() -> socket.socket:
    """Return a socket bound to a free port, which nobody else is given while it is open; a bot can still listen there.

    Linux lets a second socket listen where the first only holds the name, when both allow the address to be used again.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def port_of(held: socket.socket) -> int:
    """Return the port that the socket is bound to."""
    return int(held.getsockname()[1])


async def until(look: Callable[[], Awaitable[T]], *, patience: float = PATIENCE) -> T:
    """Look again and again until there is something to see; return it.

    Raises:
        TimeoutError: it never came.
    """
    async with asyncio.timeout(patience):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.05)


class Stage:
    """A sandbox and a bot. `by` is the way in: `socket` or `http`."""

    module = "bot"

    def __init__(self, folder: Path, *, by: str = "socket", sweep_every: int = 1) -> None:
        self.folder = folder
        self.by = by
        self._port = reserved_port()
        self.bot_port = port_of(self._port)
        self.url = ""
        self._sweep_every = sweep_every
        self._sandbox: asyncio.subprocess.Process | None = None
        self.bot: asyncio.subprocess.Process | None = None
        self.page = httpx.AsyncClient(timeout=40, trust_env=False)

    async def start(self) -> None:
        """Start both and wait until the bot takes commands; when they do not, nothing of them is left."""
        try:
            await self.start_sandbox()
            await self.start_bot()
        except BaseException:
            await self.stop()
            raise

    async def start_sandbox(self) -> None:
        """Start the sandbox with its carrier clock standing still."""
        way = ["--request-url", f"http://127.0.0.1:{self.bot_port}/slack/events"] if self.by == "http" else []
        self._sandbox = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.sandbox", "--port", "0", "--paused", *way, stdout=asyncio.subprocess.PIPE
        )
        assert self._sandbox.stdout
        line = (await asyncio.wait_for(self._sandbox.stdout.readline(), PATIENCE)).decode()
        assert line.startswith("ready "), line
        self.url = line.split()[1]

    def environment(self) -> dict[str, str]:
        """Return the bot's environment: what production has, and simulated services."""
        way = (
            {"SLACK_SIGNING_SECRET": "sandbox-secret-0001", "PORT": str(self.bot_port)}
            if self.by == "http"
            else {"SLACK_APP_TOKEN": "xapp-sandbox-0001"}
        )
        return {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": "xoxb-sandbox-0001",
            "SLACK_API_URL": f"{self.url}/slack/api/",
            "TRACKINGMORE_API_KEY": "sandbox-key-0001",
            "TRACKINGMORE_API_URL": f"{self.url}/trackingmore/v2",
            "WAYBILL_ALLOW_LOOPBACK": "1",
            "WAYBILL_ADMINS": "U0CHI",
            "WAYBILL_COMMANDS_PER_MINUTE": "0",
            "WAYBILL_DATA": str(self.folder / "data"),
            "WAYBILL_KEY": SEALING_KEY,
            "WAYBILL_QUIET": "5",
            "WAYBILL_SWEEP_EVERY": str(self._sweep_every),
            **way,
        }

    async def start_bot(self) -> None:
        """Start the bot and wait until Slack can reach it."""
        with (self.folder / "bot.log").open("ab") as log:
            self.bot = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, "run", env=self.environment(), stdout=log, stderr=log
            )
        await until(self._reachable)

    async def _reachable(self) -> bool:
        assert self.bot
        assert self.bot.returncode is None, self.log()
        if self.by == "http":
            try:
                answer = await self.page.get(f"http://127.0.0.1:{self.bot_port}/readyz")
            except httpx.TransportError:
                return False
            return answer.status_code == 200
        return bool((await self.state())["bot"]["connected"])

    async def kill(self) -> None:
        """Kill the bot as a power cut would."""
        assert self.bot
        self.bot.kill()
        await self.bot.wait()

    async def stop_bot(self) -> int:
        """Ask the bot to stop; return its exit code."""
        assert self.bot
        self.bot.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.bot.wait(), PATIENCE)

    async def stop(self) -> None:
        """End everything."""
        for process in (self.bot, self._sandbox):
            if process and process.returncode is None:
                process.kill()
                await process.wait()
        await self.page.aclose()
        self._port.close()

    def log(self) -> str:
        """Return what the bot has logged."""
        return (self.folder / "bot.log").read_text(errors="replace")

    # ── what people do ─────────────────────────────────────────────────────────────────────────────────────────

    async def types(self, text: str, *, user: str = ADA, channel: str = ORDERS) -> Json:
        """Type into the composer."""
        return await self._post("type", user=user, channel=channel, text=text)

    async def presses(self, label: str, message: Json, *, user: str = ADA, channel: str = ORDERS) -> Json:
        """Press the button, or choose the menu line, with this label, in the message as it stands now."""
        present = await self.messages(user=user, channel=channel)
        message = next((one for one in present if one["ts"] == message["ts"]), message)
        for block in message["blocks"]:
            for element in [*block.get("elements", []), block.get("accessory", {})]:
                for one in [element, *element.get("options", [])]:
                    text = one.get("text")
                    if isinstance(text, dict) and text.get("text") == label and element.get("action_id"):
                        return await self._post(
                            "press",
                            user=user,
                            channel=channel,
                            ts=message["ts"],
                            action_id=element["action_id"],
                            block_id=block.get("block_id", ""),
                            value=one.get("value"),
                        )
        raise AssertionError(f"no {label!r} in {message['text']!r}")

    async def moves(self, number: str) -> None:
        """Let the carrier scan the parcel and the service refresh it."""
        await self._post("parcel", number=number, do="move")

    async def moves_until(self, number: str, status: str) -> None:
        """Let the carrier scan the parcel until the provider's word for it is this one."""
        for _ in range(20):
            await self.moves(number)
            if any(one["number"] == number and one["status"] == status for one in (await self.state())["parcels"]):
                return
        raise AssertionError(f"{number} never was {status}")

    async def clock(self, **asked: float | bool) -> None:
        """Set the carrier clock."""
        await self._post("clock", **asked)

    async def fault(self, service: str, name: str, *, value: float | bool) -> None:
        """Switch a fault of a service."""
        await self._post("fault", service=service, name=name, value=value)

    async def _post(self, what: str, **body: object) -> Json:
        answer = await self.page.post(f"{self.url}/sandbox/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    # ── what people see ────────────────────────────────────────────────────────────────────────────────────────

    async def state(self) -> Json:
        """Return what surrounds the messages."""
        return dict((await self.page.get(f"{self.url}/sandbox/state")).json())

    async def messages(self, *, user: str = ADA, channel: str = ORDERS, thread: str = "") -> list[Json]:
        """Return what a person sees, oldest first."""
        query = {"channel": channel, "user": user} | ({"thread": thread} if thread else {})
        answer = await self.page.get(f"{self.url}/sandbox/messages", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["messages"])

    async def calls(self, service: str) -> list[Json]:
        """Return the calls at a service, newest first."""
        return list((await self.page.get(f"{self.url}/sandbox/calls", params={"service": service})).json()["calls"])

    async def sees(
        self, *words: str, user: str = ADA, channel: str = ORDERS, thread: str = "", private: bool | None = None
    ) -> Json:
        """Wait for a message with all of these words, in its text or blocks; return the newest."""

        async def look() -> Json | None:
            for one in reversed(await self.messages(user=user, channel=channel, thread=thread)):
                everything = one["text"] + str(one["blocks"])
                if all(word in everything for word in words) and private in {None, one["ephemeral"]}:
                    return one
            return None

        try:
            found = await until(look)
        except TimeoutError:
            seen = [one["text"] for one in await self.messages(user=user, channel=channel, thread=thread)]
            raise AssertionError(f"nobody said {words}; seen: {seen}; log: {self.log()[-3000:]}") from None
        assert found
        return found
