"""A small part of the campaign that `make fuzz` runs, the same inputs each time; and the campaign itself."""

import json
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain.errors import StoreError, UserError
from bot.stores.tinydb import open_store
from tests.contract.stores.examples import one_of_each
from tests.fuzz import campaign
from tests.fuzz.campaign import Campaign, make, try_inputs
from tests.fuzz.targets import SHARES, TARGETS

INPUTS = {"parser": 1200, "guard": 2000, "decoders": 2000, "renderer": 300, "loader": 300}
"""Of what takes longer there are fewer: all of it is to take a few seconds."""


@pytest.mark.promise("R26", "R29", "S6", "S12", "H3")
@pytest.mark.parametrize("name", TARGETS)
def test_no_spoilt_input_makes_anything_but_an_error_with_a_name(name: str) -> None:
    tally = try_inputs(name, TARGETS[name](), range(INPUTS[name]))

    assert [str(finding) for finding in tally.findings] == []
    assert tally.tried == INPUTS[name]


class Reckless:
    """A target that fails in a way of its own for every other input."""

    def make(self, luck: Random) -> int:
        return luck.randrange(4)

    async def run(self, given: int) -> None:
        match given:
            case 0:
                raise UserError("That is no number.")
            case 1:
                raise KeyError("status")
            case 2:
                begun = time.process_time()
                while time.process_time() < begun + 60:
                    pass


def test_an_error_that_has_no_name_and_an_input_that_takes_too_long_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "TOO_LONG", 0.05)
    target = Reckless()
    made = [make("reckless", target, number) for number in range(20)]

    tally = try_inputs("reckless", target, range(20))

    assert tally.refused == made.count(0)
    assert {one.number for one in tally.findings} == {number for number, given in enumerate(made) if given in {1, 2}}
    assert {one.kind for one in tally.findings} == {"KeyError", "TooSlow"}
    assert tally.failed == len(tally.findings) > 1


class Inline(Executor):
    """Does what is submitted at once, and counts it."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int, int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as it is given
        self.done.append((args[0], args[1], args[2]))
        future: Future[Any] = Future()
        future.set_result(fn(*args, **more))
        return future


def test_a_campaign_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "SLICE", 10)
    one_target = partial(
        Campaign, targets={"guard": TARGETS["guard"]}, shares=SHARES, inputs=35, memory=tmp_path / "fuzz.json"
    )

    def stop(_so_far: Campaign) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_target().run(Inline(), stop)
    again, pool = one_target(), Inline()
    again.run(pool, lambda so_far: None)

    assert len(pool.done) == 3
    assert again.tallies["guard"].tried == 35


def test_the_inputs_of_a_campaign_are_shared_out(tmp_path: Path) -> None:
    whole = Campaign(targets=TARGETS, shares=SHARES, inputs=1_000_000, memory=tmp_path / "fuzz.json")

    assert sum(whole.wanted(name) for name in TARGETS) == 1_000_000
    assert SHARES.keys() == TARGETS.keys() == INPUTS.keys()


@pytest.mark.promise("R29")
@pytest.mark.parametrize("spoilt", [{"name": "one"}, {"packed": "eA=="}, {"packed": 7}])
async def test_a_parcel_whose_older_lines_are_spoilt_is_refused_in_words(
    tmp_path: Path, spoilt: dict[str, object]
) -> None:
    tables = await _stored(tmp_path)
    (number,) = tables["checkpoints"]
    tables["checkpoints"][number] |= spoilt
    (tmp_path / "waybill.json").write_text(json.dumps(tables))

    store = await open_store(tmp_path)
    with pytest.raises(StoreError, match=r"older lines of parcel 1 .* Nothing was changed\. Mend them"):
        await store.parcels()
    await store.close()


@pytest.mark.promise("R29")
@pytest.mark.parametrize("older", [[], 7, "50482432a54e494d"])
async def test_a_parcel_that_does_not_fit_its_older_lines_is_seen_at_the_start(tmp_path: Path, older: object) -> None:
    tables = await _stored(tmp_path)
    tables["parcels"]["1"]["older"] = older
    del tables["checkpoints"]
    (tmp_path / "waybill.json").write_text(json.dumps(tables))

    with pytest.raises(StoreError, match=r"Document 1 of table parcels can't be read: .* Nothing was changed"):
        await open_store(tmp_path)


async def _stored(folder: Path) -> dict[str, Any]:
    """Return what a store with a parcel of several lines writes."""
    store = await open_store(folder)
    await store.save(*one_of_each())
    await store.compact()
    await store.close()
    tables: dict[str, Any] = json.loads((folder / "waybill.json").read_bytes())
    return tables
