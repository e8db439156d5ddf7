"""What happens at a start on a file that is broken, gone, or not for us."""

# ruff: noqa: ASYNC240 - nothing else runs in the loop of these tests

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.stores.tinydb import open_store
from tests.contract.stores.examples import HERE, parcel, subscription
from tests.contract.stores.files import by_hand, keep, refusal

BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "zeros": lambda content: bytes(len(content)),
    "half of it": lambda content: content[: len(content) // 2],
    "a second copy behind it": lambda content: content + content[:40],
    "the issue's example": lambda _: b'{"_default": {"1": {"n": 1}}}{"_default": {"1"',
    "another program's": lambda _: b'{"_default": {"1": {"n": 1}}}',
    "a list": lambda _: b"[]",
    "nested too deep": lambda _: b'{"a":' * 100_000,
    "not UTF-8": lambda content: content.replace(b"first", b"fir\xff\xff"),
    "a table that is a list": lambda content: content.replace(b'"subscriptions":{', b'"x":[],"subscriptions":{'),
    "a row without a number": lambda content: content.replace(b'"subscriptions":{', b'"x":{"a":{}},"subscriptions":{'),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.promise("R28", "R29", "R30")
async def test_a_broken_file_is_kept_aside_and_nothing_is_missing(
    folder: Path, main: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    await keep(folder, subscription(1, title="first"))
    await keep(folder, subscription(2, title="second"))
    broken = BROKEN[how](main.read_bytes())
    main.write_bytes(broken)

    store = await open_store(folder)

    assert await store.subscriptions(HERE) == [subscription(1, title="first"), subscription(2, title="second")]
    (aside,) = folder.glob("waybill.corrupt-*.json")
    assert aside.read_bytes() == broken
    assert aside.name in store.remark
    assert "the store was corrupt" in caplog.text
    await store.close()
    store = await open_store(folder)
    assert not store.remark
    assert await store.subscriptions(HERE) == [subscription(1, title="first"), subscription(2, title="second")]
    await store.close()


async def test_a_broken_file_without_an_earlier_generation_stops_the_start(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1))
    (folder / "waybill.previous.json").unlink()
    main.write_bytes(b"{")

    first, second = await refusal(folder), await refusal(folder)

    (aside,) = folder.glob("waybill.corrupt-*.json")
    assert aside.name in first
    assert "no whole waybill.previous.json" in first
    assert aside.name in second
    assert "begin anew" in second
    assert not main.exists()


async def test_two_broken_generations_stop_the_start(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1))
    await keep(folder, subscription(2))
    main.write_bytes(b"{")
    (folder / "waybill.previous.json").write_bytes(b"")

    assert "no whole waybill.previous.json" in await refusal(folder)


@pytest.mark.promise("R30")
async def test_a_vanished_file_is_not_taken_for_a_new_store(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1))
    await keep(folder, subscription(2))
    main.unlink()

    assert "waybill.previous.json" in await refusal(folder)

    (folder / "waybill.previous.json").rename(main)
    store = await open_store(folder)
    assert await store.subscriptions(HERE) == [subscription(1), subscription(2)]
    await store.close()


@pytest.mark.promise("R35")
async def test_a_newer_format_is_refused_and_left_alone(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1))
    newer = re.sub(rb'"version":2(.*),"check":"[^"]*"', rb'"version":3\1', main.read_bytes())
    main.write_bytes(newer)

    assert "newer Waybill (format 3" in await refusal(folder)

    assert main.read_bytes() == newer


async def test_a_document_that_cannot_be_read_is_named_and_left_alone(folder: Path, main: Path) -> None:
    await keep(folder, subscription(1))
    await keep(folder, parcel(1))
    kept = (folder / "waybill.previous.json").read_bytes()
    odd = by_hand(main.read_bytes().replace(b'"status":"pending"', b'"status":"teleported"'))
    main.write_bytes(odd)

    why = await refusal(folder)

    assert "table parcels" in why
    assert "teleported" in why
    assert main.read_bytes() == odd
    assert (folder / "waybill.previous.json").read_bytes() == kept
