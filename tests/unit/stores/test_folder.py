"""The folder by itself: files are replaced whole or not at all, and refusals are one clear sentence."""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.folder import LOCK, UNFINISHED, Folder


class Watched(Files):
    """Files that note what is asked of them, and fail where they are told to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = ""
        self.code = errno.ENOSPC

    def write(self, handle: int, content: bytes, at: int) -> None:
        self._note("write")
        super().write(handle, content, at)

    def sync(self, handle: int) -> None:
        self._note("sync")
        super().sync(handle)

    def replace(self, path: Path, by: Path) -> None:
        self._note("replace")
        super().replace(path, by)

    def reached(self, moment: str) -> None:
        self.calls.append(moment)

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if call == self.fails:
            raise OSError(self.code, os.strerror(self.code))


@pytest.fixture
def files() -> Watched:
    return Watched()


@pytest.fixture
def folder(tmp_path: Path, files: Watched) -> Iterator[Folder]:
    folder = Folder(tmp_path / "new" / "data", files)
    yield folder
    folder.close()


@pytest.mark.promise("R31")
def test_a_new_folder_is_ours_alone_and_its_lock_names_the_process(folder: Folder) -> None:
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / LOCK).read_text() == f"{os.getpid()}\n"
    assert folder.names() == []


@pytest.mark.promise("R31")
def test_a_folder_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    first = Folder(tmp_path)

    with pytest.raises(StoreError) as refused:
        Folder(tmp_path)
    first.close()
    Folder(tmp_path).close()

    assert str(refused.value).startswith(f"Another Waybill (process {os.getpid()}) holds {tmp_path}")
    assert str(refused.value).endswith("Stop that one first, or name another folder in WAYBILL_DATA.")


@pytest.mark.promise("R29")
def test_a_file_is_synced_before_it_takes_its_place_and_its_name_afterwards(folder: Folder, files: Watched) -> None:
    folder.replace("waybill.json", [b"old, and longer"])
    files.calls.clear()

    size = folder.replace("waybill.json", [b"ne", b"w"])

    assert (size, folder.read("waybill.json")) == (3, b"new")
    assert files.calls == ["write", "write", "sync", "store.tmp_written", "replace", "store.renamed", "sync"]
    assert (folder.path / "waybill.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("R29", "R32")
@pytest.mark.parametrize("call", ["write", "sync", "replace"])
def test_a_file_that_could_not_be_replaced_holds_what_it_held(folder: Folder, files: Watched, call: str) -> None:
    folder.replace("waybill.json", [b"old"])
    files.fails = call

    with pytest.raises(StoreError, match="Nothing was changed"):
        folder.replace("waybill.json", [b"new"])

    assert folder.read("waybill.json") == b"old"
    assert (folder.path / UNFINISHED).exists() is (call == "replace")
    assert folder.names() == ["waybill.json"]


def test_what_is_not_there_is_read_as_nothing(folder: Folder) -> None:
    assert folder.read("waybill.json") is None


def test_a_file_may_have_a_second_name_whatever_had_it_before(folder: Folder) -> None:
    folder.replace("waybill.json", [b"now"])
    folder.replace("waybill.previous.json", [b"long ago"])

    for _ in range(2):
        folder.link("waybill.json", "waybill.previous.json")
    folder.replace("waybill.json", [b"later"])

    assert (folder.read("waybill.previous.json"), folder.read("waybill.json")) == (b"now", b"later")
    assert folder.names() == ["waybill.json", "waybill.previous.json"]
    assert {one.name for one in folder.path.iterdir()} == {LOCK, *folder.names()}


def test_what_is_set_aside_keeps_its_content_under_a_name_with_the_time(folder: Folder) -> None:
    folder.replace("waybill.json", [b"odd"])

    name = folder.set_aside("waybill.json")

    assert re.fullmatch(r"waybill\.corrupt-\d{8}T\d{12}Z\.json", name)
    assert (folder.names(), folder.read(name)) == ([name], b"odd")


def test_files_are_removed_durably_and_may_be_gone_already(folder: Folder, files: Watched) -> None:
    folder.replace("waybill.json", [b"x"])
    files.calls.clear()

    folder.remove(["waybill.json", "waybill.never.json"])

    assert (folder.names(), files.calls) == ([], ["sync"])


def test_a_file_is_opened_as_it_is_and_made_where_there_is_none(folder: Folder) -> None:
    folder.replace("waybill.json", [b"kept"])

    handles = [folder.open(name) for name in ("waybill.json", "waybill.other")]

    for handle in handles:
        os.close(handle)
    assert [folder.read(name) for name in ("waybill.json", "waybill.other")] == [b"kept", b""]


@pytest.mark.promise("R31")
def test_a_file_whose_rights_grew_is_narrowed_when_it_is_read(folder: Folder) -> None:
    folder.replace("waybill.json", [b"x"])
    (folder.path / "waybill.json").chmod(0o644)

    folder.read("waybill.json")

    assert (folder.path / "waybill.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.promise("R31")
def test_what_is_no_regular_file_is_refused(folder: Folder) -> None:
    os.mkfifo(folder.path / "waybill.json")

    for use in (folder.read, folder.open):
        with pytest.raises(StoreError) as refused:
            use("waybill.json")
        assert f"{folder.path / 'waybill.json'} is not a regular file of user " in str(refused.value)
        assert str(refused.value).endswith("Nothing was opened. Move it away, or name another folder in WAYBILL_DATA.")
