"""`waybill outbox` shows what is still to be told, has it told now, and drops it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import STORE_TAKEN, main
from bot.cli.outbox import short
from bot.domain.parcel import ParcelKey, Place
from bot.domain.records import Notification, Progress
from bot.domain.status import Event
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.fakes import START

TOKEN, KEY = "xoxb-sandbox-0001", "sandbox-sandbox-sandbox-sandbox-sandbox-sa0="
ASIDE = Notification(
    place=Place("T1", "C1"),
    key=ParcelKey(number="1Z999AA10123456784", carrier="ups"),
    revision=3,
    event=Event.DELIVERED,
    created_at=START,
    until=START,
    progress=Progress.SET_ASIDE,
    attempts=12,
    refusals=3,
    stamp="s-1",
    reason="invalid_blocks [red]\x1b[2J",
)
WAITS = replace(ASIDE, revision=4, event=None, progress=Progress.WAITING, until=START + timedelta(hours=9), refusals=0)
SENDING = replace(ASIDE, revision=5, progress=Progress.SENDING, started_at=START)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a bot that is stopped."""
    for name, value in {
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": "sandbox-secret-0001",
        "TRACKINGMORE_API_KEY": "sandbox-key-0001",
        "WAYBILL_KEY": KEY,
        "WAYBILL_DATA": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    asyncio.run(keep(tmp_path, ASIDE, WAITS, SENDING))
    return tmp_path


async def keep(folder: Path, *rows: Notification) -> None:
    store = await open_store(folder, Sealer(KEY))
    await store.save(*rows)
    await store.close()


async def kept(folder: Path) -> list[Notification]:
    store = await open_store(folder, Sealer(KEY))
    rows: Sequence[Notification] = [*await store.set_aside(), *await store.waiting()]
    await store.close()
    return sorted(rows, key=lambda row: row.revision)


def outbox(*words: str) -> int | str | None:
    """Return the exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["outbox", *words])
    return ended.value.code


def test_the_list_says_of_each_row_what_waits_where_and_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = outbox("list")

    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if line.startswith(short(ASIDE)))
    assert code == 0
    assert len(said.splitlines()) == 4
    assert line.split() == [
        short(ASIDE),
        *("C1", "ups", "1Z999AA10123456784", "delivered", "set", "aside", "15"),
        *(*f"{START:%Y-%m-%d %H:%M}".split(), "invalid_blocks", "[red]?[2J"),
    ]
    assert TOKEN not in said
    assert asyncio.run(kept(folder)) == [ASIDE, WAITS, SENDING]


def test_an_empty_outbox_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outbox("drop", short(ASIDE), short(WAITS), short(SENDING))
    capsys.readouterr()

    code = outbox("list")

    assert (code, capsys.readouterr().out) == (0, "Nothing is to be told, and nothing was set aside.\n")


@pytest.mark.parametrize("row", [ASIDE, WAITS], ids=["set aside", "waiting"])
def test_a_replayed_row_is_due_now_as_if_nobody_had_tried(folder: Path, row: Notification) -> None:
    code = outbox("replay", short(row))

    after = next(one for one in asyncio.run(kept(folder)) if one.id == row.id)
    assert code == 0
    assert (after.progress, after.attempts, after.refusals, after.reason) == (Progress.WAITING, 0, 0, "")
    assert after.until == after.created_at > START


@pytest.mark.promise("R16")
def test_a_row_that_may_have_been_posted_is_still_looked_for(folder: Path) -> None:
    outbox("replay", short(SENDING))

    after = asyncio.run(kept(folder))[-1]
    assert (after.progress, after.stamp, after.started_at) == (Progress.SENDING, "s-1", START)
    assert after.attempts == 0


def test_a_dropped_row_is_named_and_gone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = outbox("drop", short(ASIDE))

    assert code == 0
    assert "1Z999AA10123456784" in capsys.readouterr().out
    assert asyncio.run(kept(folder)) == [WAITS, SENDING]


def test_all_means_all_that_was_set_aside(folder: Path) -> None:
    code = outbox("drop", "all")

    assert code == 0
    assert asyncio.run(kept(folder)) == [WAITS, SENDING]


@pytest.mark.parametrize("act", ["replay", "drop"])
def test_an_unknown_id_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str], act: str) -> None:
    code = outbox(act, short(ASIDE), "0123456789")

    assert code == 1
    assert "no 0123456789. Nothing was changed" in capsys.readouterr().err
    assert asyncio.run(kept(folder)) == [ASIDE, WAITS, SENDING]


def test_while_the_bot_runs_it_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = asyncio.run(open_store(folder, Sealer(KEY)))

    code = outbox("list")

    asyncio.run(store.close())
    assert code == STORE_TAKEN
    assert "Stop that one first" in capsys.readouterr().err
