"""What is said of people is sealed: unreadable, unchangeable, and bound to its row."""

import dataclasses
import json
import pickle
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.domain.errors import SettingsError, StoreError
from bot.ports import Record
from bot.stores.sealing import PERSONAL, SEALED, Sealer, new_key, sealed_in
from bot.stores.tables import TABLES, pack, table_of
from tests.contract.stores.examples import one_of_each

OLD, NEW = "sandbox-sandbox-sandbox-sandbox-sandbox-sa0=", "sandbox-another-sandbox-another-sandbox-an4="
SHOWN = {
    *("workspace", "place", "key", "serial", "revision", "event", "delivery", "name", "value", "channel", "card"),
    *("status", "before", "word", "substatus", "announced", "seen", "origin", "destination", "fingerprint", "preset"),
    *("aloud", "introduced", "paused", "progress", "stamp", "reason", "attempts", "refusals", "private", "missing"),
    *("must_read", "stall_told", "stranger", "new", "rehearsals", "digest", "again", "answered"),
}
"""What may lie on the disk for all to read."""
SET_BY = {"set_by": "U-BEN"}


def documents() -> list[tuple[str, dict[str, Any]]]:
    return [(table_of(record), json.loads(pack(record))) for record in one_of_each()]


@pytest.mark.promise("S9")
@pytest.mark.parametrize(("table", "document"), documents())
def test_a_document_comes_back_as_it_was_and_shows_nothing_personal(table: str, document: dict[str, Any]) -> None:
    sealed = Sealer(NEW).seal(table, document)

    written = json.dumps(sealed, ensure_ascii=False)
    assert Sealer(NEW).unseal(table, json.loads(written)) == document
    assert not PERSONAL.get(table, frozenset()) & sealed.keys()
    for word in ("quoted", "U-ANN", "U-BEN", "entrepôt", "Zürich", "hooks.slack.com", "#17", "orders"):
        assert word not in written.replace("C-ORDERS", "")


@pytest.mark.promise("S9")
@pytest.mark.parametrize("kind", TABLES.values(), ids=str)
def test_every_field_of_a_record_is_sealed_or_known_to_be_no_secret(kind: type[Record]) -> None:
    table = next(name for name, one in TABLES.items() if one is kind)

    fields = {one.name for one in dataclasses.fields(kind) if not one.name.endswith(("_at", "until"))}

    assert fields <= SHOWN | PERSONAL.get(table, frozenset())


def test_every_new_key_is_another() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == len({Sealer(key).key_ids for key in keys}) == 100


def test_a_document_without_anything_personal_is_not_sealed() -> None:
    document = {"place": ["T", "C"], "key": ["ups", "1Z"], "title": "", "order": "", "person": ""}

    assert Sealer(NEW).seal("subscriptions", document) == document
    assert Sealer(NEW).unseal("subscriptions", document) == document


@pytest.mark.promise("S9")
def test_the_newest_key_seals_and_each_opens() -> None:
    before = Sealer(OLD).seal("channels", {"place": ["T", "C"], "set_by": "U-ANN"})
    both = Sealer(f"{NEW}, {OLD}")

    opened = both.unseal("channels", before)
    after = both.seal("channels", opened)

    assert opened["set_by"] == "U-ANN"
    assert after[SEALED].startswith(both.key_ids[0])
    assert Sealer(NEW).unseal("channels", after) == opened


@pytest.mark.promise("S9")
def test_a_key_goes_by_the_same_short_name_for_ever() -> None:
    assert Sealer(f"{NEW},{OLD}").key_ids == ("eee7a208", "6dcab76c")  # stores on people's disks name them so


@pytest.mark.promise("S9")
def test_without_its_key_a_document_stays_closed_and_the_key_is_named() -> None:
    sealed = Sealer(OLD).seal("channels", {"place": ["T", "C"], "set_by": "U-ANN"})

    with pytest.raises(StoreError) as wrong:
        Sealer(NEW).unseal("channels", sealed)

    assert str(wrong.value) == (
        f"The store is sealed with key '{Sealer(OLD).key_ids[0]}', which WAYBILL_KEY does not hold. Nothing was "
        f"changed. Add that key to WAYBILL_KEY, after the newest and a comma."
    )


@pytest.mark.promise("S9")
@pytest.mark.parametrize(
    "other", [{"place": ["T", "C2"]}, {"place": ["T2", "C"]}, {"place": ["T", "C"], "key": ["a", "1"]}]
)
def test_what_is_sealed_opens_in_its_own_row_only(other: dict[str, Any]) -> None:
    sealed = Sealer(NEW).seal("channels", {"place": ["T", "C"], "set_by": "U-ANN"})

    moved = [("channels", {**other, SEALED: sealed[SEALED]}), ("subscriptions", sealed), ("channels", sealed | SET_BY)]

    for table, document in moved:
        with pytest.raises(StoreError) as wrong:
            Sealer(NEW).unseal(table, document)
        assert str(wrong.value) == (
            f"Something sealed in the table {table} belongs to another row. Nothing was changed. "
            f"Go on from a backup, or from the generation before."
        )


@pytest.mark.promise("S9")
@pytest.mark.parametrize("inside", [b"no JSON", b'["channels",[],7]', b'["channels",[]]'])
def test_what_was_sealed_by_something_else_is_not_believed(inside: bytes) -> None:
    text = f"{Sealer(NEW).key_ids[0]}:{Fernet(NEW).encrypt(inside).decode()}"

    with pytest.raises(StoreError, match=r"^Something sealed in the table channels belongs to another row"):
        Sealer(NEW).unseal("channels", {SEALED: text})


@pytest.mark.promise("S9")
def test_a_changed_character_is_noticed() -> None:
    sealed = Sealer(NEW).seal("channels", {"place": ["T", "C"], "set_by": "U-ANN"})
    at = len(sealed[SEALED]) // 2
    changed = sealed[SEALED][:at] + ("A" if sealed[SEALED][at] != "A" else "B") + sealed[SEALED][at + 1 :]

    for text in (changed, changed[:20]):
        with pytest.raises(StoreError) as wrong:
            Sealer(NEW).unseal("channels", {**sealed, SEALED: text})
        assert str(wrong.value) == (
            "Something sealed in the store was changed or is damaged. Nothing was changed. "
            "Go on from a backup, or from the generation before."
        )
    for text in ("", None, 7, "00000000:"):
        with pytest.raises(StoreError, match=f"sealed with key '{str(text).rstrip(':')}', which"):
            Sealer(NEW).unseal("channels", {**sealed, SEALED: text})


def test_sealed_texts_are_found_in_the_bytes_of_a_file() -> None:
    sealed = [Sealer(NEW).seal(table, document) for table, document in documents()]

    found = list(sealed_in(json.dumps(sealed).encode()))

    assert found == [one[SEALED] for one in sealed if SEALED in one]


@pytest.mark.promise("S8")
@pytest.mark.parametrize("keys", ["", ",", "canary", f"{NEW},canary", NEW[:-1], NEW + "A", "ключ"])
def test_what_is_no_key_is_refused_and_not_quoted(keys: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Sealer(keys)

    assert str(wrong.value) == (
        "WAYBILL_KEY must be a key made by `waybill key new`, or several separated by commas"
        if keys.strip(",")
        else "WAYBILL_KEY is missing; make one with `waybill key new`"
    )


@pytest.mark.promise("S8")
def test_a_sealer_shows_no_key_and_cannot_be_copied_out() -> None:
    sealer = Sealer(f"{NEW},{OLD}")

    assert repr(sealer) == f"Sealer({', '.join(sealer.key_ids)})"
    assert NEW not in repr(sealer) + str(sealer.key_ids)
    with pytest.raises(TypeError, match=r"^A key is not to be written anywhere\.$"):
        pickle.dumps(sealer)
