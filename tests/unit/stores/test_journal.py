"""The journal by itself: its bytes, what a failing disk leaves of them, and how they are read."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from bot.stores.tables import Row
from bot.stores.tinydb.files import Files
from bot.stores.tinydb.journal import (
    STEP,
    Damaged,
    Journal,
    empty,
    head,
    is_part_of,
    next_after,
    pack_rows,
    read_records,
    unpack_rows,
)

ROWS: list[Row] = [("parcels", 7, b'{"a":1}'), ("inbox", 12, None)]
BODY = b'[["parcels",7,{"a":1}],["inbox",12,null]]'


def framed(body: bytes) -> bytes:
    return b"%08x %08x %b\n" % (len(body), crc32(body), body)


class Failing(Files):
    """Files of which some calls fail, each so often."""

    def __init__(self, **times: int) -> None:
        self.times = times
        self.synced = 0

    def write(self, handle: int, content: bytes, at: int) -> None:
        if len(content) == STEP:
            self._fail("grow")
        self._fail("write")
        super().write(handle, content, at)

    def cut(self, handle: int, size: int) -> None:
        self._fail("cut")
        super().cut(handle, size)

    def sync_content(self, handle: int) -> None:
        self._fail("sync")
        self.synced += 1
        super().sync_content(handle)

    def _fail(self, call: str) -> None:
        if self.times.get(call, 0):
            self.times[call] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "waybill.000001.journal"


@pytest.fixture
def handle(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    yield handle
    os.close(handle)


def test_rows_are_written_as_lists_and_read_as_they_were() -> None:
    assert pack_rows(ROWS) == BODY
    assert list(unpack_rows(BODY)) == ROWS


@pytest.mark.promise("R29")
def test_a_record_is_its_length_its_checksum_and_what_it_holds(path: Path, handle: int) -> None:
    files = Failing()
    journal = Journal(files, handle, 3)

    journal.append(BODY)

    written = path.read_bytes()
    assert written.rstrip(b"\0") == framed(b'{"generation":3}') + framed(BODY)
    assert (journal.generation, journal.end, journal.failed) == (3, len(written.rstrip(b"\0")), False)
    assert (len(written), files.synced) == (STEP, 2)


def test_the_file_grows_in_big_steps_and_by_as_much_as_a_record_needs(path: Path, handle: int) -> None:
    journal = Journal(Files(), handle, 1)
    start = journal.end

    journal.append(b"x" * (STEP - start - 19))  # a record has 19 bytes beside its body: the file is full to the byte
    full = path.stat().st_size
    journal.append(b"y")
    one_more = path.stat().st_size
    journal.append(b"z" * 3 * STEP)

    assert (full, one_more) == (STEP, 2 * STEP)
    assert path.stat().st_size == journal.end
    assert [len(body) for body in read_records(path.read_bytes())[0]] == [len(head(1)), STEP - start - 19, 1, 3 * STEP]


def test_a_journal_goes_on_where_its_last_whole_record_ends(path: Path, handle: int) -> None:
    Journal(Files(), handle, 1).append(b"first")
    bodies, end, torn = read_records(path.read_bytes())

    journal = Journal(Files(), handle, 1, end)
    journal.append(b"second")

    assert (bodies, torn) == ([head(1), b"first"], b"")
    assert read_records(path.read_bytes())[0] == [head(1), b"first", b"second"]


@pytest.mark.promise("R32")
def test_where_a_big_step_has_no_room_the_record_may_have(path: Path, handle: int) -> None:
    journal = Journal(Failing(grow=2), handle, 1)

    journal.append(b"small")

    assert path.read_bytes() == framed(head(1)) + framed(b"small")
    assert not journal.failed


@pytest.mark.promise("R32")
def test_a_record_that_has_no_room_leaves_nothing_behind(path: Path, handle: int) -> None:
    files = Failing()
    journal = Journal(files, handle, 1)
    end = journal.end
    files.times = {"write": 1}

    with pytest.raises(OSError, match="No space"):
        journal.append(BODY)
    refused = path.read_bytes()
    journal.append(BODY)

    assert (refused, journal.failed) == (framed(head(1)), False)
    assert read_records(path.read_bytes())[:2] == ([head(1), BODY], end + len(framed(BODY)))


@pytest.mark.promise("R32")
@pytest.mark.parametrize("times", [{"sync": 1}, {"sync": 1, "cut": 1}, {"write": 1, "cut": 1}])
def test_a_file_of_which_nobody_knows_what_is_in_it_is_not_used_again(
    path: Path, handle: int, times: dict[str, int]
) -> None:
    files = Failing()
    journal = Journal(files, handle, 1)
    end = journal.end
    files.times = dict(times)

    with pytest.raises(OSError, match="No space"):
        journal.append(BODY)

    assert (journal.failed, journal.end) == (True, end)
    assert read_records(path.read_bytes())[0][0] == head(1)


@pytest.mark.promise("R29")
def test_zeros_are_the_end_of_a_journal() -> None:
    content = framed(b"{}") + framed(b"[]")

    assert read_records(content) == ([b"{}", b"[]"], len(content), b"")
    assert read_records(content + bytes(5000)) == ([b"{}", b"[]"], len(content), b"")
    assert read_records(b"") == ([], 0, b"")


@pytest.mark.promise("R29")
@pytest.mark.parametrize("left", range(1, 19 + len(BODY)))
def test_wherever_the_last_record_is_torn_the_others_are_whole(left: int) -> None:
    whole = framed(head(1))

    for zeros in (b"", bytes(100)):
        bodies, end, torn = read_records(whole + framed(BODY)[:left] + zeros)
        assert (bodies, end, torn) == ([head(1)], len(whole), framed(BODY)[:left])


@pytest.mark.promise("R29")
def test_damage_before_a_whole_record_is_no_torn_end() -> None:
    first = bytearray(framed(BODY))
    first[25] ^= 1

    with pytest.raises(Damaged, match=r"^the record at byte 35 is damaged, and whole ones follow it$"):
        read_records(framed(head(1)) + first + framed(b"[]"))


@pytest.mark.promise("R29")
@pytest.mark.parametrize("at", [0, 7, 8, 9, 16, 18, 18 + len(BODY) - 1])
def test_a_last_record_that_is_there_to_its_end_and_yet_wrong_is_damaged(at: int) -> None:
    last = bytearray(framed(BODY))
    last[at] ^= 1

    with pytest.raises(Damaged, match=r"^the last record, at byte 35, is damaged$"):
        read_records(framed(head(1)) + last)


@pytest.mark.promise("R29")
def test_a_sector_of_zeros_in_the_last_record_means_that_it_is_torn() -> None:
    last = bytearray(framed(BODY))
    last[20:30] = bytes(10)

    bodies, end, torn = read_records(framed(head(1)) + last)

    assert (bodies, end, torn) == ([head(1)], 35, bytes(last))


def test_a_new_journal_says_its_generation_and_the_last_record_names_the_next() -> None:
    assert empty(4) == framed(b'{"generation":4}')
    assert next_after(4) == b'{"next":5}'


@pytest.mark.parametrize(
    ("rest", "part"),
    [
        (b"", True),
        (framed(BODY), True),
        (framed(BODY)[:20], True),
        (b"\0" * 8 + framed(BODY)[8:12], True),
        (framed(BODY) + b"\0", False),
        (framed(BODY)[:20] + b"x", False),
        (b"x", False),
    ],
)
def test_a_torn_record_may_be_a_part_of_one_that_was_meant(rest: bytes, *, part: bool) -> None:
    assert is_part_of(rest, BODY) is part


def test_a_closed_journal_lets_go_of_its_file(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT)

    Journal(Files(), handle, 1).close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


@pytest.mark.promise("R29")
def test_what_is_torn_is_given_back_to_its_last_character() -> None:
    whole = framed(head(1))

    assert read_records(whole + framed(b"XXXXXX")[:-2] + bytes(9)) == ([head(1)], len(whole), framed(b"XXXXXX")[:-2])
