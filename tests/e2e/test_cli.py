"""The command line, in processes of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx

from tests.e2e.stage import ORDERS, PATIENCE, Stage, port_of, reserved_port, until


async def waybill(*words: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a `waybill` command to its end; return its exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, printed.decode()


async def test_every_missing_and_wrong_setting_is_named_at_once() -> None:
    environment = {"PATH": os.environ["PATH"], "SLACK_BOT_TOKEN": "nonsense-0001", "PORT": "many"}

    code, printed = await waybill("run", environment=environment)

    assert code == 2
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TRACKINGMORE_API_KEY", "PORT"):
        assert name in printed
    assert "nonsense-0001" not in printed
    assert "Traceback" not in printed


async def test_check_finds_everything_in_order(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.start_sandbox()

    code, printed = await waybill("check", environment=stage.environment() | {"COLUMNS": "160"})
    await stage.stop()

    assert code == 0, printed
    assert "signed in to Sandbox as waybill" in printed
    assert "quota left: 412" in printed
    assert "sandbox-key" not in printed


async def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.start_sandbox()
    wrong = {"SLACK_BOT_TOKEN": "xoxb-sandbox-9999", "TRACKINGMORE_API_KEY": "sandbox-key-9999", "COLUMNS": "160"}

    code, printed = await waybill("check", environment=stage.environment() | wrong)
    await stage.stop()

    assert code == 1
    assert "invalid_auth" in printed
    assert "refuses our key" in printed or "key" in printed
    assert "9999" not in printed


async def test_the_demo_shows_the_real_bot_and_takes_everything_with_it(tmp_path: Path) -> None:
    held = reserved_port()
    port = port_of(held)
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        "--port",
        str(port),
        "--no-browser",
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
    )
    url = f"http://127.0.0.1:{port}"

    async with httpx.AsyncClient(base_url=url, trust_env=False) as page:
        await until(lambda: _connected(page))
        typed = {"user": "U0ADA", "channel": ORDERS, "text": "/track add 1ZX000010300000016"}
        await page.post("/sandbox/type", json=typed)
        await until(lambda: _says(page, "1ZX000010300000016"))
    demo.send_signal(signal.SIGINT)
    printed, _ = await asyncio.wait_for(demo.communicate(), PATIENCE)
    held.close()

    assert demo.returncode == 0
    assert url in printed.decode()
    assert left_in(tmp_path) == []


def left_in(folder: Path) -> list[str]:
    """Return what is still there."""
    return [one.name for one in folder.iterdir()]


async def _connected(page: httpx.AsyncClient) -> bool:
    try:
        return bool((await page.get("/sandbox/state")).json()["bot"]["connected"])
    except httpx.TransportError:
        return False


async def _says(page: httpx.AsyncClient, words: str) -> bool:
    return words in (await page.get("/sandbox/messages", params={"channel": ORDERS})).text


async def test_the_demo_says_when_its_port_is_taken(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.start_sandbox()

    code, printed = await waybill(
        "demo", "--no-browser", "--port", stage.url.rpartition(":")[2], environment={"PATH": os.environ["PATH"]}
    )
    await stage.stop()

    assert code == 2
    assert "taken" in printed
    assert "Traceback" not in printed
