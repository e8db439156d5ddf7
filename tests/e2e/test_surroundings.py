"""Machines, disks and services as they are: odd, slow, broken or closed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.cli import STORE_TAKEN
from tests.e2e.ground import Ground
from tests.e2e.stage import Stage
from tests.e2e.test_cli import waybill

UPS = "1ZX000020300000023"
TITLE = "Пакет 包裹 📦"


class OddMachine(Stage):
    """A machine of another code page, with a proxy that no library takes and a framework's own switches."""

    def environment(self) -> dict[str, str]:
        """Return the bot's environment there."""
        return super().environment() | {
            "ALL_PROXY": "socks://127.0.0.1:7890",
            "HTTPS_PROXY": "127.0.0.1",
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONIOENCODING": "ascii",
            "FLASK_DEBUG": "1",
            "DYNO": "web.1",
        }


@pytest_asyncio.fixture
async def odd(tmp_path: Path) -> AsyncIterator[Stage]:
    """Return a stage on an odd machine, its bot running."""
    stage = OddMachine(tmp_path)
    await stage.start()
    yield stage
    await stage.stop()


async def test_on_an_odd_machine_titles_last_and_each_oddity_is_one_line(odd: Stage) -> None:
    await odd.types(f"/track add {UPS} {TITLE}")
    await odd.sees(TITLE, "Archive", private=False)
    code = await odd.stop_bot()
    await odd.start_bot()

    await odd.types("/track list")

    await odd.sees(TITLE, "1 parcel in this channel", private=True)
    told = await odd.sees("volume", user="U0CHI", channel="D0CHI")
    assert "Put `WAYBILL_DATA` on a volume that is kept." in told["text"]
    assert code == 0
    log = odd.log()
    assert log.count('"variable": "ALL_PROXY"') == log.count('"variable": "HTTPS_PROXY"') == 2  # at each start
    assert log.count("the storage is not kept") == 2
    assert not [secret for secret in ("xoxb-", "xapp-", "sandbox-key", "7890", "Traceback") if secret in log]


async def test_a_slow_service_keeps_nobody_waiting_for_the_acknowledgement(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    await ground.start()
    ground.world.trackingmore.faults.next(1, "POST /trackings/post", slow=3.5)  # Slack waits for three

    typed = await ground.types(f"/track add {UPS}")
    await ground.sees("Added", UPS, private=True)
    await ground.stop()

    [delivery] = ground.world.slack.deliveries
    assert typed["delivery"]["failed"] is None
    assert delivery.acked_in is not None
    assert delivery.acked_in < 1
    assert [one.text for one in ground.world.slack.messages.values() if "operation_timeout" in one.text] == []


async def test_a_broken_file_is_kept_and_the_last_good_one_goes_on(odd: Stage) -> None:
    await odd.types(f"/track add {UPS} {TITLE}")
    await odd.sees(TITLE, "Archive", private=False)
    await odd.stop_bot()
    await odd.start_bot()
    await odd.stop_bot()
    folder = odd.folder / "data"
    (folder / "waybill.json").write_text('{"_default": {"1": {"n": 1}}}{"_default": {"1"')

    await odd.start_bot()
    await odd.types("/track list")

    await odd.sees(TITLE, "1 parcel in this channel", private=True)
    [kept] = folder.glob("*corrupt*")
    assert "corrupt" in odd.log()
    told = await odd.sees(kept.name, user="U0CHI", channel="D0CHI")
    assert "was damaged when I started. I mended it and go on." in told["text"]
    assert "nothing is missing" in told["text"]


async def test_a_folder_that_cannot_be_written_is_one_clear_line_and_no_start(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.url = "http://127.0.0.1:9"

    code, printed = await waybill("run", environment=stage.environment() | {"WAYBILL_DATA": "/proc/waybill"})
    await stage.stop()

    assert code == STORE_TAKEN
    [said] = [line for line in printed.splitlines() if not line.startswith("{")]
    assert "/proc/waybill" in said
    assert "write permission" in said
    assert "Traceback" not in printed
