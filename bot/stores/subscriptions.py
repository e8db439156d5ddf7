"""Subscriptions in memory: packed, and decoded when they are read. They are found by place and by parcel."""

from bot.domain.parcel import ParcelKey, Place, Subscription
from bot.stores.tables import Pending, Row, Rows, pack, unpack

Name = tuple[Place, ParcelKey]


class SubscriptionShelf:
    """Subscriptions by place and key."""

    def __init__(self, rows: Rows) -> None:
        self._bodies = rows.setdefault("subscriptions", {})
        self._numbers: dict[Place, dict[ParcelKey, int]] = {}
        self._places: dict[str, dict[ParcelKey, tuple[Place, ...]]] = {}
        self._one: dict[Place, tuple[Place]] = {}  # most parcels are followed in one place: they share its tuple

    def name(self, record: Subscription) -> Name:
        """Return what the subscription is found by."""
        return record.place, record.key

    def number(self, name: Name) -> int | None:
        """Return the number of this subscription's document."""
        return self._numbers.get(name[0], {}).get(name[1])

    def get(self, name: Name) -> Subscription | None:
        """Return the subscription."""
        number = self.number(name)
        return None if number is None else self._unpack(number)

    def rows(self, number: int, record: Subscription | None, _pending: Pending) -> list[Row]:
        """Return the document to write so that this subscription stands here. Raises `StoreError`."""
        return [("subscriptions", number, None if record is None else pack(record))]

    def put(self, number: int, name: Name, record: Subscription | None) -> None:
        """Let this subscription stand here; None takes away what stood here."""
        place, key = name
        numbers, places = self._numbers.setdefault(place, {}), self._places.setdefault(place.workspace, {})
        others = tuple(one for one in places.get(key, ()) if one != place)
        if record is None:
            numbers.pop(key, None)
            places[key] = others
            if not others:
                del places[key]
        else:
            numbers[key] = number
            places[key] = (*others, place) if others else self._one.setdefault(place, (place,))

    def load(self, _rows: Rows) -> None:
        """Take in every document. Raises `ValueError` with the number of one that can't be read."""
        places: dict[Place, Place] = {}
        for number in self._bodies:
            try:
                one = self._unpack(number)
            except (ValueError, RecursionError) as error:
                raise ValueError(number, str(error)) from error
            self.put(number, (places.setdefault(one.place, one.place), one.key), one)

    def all(self) -> list[Subscription]:
        """Return every subscription."""
        return [self._unpack(number) for numbers in self._numbers.values() for number in numbers.values()]

    def of(self, place: Place) -> list[Subscription]:
        """Return the subscriptions of a place."""
        return [self._unpack(number) for number in self._numbers.get(place, {}).values()]

    def followers(self, workspace: str, key: ParcelKey) -> list[Subscription]:
        """Return the subscriptions of a parcel."""
        places = self._places.get(workspace, {}).get(key, ())
        return [self._unpack(self._numbers[place][key]) for place in places]

    def _unpack(self, number: int) -> Subscription:
        return unpack(Subscription, self._bodies[number])
