"""The folder by itself: files are replaced whole or not at all, and refusals are one clear sentence.

Over 300 lines: each thing that the system may refuse, with the sentence that is said then.
"""

import errno
import os
import pwd
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.folder import LOCK, UNFINISHED, Folder
from tests.unit.stores.clocks import in_tokyo

ME = pwd.getpwuid(os.geteuid()).pw_name


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

    now = datetime.now(UTC)

    with in_tokyo():
        name = folder.set_aside("waybill.json")

    at = datetime.strptime(name, "waybill.corrupt-%Y%m%dT%H%M%S%fZ.json").replace(tzinfo=UTC)
    assert timedelta(0) <= at - now < timedelta(minutes=1)
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


# ── what the system refuses ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R32")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_clear_sentence(folder: Folder, files: Watched, code: int) -> None:
    files.fails, files.code = "write", code

    with pytest.raises(StoreError) as refused:
        folder.replace("waybill.json", [b"new"])

    assert str(refused.value) == (
        f"There is no room to write {folder.path / UNFINISHED}. Nothing was changed. Make room, then try again."
    )


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_what_else_the_system_refuses_is_one_clear_sentence(folder: Folder, files: Watched, code: int) -> None:
    folder.replace("waybill.json", [b"x"])
    files.fails, files.code = "replace", code
    acts: list[Callable[[], object]] = [
        lambda: folder.replace("waybill.json", [b"y"]),
        lambda: folder.take_place("waybill.json"),
        lambda: folder.set_aside("waybill.json"),
        lambda: folder.link("waybill.json", "waybill.b"),
    ]

    for act in acts:
        with pytest.raises(StoreError) as refused:
            act()
        assert re.fullmatch(
            rf"Can't read or write the store as user {ME}: {re.escape(str(folder.path))}/waybill\.(json|b) refuses: "
            rf"{os.strerror(code)}\. Nothing was changed\. "
            rf"Give that user write permission, or name another folder in WAYBILL_DATA\.",
            str(refused.value),
        )


def test_a_file_that_cannot_be_taken_away_is_named(folder: Folder) -> None:
    (folder.path / "waybill.json").mkdir()

    acts: list[Callable[[], object]] = [
        lambda: folder.remove(["waybill.json"]),
        lambda: folder.write("waybill.json", [b"x"]),
    ]

    for act in acts:
        with pytest.raises(StoreError, match=re.escape(f"{folder.path / 'waybill.json'} refuses: Is a directory.")):
            act()


def test_a_folder_whose_names_the_disk_does_not_keep_is_named(folder: Folder, files: Watched) -> None:
    files.fails, files.code = "sync", errno.EIO

    with pytest.raises(StoreError, match=re.escape(f"{folder.path} refuses: Input/output error.")):
        folder.settle()


@pytest.mark.promise("R31")
def test_a_link_in_the_place_of_a_file_is_named_and_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (folder.path / "waybill.json").symlink_to(tmp_path / "elsewhere")

    for use in (folder.read, folder.open):
        with pytest.raises(StoreError, match=re.escape(f"{folder.path / 'waybill.json'} is a symbolic link. Nothing")):
            use("waybill.json")


@pytest.mark.promise("R31")
def test_an_open_folder_is_closed_to_others_when_all_in_it_is_ours(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for path, name in ((ours, "waybill.json"), (other, "photo.jpg")):
        path.mkdir()
        (path / name).write_text("x")
        path.chmod(0o755)

    Folder(ours).close()
    with pytest.raises(StoreError) as refused:
        Folder(other)

    assert ours.stat().st_mode & 0o777 == 0o700
    assert other.stat().st_mode & 0o777 == 0o755
    assert str(refused.value) == (
        f"{other} is open to other users and holds more than Waybill's files. Nothing was opened. "
        f"Name a folder in WAYBILL_DATA that is for Waybill alone."
    )


@pytest.mark.promise("R31")
@pytest.mark.parametrize(("user", "name"), [(65534, "nobody"), (54321, "54321")])
def test_a_folder_of_another_user_is_named_by_both(tmp_path: Path, user: int, name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder somebody else's")
    os.chown(tmp_path, user, -1)

    with pytest.raises(StoreError) as refused:
        Folder(tmp_path)

    assert str(refused.value) == (
        f"{tmp_path} belongs to user {name}, and Waybill runs as root. "
        f"Nothing was opened. Give it the folder, or name one of its own in WAYBILL_DATA."
    )
    assert not (tmp_path / LOCK).exists()


@pytest.mark.promise("R31")
@pytest.mark.parametrize(("said", "holder"), [(b"", "unknown"), (b"4711\n", "4711"), (b"\xff\n", "\ufffd")])
def test_whoever_holds_the_folder_is_named_as_well_as_the_lock_says(tmp_path: Path, said: bytes, holder: str) -> None:
    first = Folder(tmp_path)
    (tmp_path / LOCK).write_bytes(said)

    with pytest.raises(StoreError, match=re.escape(f"Another Waybill (process {holder}) holds {tmp_path}/{LOCK}.")):
        Folder(tmp_path)

    first.close()


@pytest.mark.promise("R31")
def test_a_longer_name_in_the_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("12345678901234567890\n")

    folder = Folder(tmp_path)

    assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600
    folder.close()
    folder.close()  # as often as anybody likes


def test_a_folder_in_which_nothing_can_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreError) as refused:
        Folder(tmp_path / "file" / "data")

    assert f"as user {ME}: {tmp_path / 'file' / 'data'} refuses: Not a directory. Nothing was changed." in str(
        refused.value
    )


# ── the system's calls ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("R31")
def test_a_file_that_is_made_is_for_us_alone_and_no_child_inherits_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        handle = Files().open(tmp_path / "new", os.O_RDWR | os.O_CREAT)
    finally:
        os.umask(before)

    assert os.fstat(handle).st_mode & 0o777 == 0o600
    assert not os.get_inheritable(handle)
    os.close(handle)


def test_what_the_system_takes_in_pieces_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = os.open(tmp_path / "new", os.O_RDWR | os.O_CREAT)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: real(file, content[:3], at))

    Files().write(handle, b"0123456789", 5)

    os.close(handle)
    assert (tmp_path / "new").read_bytes() == bytes(5) + b"0123456789"


@pytest.mark.promise("R28")
def test_what_is_in_a_file_is_synced_as_cheaply_as_the_system_can(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "fdatasync", lambda handle: synced.append(("content", handle)), raising=False)
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(("all", handle)))

    Files().sync_content(7)
    monkeypatch.delattr(os, "fdatasync")  # as on macOS
    Files().sync_content(8)

    assert synced == [("content", 7), ("all", 8)]


def test_a_name_that_is_not_there_can_be_taken_away_and_a_file_ends_where_it_is_cut(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"0123456789")
    handle = os.open(tmp_path / "new", os.O_RDWR)

    Files().cut(handle, 4)
    Files().unlink(tmp_path / "never")
    Files().reached("anything")

    os.close(handle)
    assert (tmp_path / "new").read_bytes() == b"0123"
