"""A sealed store: nothing personal in any byte of any file, keys change, and what is forgotten is in no file."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import cli
from bot.cli import forget
from bot.domain.errors import StoreError
from bot.domain.parcel import Checkpoint, Mark, Parcel, Subscription
from bot.domain.records import InboxItem, Notification
from bot.domain.status import Event, Status
from bot.ports import Record
from bot.settings import Settings
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, NOW, one_of_each, parcel

OLD, NEW = "sandbox-sandbox-sandbox-sandbox-sandbox-sa0=", "sandbox-another-sandbox-another-sandbox-an4="
ADA = "U0CANARYADA"
CANARIES = (
    "canary-title",
    "canary-order",
    ADA,
    "canary-signer",
    "canary-town",
    "canary-note",
    "canary-words",
    "canary-hook",
)


def records() -> list[Record]:
    """Return records in which every personal field holds a canary."""
    lines = tuple(
        Checkpoint(
            carrier="ups",
            local_time=None,
            raw_time=str(at),
            text=f"Signed by canary-signer {at}",
            location="canary-town",
        )
        for at in range(30)
    )
    one = parcel()
    return [
        replace(
            one,
            checkpoints=lines,
            seen=frozenset(line.id for line in lines),
            mark=Mark(status=Status.DELIVERED, by=ADA, at=NOW, note="canary-note"),
        ),
        Subscription(
            place=HERE, key=one.key, added_by=ADA, added_at=NOW, title="canary-title", order="canary-order", person=ADA
        ),
        Notification(
            place=HERE,
            key=one.key,
            revision=1,
            event=Event.MARKED,
            created_at=NOW,
            until=NOW,
            checkpoints=lines,
            by=ADA,
            note="canary-note",
        ),
        InboxItem(
            workspace=HERE.workspace,
            delivery="1",
            channel=HERE.channel,
            user=ADA,
            words="add canary-words",
            received_at=NOW,
            response_url="https://hooks.slack.com/canary-hook",
            channel_name="canary-words",
        ),
        *one_of_each(),
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def found_in(folder: Path) -> set[str]:
    """Return the canaries that stand in the bytes of a file."""
    return {canary for canary in CANARIES for content in files(folder).values() if canary.encode() in content}


async def filled(folder: Path, keys: str = OLD) -> None:
    """Fill a store and change it, so that there are snapshots, journals and a generation before."""
    for _ in range(2):
        store = await open_store(folder, Sealer(keys))
        await store.save(*records())
        [known] = [one for one in await store.parcels() if one.serial == 1]
        await store.save(replace(known, revision=known.revision + 1))
        await store.compact()
        await store.save(replace(known, revision=known.revision + 2))
        await store.close()


@pytest.fixture
def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings for this folder, and let the command line find them."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in {
        "SLACK_BOT_TOKEN": "xoxb-sandbox-0001",
        "SLACK_APP_TOKEN": "xapp-sandbox-0001",
        "TRACKINGMORE_API_KEY": "sandbox-key-0001",
        "WAYBILL_DATA": str(folder),
        "WAYBILL_KEY": OLD,
    }.items():
        monkeypatch.setenv(name, value)
    return Settings()


async def runs(*words: str) -> int:
    """Run a `waybill` command in a thread of its own, since it has a loop of its own; return its exit code."""

    def run() -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        return int(ended.value.code or 0)

    return await asyncio.to_thread(run)


@pytest.mark.promise("S9")
async def test_no_byte_on_the_disk_says_anything_of_people(folder: Path) -> None:
    store = await open_store(folder, Sealer(OLD))
    await store.save(*records())
    await store.compact()
    await store.save(*records())
    while_running = found_in(folder), len(files(folder))
    await store.close()
    await filled(folder)

    assert while_running[0] == found_in(folder) == set()
    assert while_running[1] >= 2


@pytest.mark.promise("S9")
async def test_a_sealed_store_comes_back_as_it_was(folder: Path) -> None:
    await filled(folder)

    store = await open_store(folder, Sealer(OLD))
    everything = await store.everything()
    await store.close()

    assert {one.id for one in everything} == {one.id for one in records()}
    assert {canary for canary in CANARIES if canary in str(everything)} == set(CANARIES)


@pytest.mark.promise("S9")
@pytest.mark.parametrize("keys", [NEW, None])
async def test_without_its_key_a_store_does_not_open_and_stays_as_it_is(folder: Path, keys: str | None) -> None:
    await filled(folder)
    before = files(folder)

    with pytest.raises(StoreError, match="key"):
        await open_store(folder, Sealer(keys) if keys else None)

    assert {name: one for name, one in files(folder).items() if "lock" not in name} == {
        name: one for name, one in before.items() if "lock" not in name
    }


@pytest.mark.promise("S9")
async def test_what_somebody_moved_to_another_row_is_noticed_and_not_believed(folder: Path) -> None:
    store = await open_store(folder, Sealer(OLD))
    mine = Subscription(place=HERE, key=parcel(1).key, added_by=ADA, added_at=NOW, title="canary-title")
    await store.save(mine, replace(mine, key=parcel(2).key, title="other"))
    await store.close()
    path = folder / "waybill.json"
    content = path.read_text()

    first, second = re.findall(r'"sealed":"([^"]+)"', content)
    path.write_text(content.replace(first, "swap").replace(second, first).replace("swap", second))

    again = await open_store(folder, Sealer(OLD))
    titles = {one.key: one.title for one in await again.everything() if isinstance(one, Subscription)}
    await again.close()
    assert titles == {parcel(1).key: "canary-title", parcel(2).key: "other"}
    assert "corrupt" in again.remark


@pytest.mark.promise("S9")
async def test_after_a_rotation_the_old_key_opens_nothing_and_the_new_one_all(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await filled(folder)
    monkeypatch.setenv("WAYBILL_KEY", f"{NEW},{OLD}")

    code = await runs("key", "rotate")

    said = capsys.readouterr().out
    assert code == 0, said
    assert f"sealed with key {Sealer(NEW).key_ids[0]}" in said
    assert "Throw them away once no backup" in said
    with pytest.raises(StoreError):
        await open_store(folder, Sealer(OLD))
    store = await open_store(folder, Sealer(NEW))
    assert "canary-title" in str(await store.everything())
    await store.close()
    assert settings.waybill_data == folder


@pytest.mark.promise("S9")
async def test_a_new_key_is_printed_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    code = await runs("key", "new")

    printed = capsys.readouterr().out
    assert code == 0
    assert Sealer(printed).key_ids
    assert len(printed.split()) == 1


@pytest.mark.promise("S13")
@pytest.mark.parametrize(
    ("words", "gone", "left"),
    [
        (("person", ADA), (ADA, "canary-note", "canary-words"), "canary-title"),
        (("parcel", "1zx000000000001"), ("1ZX000000000001", "canary-title", "canary-signer"), "1ZX000010300000016"),
        (("parcel", "1ZX000000000001", "ups"), ("1ZX000000000001", "canary-title"), "1ZX000010300000016"),
        (("channel", "C-ORDERS"), ("C-ORDERS", "canary-title", "canary-signer"), "watermark"),
        (("workspace", "T-ONE"), ("T-ONE", *CANARIES), ""),
    ],
)
async def test_what_is_forgotten_is_in_no_file(
    folder: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    gone: tuple[str, ...],
    left: str,
) -> None:
    await filled(folder)

    code = await runs("forget", *words)

    said = capsys.readouterr().out
    assert code == 0, said
    assert "Removed: " in said
    assert "Nothing of it is left in the folder." in said
    for trace in gone:
        assert list(forget.files_with(settings.waybill_data, trace, Sealer(OLD))) == []
    store = await open_store(folder, Sealer(OLD))
    assert left in str(await store.everything())
    await store.close()


@pytest.mark.promise("S13")
async def test_the_search_finds_what_is_sealed_and_what_is_packed(folder: Path) -> None:
    await filled(folder)

    for canary in ("canary-signer", "canary-title", ADA, "1ZX000000000001"):
        assert "waybill.json" in list(forget.files_with(folder, canary, Sealer(OLD)))


@pytest.mark.promise("S13")
async def test_a_file_that_still_holds_it_is_named(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await filled(folder)
    (settings.waybill_data / "notes.txt").write_text(f'{{"old": "{ADA}"}}')

    code = await runs("forget", "person", ADA)

    assert code == 1
    assert "Still in notes.txt: delete these files, too." in capsys.readouterr().out


@pytest.mark.promise("S13", "R31")
async def test_nothing_is_forgotten_while_the_bot_runs(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    store = await open_store(folder, Sealer(OLD))
    await store.save(*records())

    code = await runs("forget", "person", ADA)

    await store.close()
    assert code == 3
    assert "Stop that one first" in capsys.readouterr().err
    assert settings.waybill_keep_days * timedelta(days=1) == timedelta(days=30)
    assert {type(one) for one in await store.everything()} >= {Parcel, Subscription}
