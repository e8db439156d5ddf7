"""Whom the folder lets in: one process of one user, and no links."""

# ruff: noqa: ASYNC240 - nothing else runs in the loop of these tests

import os
import stat
from pathlib import Path

import pytest

from bot.stores.tinydb import open_store
from tests.contract.stores.examples import parcel
from tests.contract.stores.files import NOBODY, as_an_ordinary_user, by_hand, journals, keep, refusal, saver, serials


@pytest.mark.promise("R31")
async def test_a_second_process_is_refused_and_told_who_holds_the_store(folder: Path) -> None:
    with saver(folder) as holder:
        assert list(serials(holder, at_most=1)) == [1]

        why = await refusal(folder)

        holder.kill()
    assert f"process {holder.pid})" in why
    assert str(folder / "waybill.lock") in why
    store = await open_store(folder)  # its lock went with it
    await store.close()


async def test_a_store_that_could_not_be_opened_holds_nothing(folder: Path, main: Path) -> None:
    await keep(folder, parcel(1))
    good = main.read_bytes()
    main.write_bytes(by_hand(good.replace(b'"status":"pending"', b'"status":"teleported"')))
    await refusal(folder)

    main.write_bytes(good)

    store = await open_store(folder)
    await store.close()


@pytest.mark.promise("R31")
async def test_only_our_user_can_look_inside(folder: Path) -> None:
    before = os.umask(0)
    try:
        await keep(folder, parcel(1))
        await keep(folder, parcel(2))
    finally:
        os.umask(before)

    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    files = ("waybill.json", "waybill.lock", "waybill.previous.json", *journals(folder))
    assert rights == {"data": 0o700, **dict.fromkeys(files, 0o600)}


async def test_rights_that_grew_too_wide_are_narrowed(folder: Path, main: Path) -> None:
    await keep(folder, parcel(1))
    folder.chmod(0o755)
    main.chmod(0o644)

    await keep(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(main.stat().st_mode) == 0o600


async def test_an_open_folder_of_other_things_is_left_as_it_is(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    (folder / "letters.txt").touch()

    assert "for Waybill alone" in await refusal(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert [file.name for file in folder.iterdir()] == ["letters.txt"]


@pytest.mark.promise("R31")
@pytest.mark.parametrize("name", ["waybill.json", "waybill.lock"])
async def test_a_symbolic_link_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    await keep(tmp_path / "elsewhere", parcel(1))
    target = tmp_path / "elsewhere" / name
    before = target.read_bytes()
    folder.mkdir(mode=0o700)
    (folder / name).symlink_to(target)

    assert f"{folder / name} is a symbolic link" in await refusal(folder)

    assert target.read_bytes() == before


async def test_a_link_planted_where_we_write_is_not_followed(folder: Path, tmp_path: Path) -> None:
    await keep(folder, parcel(1))
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / "waybill.new").symlink_to(victim)

    await keep(folder, parcel(2))

    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["waybill.json", "waybill.lock"])
async def test_what_is_no_regular_file_is_refused(folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / name)

    assert f"{folder / name} is not a regular file" in await refusal(folder)


@pytest.mark.parametrize("name", ["waybill.json", "waybill.lock"])
async def test_a_file_of_another_user_is_refused(folder: Path, name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file somebody else's")
    await keep(folder, parcel(1))
    os.chown(folder / name, NOBODY, NOBODY)

    assert f"{folder / name} is not a regular file of user root" in await refusal(folder)


async def test_a_folder_in_the_place_of_the_file_is_refused(folder: Path, main: Path) -> None:
    folder.mkdir(mode=0o700)
    main.mkdir()

    assert str(main) in await refusal(folder)


async def test_a_folder_that_cannot_be_written_is_one_clear_line(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(mode=0o500)

    with as_an_ordinary_user(folder):
        why = await refusal(folder)

    assert str(folder) in why
    assert "Permission denied" in why
    assert "write permission" in why
    assert "as user " in why
    assert "\n" not in why
    assert not caplog.records


async def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder somebody else's")
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)

    assert "belongs to user" in await refusal(folder)
