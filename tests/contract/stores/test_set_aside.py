"""`waybill outbox`: what was set aside is shown, told again when somebody wishes it, or dropped."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import cli
from bot.domain.parcel import Subscription
from bot.domain.records import Notification, Progress
from bot.domain.status import Event
from bot.services.outbox import Outbox
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, NOW, parcel
from tests.fakes import FakeClock, FakeMessenger

KEY = "sandbox-sandbox-sandbox-sandbox-sandbox-sa0="


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a store in which two rows were set aside, with the environment that opens it."""
    environment = {
        "SLACK_BOT_TOKEN": "xoxb-sandbox-0001",
        "SLACK_SIGNING_SECRET": "sandbox-secret-0001",
        "TRACKINGMORE_API_KEY": "sandbox-key-0001",
        "WAYBILL_KEY": KEY,
        "WAYBILL_DATA": str(tmp_path / "data"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    asyncio.run(set_two_aside(tmp_path / "data"))
    return tmp_path / "data"


async def set_two_aside(folder: Path) -> None:
    store, one = await open_store(folder, Sealer(KEY)), parcel()
    row = Notification(
        place=HERE,
        key=one.key,
        revision=1,
        event=Event.DELIVERED,
        created_at=NOW,
        until=NOW,
        progress=Progress.SET_ASIDE,
        reason="invalid_blocks",
        refusals=3,
        attempts=13,
        rehearsals=3,
    )
    await store.save(
        one,
        Subscription(place=HERE, key=one.key, added_by="U0ADA", added_at=NOW, card="1.0"),
        row,
        replace(row, revision=2, created_at=NOW + timedelta(minutes=1)),
    )
    await store.close()


def waybill(*words: str) -> object:
    """Run a `waybill outbox` command; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["outbox", *words])
    return ended.value.code


async def told(folder: Path) -> list[int]:
    """Start on the store and tell; return the revisions told."""
    store, clock = await open_store(folder, Sealer(KEY)), FakeClock()
    messenger = FakeMessenger(clock)
    await store.save(*(replace(row, until=clock.now()) for row in await store.waiting()))
    await Outbox(store=store, messenger=messenger, clock=clock).tell_due()
    await store.close()
    return [row.revision for line in messenger.lines() for row in line.rows]


@pytest.mark.promise("R22")
def test_what_was_set_aside_is_shown_with_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert waybill("list") == 0

    _, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("invalid_blocks" in line for line in lines)
    assert asyncio.run(told(folder)) == []


@pytest.mark.promise("R22")
def test_what_is_replayed_is_told_and_the_rest_is_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waybill("list")
    second = capsys.readouterr().out.splitlines()[2].split()[0]

    assert waybill("replay", second) == 0
    assert asyncio.run(told(folder)) == [2]
    assert waybill("replay", "all") == 0
    assert asyncio.run(told(folder)) == [1]
