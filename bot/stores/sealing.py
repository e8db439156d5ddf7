"""Sealing: what a record says of people lies on the disk encrypted and authenticated; the rest stays readable.

The personal fields of a document become one text, `sealed`: the key's short name and a Fernet token. Inside stand the
table and the record's name as well, so that nobody who can write the file can move what is sealed to another row.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from bot.domain.errors import SettingsError, StoreError

SEALED = "sealed"
PERSONAL: Mapping[str, frozenset[str]] = {
    "parcels": frozenset({"mark", "checkpoints"}),  # checkpoints name who signed, and where
    "checkpoints": frozenset({"checkpoints", "lines", "packed"}),
    "subscriptions": frozenset({"title", "order", "person", "added_by", "archived_by"}),
    "channels": frozenset({"set_by"}),
    "outbox": frozenset({"checkpoints", "by", "note"}),
    "inbox": frozenset({"channel_name", "user", "words", "response_url"}),
}
"""What is sealed, by table. Numbers and carriers stay readable: they are what records are found by."""
_NAMED_BY = ("workspace", "place", "key", "revision", "event", "delivery", "name")
"""The fields that tell a record from all others of its table, where it has them; none is ever personal."""
_ID_LENGTH = 8
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_SEALED_TEXT = re.compile(rb"[0-9a-f]{%d}:gAAAA[A-Za-z0-9_-]+=*" % _ID_LENGTH)


def new_key() -> str:
    """Return a key that nobody has seen before."""
    return Fernet.generate_key().decode()


def check_keys(keys: str) -> tuple[str, ...]:
    """Return the keys in a text, newest first. Raises `ValueError` when one is none; it does not say which."""
    found = tuple(key for key in re.split(r"[\s,]+", keys) if key)
    if any(not _KEY.fullmatch(key) for key in found):
        raise ValueError("must be a key made by `waybill key new`, or several separated by commas")
    return found


def sealed_in(content: bytes) -> Iterator[str]:
    """Yield every sealed text in a file's bytes."""
    for found in _SEALED_TEXT.finditer(content):
        yield found[0].decode()


class Sealer:
    """Seals with the first key, and opens with whichever key it was.

    Raises:
        SettingsError: there is no key, or one is none.
    """

    __slots__ = ("_first", "_keys")

    def __init__(self, keys: str) -> None:
        try:
            found = check_keys(keys)
        except ValueError as error:
            raise SettingsError([f"WAYBILL_KEY {error}"]) from None
        if not found:
            raise SettingsError(["WAYBILL_KEY is missing; make one with `waybill key new`"])
        self._keys = {_id_of(key): Fernet(key) for key in found}
        self._first = _id_of(found[0])

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._keys)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not to be written anywhere.")

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the short names of the keys, newest first; they give nothing of the keys away."""
        return tuple(self._keys)

    def seal(self, table: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document with its personal fields in one sealed text; as it is when all of them are empty."""
        fields = PERSONAL.get(table, frozenset())
        inside = {name: document[name] for name in fields if document.get(name)}
        if not inside:
            return dict(document)
        token = self._keys[self._first].encrypt(msgspec.json.encode([table, _name_of(document), inside]))
        shown = {name: value for name, value in document.items() if name not in inside}
        return {**shown, SEALED: f"{self._first}:{token.decode()}"}

    def unseal(self, table: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document as it was before it was sealed.

        Raises:
            StoreError: its key is not here, or it is not what was sealed in this row.
        """
        if SEALED not in document:
            return dict(document)
        shown = {name: value for name, value in document.items() if name != SEALED}
        try:
            of_table, name, inside = msgspec.json.decode(
                self.open(document[SEALED]), type=tuple[str, Any, dict[str, Any]]
            )
        except ValueError as error:
            raise StoreError(_CHANGED.format(table=table)) from error
        if (of_table, name) != (table, _name_of(shown)) or inside.keys() & shown.keys():
            raise StoreError(_CHANGED.format(table=table))
        return {**shown, **inside}

    def open(self, sealed: object) -> bytes:
        """Return what a sealed text holds.

        Raises:
            StoreError: its key is not here, or it was changed.
        """
        key_id, _, token = str(sealed).partition(":")
        key = self._keys.get(key_id)
        if key is None:
            raise StoreError(
                f"The store is sealed with key {key_id[:_ID_LENGTH]!r}, which WAYBILL_KEY does not hold. Nothing was "
                f"changed. Add that key to WAYBILL_KEY, after the newest and a comma."
            )
        try:
            return key.decrypt(token)
        except InvalidToken:
            raise StoreError(
                "Something sealed in the store was changed or is damaged. Nothing was changed. "
                "Go on from a backup, or from the generation before."
            ) from None


_CHANGED = (
    "Something sealed in the table {table} belongs to another row. Nothing was changed. "
    "Go on from a backup, or from the generation before."
)


def _id_of(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"waybill key id").hexdigest()[:_ID_LENGTH]


def _name_of(document: Mapping[str, Any]) -> list[Any]:
    """Return what tells the document from all others of its table, as JSON gives it back."""
    return [document.get(field) for field in _NAMED_BY]
