"""How a place comes to follow a parcel: introduced, created or known, subscribed."""

from dataclasses import replace

from bot.domain import changes
from bot.domain.changes import MISSING_TWICE
from bot.domain.errors import MessengerDoubtful, NotHere, PlaceGone, ProviderError
from bot.domain.parcel import ChannelSettings, NewParcel, Parcel, Place, Subscription
from bot.domain.records import Memo, card_row
from bot.ports import Clock, Messenger, Provider, Record, Store
from bot.services.amend import amend
from bot.services.observer import Amending, Observer
from bot.services.purchases import Purchases
from bot.services.results import Followed


class Following:
    """Follows parcels. Whoever calls sees to it that one parcel is followed by one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        provider: Provider,
        messenger: Messenger,
        clock: Clock,
        observer: Observer,
        purchases: Purchases,
    ) -> None:
        self._store = store
        self._provider = provider
        self._messenger = messenger
        self._clock = clock
        self._observer = observer
        self._purchases = purchases

    async def follow(self, new: NewParcel, wish: Subscription) -> Followed:
        """Have the place follow the parcel as it wishes.

        Raises:
            NotHere: the bot cannot post in this place; nothing was added.
            ProviderError: the provider refused or is away; nothing was added.
        """
        place = wish.place
        here = await self._store.subscription(place, new.key)
        known = await self._store.parcel(place.workspace, new.key)
        if known and known.removed_at:
            known = None
        if here and known and here.active and known.missing < MISSING_TWICE:
            return Followed(parcel=known, subscription=here, already=True)
        await self._introduced(place, by=wish.added_by)
        followed = known is not None and bool(await self._observer.followers(known))
        there = known is not None and not known.missing
        there = there and (followed or await self._purchases.unarchive(place.workspace, new.key))
        created = None if there else await self._purchases.create(place.workspace, new)
        if known:
            await self._take_up_again(wish, here)
            if created:
                await self._store.save(remove=[created.intent])
        else:
            await self._take_up(new, wish, created.intent if created else None)
        parcel = await self._store.parcel(place.workspace, new.key)
        subscription = await self._store.subscription(place, new.key)
        if parcel is None or subscription is None:  # deleted by somebody else in this very moment
            raise NotHere
        return Followed(
            parcel=parcel,
            subscription=subscription,
            spent=created is not None and created.spent,
        )

    async def _introduced(self, place: Place, *, by: str) -> None:
        """Post the first message in a place, or the first after it was closed to us: that shows whether we may."""
        settings = await self._store.settings(place)
        if settings.introduced and not settings.paused:
            return
        settings = replace(settings, introduced=True, set_by=settings.set_by or by)
        try:
            await self._messenger.introduce(settings, by=by)
        except PlaceGone as error:
            raise NotHere(direct=place.channel.startswith("D")) from error
        except MessengerDoubtful:
            pass  # it may stand there: better none than two

        def opened(stored: ChannelSettings) -> ChannelSettings:
            return replace(stored, introduced=True, set_by=stored.set_by or by, paused="")

        await amend(self._store, lambda: self._store.settings(place), opened)

    async def _take_up(self, new: NewParcel, wish: Subscription, intent: Memo | None) -> None:
        """Save a parcel that this workspace did not know, with its first report as what is no news."""
        workspace, now = wish.place.workspace, self._clock.now()
        serial = await self._store.next_serial(workspace)
        parcel = Parcel(workspace=workspace, key=new.key, serial=serial, added_at=now, revision=1)
        try:
            report = await self._provider.report(new.key, asked_by_person=True)
            if report.archived:
                await self._provider.archive(new.key, archived=False)
        except ProviderError:
            parcel = replace(parcel, must_read=True)  # it exists; it is read when the provider answers again
        else:
            parcel = changes.first_sight(parcel, report, now)
        await self._store.save(parcel, wish, card_row(wish, parcel.revision, now), remove=[intent] if intent else [])

    async def _take_up_again(self, wish: Subscription, here: Subscription | None) -> None:
        """Save that one more place, or this place again, follows a parcel that this workspace knows."""
        now = self._clock.now()

        def rule(parcel: Parcel) -> tuple[Parcel, None]:
            unread = parcel.must_read or parcel.missing > 0
            return replace(parcel, missing=0, must_read=unread, revision=parcel.revision + 1), None

        def anew(subscription: Subscription) -> Subscription:
            return replace(
                subscription,
                archived_at=None,
                archived_by="",
                title=wish.title or subscription.title,
                order=wish.order or subscription.order,
                person=wish.person or subscription.person,
            )

        def also(parcel: Parcel) -> tuple[Record, ...]:
            row = card_row(wish, parcel.revision, now)
            return (row,) if here else (wish, row)

        amending = Amending(rule=anew, place=wish.place)
        await self._observer.change(wish.place.workspace, wish.key, rule, also=also, amending=amending)
