"""What Slack has taken, and keeping it: where the store refuses it, it is remembered here until the store takes it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import RevisionMoved
from bot.domain.parcel import ParcelKey, Place, Subscription
from bot.domain.records import Notification, card_row
from bot.domain.status import Event
from bot.ports import Clock, Record, Store
from bot.services.amend import amend


class Standing:
    """Knows the cards and messages that stand in Slack, and crosses off what they tell."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._stamps: dict[str, str] = {}
        self._cards: dict[tuple[Place, ParcelKey], str] = {}

    def stands(self, row: Notification) -> bool:
        """Return whether the row was told, and only the store did not take that."""
        return bool(row.stamp) and self._stamps.get(row.id) == row.stamp

    def took(self, rows: Sequence[Notification]) -> None:
        """Remember that these rows stand in Slack."""
        self._stamps |= {row.id: row.stamp for row in rows if row.stamp}

    async def cross_off(self, rows: Sequence[Notification], *, redraw: bool) -> None:
        """Cross the rows off; their cards are redrawn later where they were not. After a deletion all else goes too."""
        place, cards = rows[0].place, list[Notification]()
        for key in {row.key for row in rows}:
            told = [row for row in rows if row.key == key]
            if any(row.event is Event.DELETED for row in told):
                await self._forget(place, key, told)
            subscription = await self._store.subscription(place, key)
            if redraw and subscription:
                cards.append(card_row(subscription, told[-1].revision, self._clock.now()))
        await self._store.save(*cards, remove=rows)
        for row in rows:
            self._stamps.pop(row.id, None)

    async def with_card(self, subscription: Subscription) -> Subscription:
        """Return the subscription with the card that stands, though the store did not take it so far."""
        card = self._cards.get((subscription.place, subscription.key))
        return await self.keep_card(subscription, card) if card and not subscription.card else subscription

    async def keep_card(self, subscription: Subscription, card: str) -> Subscription:
        """Keep which message shows the parcel, whatever else happens to the subscription meanwhile."""
        place, key = subscription.place, subscription.key
        self._cards[place, key] = card
        kept = await amend(
            self._store, lambda: self._store.subscription(place, key), lambda stored: replace(stored, card=card)
        )
        self._cards.pop((place, key), None)
        return kept or replace(subscription, card=card)

    async def _forget(self, place: Place, key: ParcelKey, rows: Sequence[Notification]) -> None:
        """Remove a deleted parcel with the last that follows it, unless somebody added it again."""
        while True:
            parcel = await self._store.parcel(place.workspace, key)
            subscription = await self._store.subscription(place, key)
            if not (parcel and parcel.removed_at and subscription and not subscription.active):
                return
            others = await self._store.followers(parcel.workspace, parcel.key)
            gone: list[Record] = [subscription, *([parcel] if len(others) == 1 else [])]
            try:
                await self._store.save(remove=[*rows, *gone], onto=(parcel, *others))
            except RevisionMoved:  # another place tells it too, or somebody adds it again in this very moment
                continue
            return
