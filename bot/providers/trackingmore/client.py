"""The 16 operations of TrackingMore v2, and two on carriers, each under the vendor's name for it.

Common to all: one call a second of each operation; 30 s in all (real-time looks 60 s); answers of at most 4 MiB (pages
of the list 16 MiB). `ProviderBusy`, `ProviderUnavailable`, `KeyRefused`, `QuotaSpent` (4021 comes even where nothing is
paid) and `AnswerNotUnderstood` can come from any; the docstrings name the others. What changes or costs is never sent
twice.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from bot.domain.errors import Missing, ProviderError
from bot.domain.parcel import NewParcel, ParcelKey, Report
from bot.domain.reports import Reports
from bot.domain.status import Status
from bot.providers.trackingmore import bodies, listing, lookups, wire
from bot.providers.trackingmore.bodies import ALWAYS, AT_ONCE, Edit, Search, Window
from bot.providers.trackingmore.codes import CREATED
from bot.providers.trackingmore.session import Operation, Session, off_the_loop
from bot.providers.trackingmore.transport import MEBIBYTE

T = TypeVar("T")
S = TypeVar("S")

_GET_ONE = Operation(name="GET /trackings/{carrier_code}/{tracking_number}")
_PUT = Operation(name="PUT /trackings/{carrier_code}/{tracking_number}")
_DELETE = Operation(name="DELETE /trackings/{carrier_code}/{tracking_number}")
_POST = Operation(name="POST /trackings/post")
_BATCH = Operation(name="POST /trackings/batch")
_LIST = Operation(name="GET /trackings/get", most_bytes=16 * MEBIBYTE)
_UPDATEMORE = Operation(name="POST /trackings/updatemore")
_DELETE_MANY = Operation(name="POST /trackings/delete")
_REALTIME = Operation(name="POST /trackings/realtime", total=timedelta(seconds=60))
_UPDATE = Operation(name="POST /trackings/update")
_GETUSERINFO = Operation(name="GET /trackings/getuserinfo")
_GETSTATUSNUMBER = Operation(name="GET /trackings/getstatusnumber")
_NOTUPDATE = Operation(name="POST /trackings/notupdate")
_REMOTE = Operation(name="POST /trackings/remote")
_COSTTIME = Operation(name="POST /trackings/costtime")
_AIRCARGO = Operation(name="POST /trackings/aircargo")
_CARRIERS = Operation(name="GET /carriers")
_DETECT = Operation(name="POST /carriers/detect")


class Client:
    """The service's operations, typed. Calls count as asked by a person unless they say otherwise."""

    def __init__(self, session: Session) -> None:
        self._ask = session.ask

    async def post(self, parcel: NewParcel) -> bool:
        """POST /trackings/post: create a parcel; return False for 201 with nothing in it: it was there before.

        Costs 1 of the quota; 0 when it existed. Texts are cut at 200 characters.

        Raises:
            AlreadyExists: it is there already (4016).
            NumberRefused, CarrierRefused, FieldMissing: 4013 and 4014; 4015 and 4032; 4012.
        """
        answer = await self._ask(_POST, body=bodies.creation_of(parcel))
        return bool(answer.data) or answer.code != CREATED

    async def get(self, key: ParcelKey, *, language: str = "", asked_by_person: bool = True) -> Report:
        """GET /trackings/{carrier_code}/{tracking_number}[/{lang}]: what the service holds of a parcel. Free.

        Raises:
            Missing: it has no such parcel (4017, 4031, or an answer with nothing in it).
            NumberRefused, CarrierRefused: 4014; 4015.
        """
        answer = await self._ask(_GET_ONE, path=bodies.path_of(key, language), asked_by_person=asked_by_person)
        return wire.read_one(answer.data, answer.where, key, answer.asked_at)

    async def put(self, key: ParcelKey, edit: Edit) -> None:
        """PUT /trackings/{carrier_code}/{tracking_number}: change what is said of a parcel. Free.

        The answer echoes numbers for words and lacks the journey, so it is not taken for the parcel: read that again.

        Raises:
            Missing: there is no such parcel (4017).
            ProviderRefused: the status cannot be set (4033).
        """
        await self._ask(_PUT, path=bodies.path_of(key), body=bodies.changes_of(edit))

    async def delete(self, key: ParcelKey) -> None:
        """DELETE /trackings/{carrier_code}/{tracking_number}: remove a parcel. Free; to add it again may cost 1.

        Raises:
            Missing: there is no such parcel (4017).
        """
        await self._ask(_DELETE, path=bodies.path_of(key))

    async def batch(self, parcels: Iterable[NewParcel]) -> wire.Outcome:
        """POST /trackings/batch: create parcels, 40 a call. Costs 1 for each that is new.

        A parcel that exists is refused with `AlreadyExists`. When a later call fails, its parcels and those after it
        are refused with that error, and what was done before is told; a failure of the first call is raised.
        """
        sent = {parcel.key: bodies.creation_of(parcel) for parcel in parcels}
        return await self._many(_BATCH, sent, must_be_named=True)

    async def list_page(self, search: Search, *, asked_by_person: bool = False) -> listing.Page:
        """GET /trackings/get: a page of the parcels, newest created first; at most 2,000 of them. Free.

        An empty account, a page past the end and 4031 are all a page without parcels.

        Raises:
            AnswerTooBig: over 16 MiB; ask for fewer.
        """
        try:
            answer = await self._ask(
                _LIST, query=search.query(), asked_by_person=asked_by_person, unwrapped_by=listing.unwrap_page
            )
        except Missing:
            return listing.Page(reports=Reports.of(()), entries=0, total=0, limit=None)
        read = partial(listing.read_page, answer.data, answer.where, answer.asked_at)
        return await off_the_loop(read, much=bool(answer.data) and not isinstance(answer.data, listing.QuickPage))

    async def updatemore(self, edits: Mapping[ParcelKey, Edit]) -> wire.Outcome:
        """POST /trackings/updatemore: change many parcels, 40 a call. Free. Failures as in `batch`."""
        return await self._many(
            _UPDATEMORE, {key: bodies.item_of(key) | bodies.changes_of(edits[key]) for key in edits}
        )

    async def delete_many(self, keys: Iterable[ParcelKey]) -> wire.Outcome:
        """POST /trackings/delete: remove many parcels, 40 a call. Free. Failures as in `batch`; gone is done."""
        outcome = await self._many(_DELETE_MANY, {key: bodies.item_of(key) for key in keys})
        gone = tuple(key for key, error in outcome.refused.items() if isinstance(error, Missing))
        refused = {key: error for key, error in outcome.refused.items() if key not in gone}
        return wire.Outcome(done=outcome.done + gone, refused=refused)

    async def realtime(self, parcel: NewParcel, *, asked_by_person: bool = True) -> Report:
        """POST /trackings/realtime: have the carrier asked now. Up to 60 s; once in two hours for one parcel.

        The cost is unknown: it may be 1, and with no quota left it answers 4021. The answer is shorter than the stored
        parcel and lacks `updated_at`. A carrier that knows nothing makes a report of NOT_FOUND without checkpoints.

        Raises:
            Missing: there is nothing to answer (4031).
            NumberRefused, CarrierRefused, FeatureNotActive: 4014; 4015; 4018.
        """
        answer = await self._ask(_REALTIME, body=bodies.look_of(parcel), asked_by_person=asked_by_person)
        return wire.read_one(answer.data, answer.where, parcel.key, answer.asked_at)

    async def update(self, key: ParcelKey, carrier: str) -> ParcelKey:
        """POST /trackings/update: give a parcel to another carrier; return its new key. May cost 1.

        The answer does not hold the parcel, whose history begins anew: read it under the new key.

        Raises:
            Missing, AlreadyExists, CarrierRefused: no such parcel (4017); the new one exists (4016); 4015.
        """
        await self._ask(_UPDATE, body=bodies.item_of(key) | {"update_carrier_code": carrier})
        return ParcelKey(carrier=carrier, number=key.number)

    async def getuserinfo(self) -> lookups.Account:
        """GET /trackings/getuserinfo: what the account has left. Free."""
        return lookups.read_account((await self._ask(_GETUSERINFO)).reader)

    async def getstatusnumber(self, *, created: Window = ALWAYS, ordered: Window = ALWAYS) -> Mapping[Status, int]:
        """GET /trackings/getstatusnumber: how many parcels there are by status. Free."""
        query = created.query("created_at") | ordered.query("order_created_time")
        return wire.read_counts((await self._ask(_GETSTATUSNUMBER, query=query)).reader)

    async def notupdate(self, keys: Iterable[ParcelKey]) -> wire.Outcome:
        """POST /trackings/notupdate: stop refreshing parcels, 40 a call. Free; no way back. Failures as in `batch`."""
        return await self._many(_NOTUPDATE, {key: bodies.item_of(key) for key in keys})

    async def remote(self, addresses: Iterable[lookups.Address]) -> lookups.RemoteCheck:
        """POST /trackings/remote: for which carriers addresses are remote, 40 a call. Costs 0.2 for each address.

        Only a failure of the first call is raised; after a later one the rest is given back as not asked.

        Raises:
            FieldMissing, FeatureNotActive: 4012; 4018.
        """

        async def ask(portion: Sequence[lookups.Address]) -> tuple[lookups.RemoteArea, ...]:
            items = [{"country": one.country, "postcode": one.postcode, "company": one.company} for one in portion]
            answer = await self._ask(_REMOTE, body=[{k: v for k, v in body.items() if v} for body in items])
            return lookups.read_remote(answer.reader)

        found, left, _ = await _in_portions(addresses, ask)
        return lookups.RemoteCheck(remote=found, not_asked=left)

    async def costtime(self, routes: Iterable[lookups.Route]) -> lookups.TransitTimes:
        """POST /trackings/costtime: how long parcels take on routes, 40 a call. The cost is unknown; reckon 0.2 each.

        Only a failure of the first call is raised; after a later one the rest is given back as not asked.

        Raises:
            FieldMissing, CarrierRefused, FeatureNotActive: 4012; 4015; 4018.
        """

        async def ask(portion: Sequence[lookups.Route]) -> tuple[lookups.TransitTime, ...]:
            names = ("carrier_code", "original", "destination")
            body = [dict(zip(names, (one.carrier, one.origin, one.destination), strict=True)) for one in portion]
            answer = await self._ask(_COSTTIME, body=body)
            return lookups.read_transit_times(answer.data, answer.where)

        found, left, _ = await _in_portions(routes, ask)
        return lookups.TransitTimes(times=found, not_asked=left)

    async def aircargo(self, number: str) -> lookups.AirWaybill | None:
        """POST /trackings/aircargo: what an airline says of one air waybill. Costs 20 to 50: say so before.

        Raises:
            FieldMissing, NumberRefused, FeatureNotActive: 4012; 4014; 4018.
        """
        answer = await self._ask(_AIRCARGO, body={"track_number": [number], "lang": "en"})
        return lookups.read_air_waybill(answer.reader, number)

    async def carriers(self, *, language: str = "en") -> tuple[lookups.ListedCarrier, ...]:
        """GET /carriers: the carriers that the service knows. Free."""
        answer = await self._ask(_CARRIERS, language=language)
        return lookups.read_carriers(answer.data, answer.where)

    async def detect(self, number: str) -> tuple[lookups.ListedCarrier, ...]:
        """POST /carriers/detect: the carriers whose number it may be, best first. Costs 0.2.

        Raises:
            CarrierRefused: nobody's, as far as the service can tell (4032).
        """
        answer = await self._ask(_DETECT, body={"tracking_number": number})
        return lookups.read_carriers(answer.data, answer.where)

    async def _many(
        self, operation: Operation, items: Mapping[ParcelKey, Mapping[str, object]], *, must_be_named: bool = False
    ) -> wire.Outcome:
        """Do something to many parcels, portion by portion."""
        refused: dict[ParcelKey, ProviderError] = {}

        async def ask(portion: Sequence[ParcelKey]) -> tuple[ParcelKey, ...]:
            answer = await self._ask(operation, body=[items[key] for key in portion])
            outcome = wire.read_outcome(answer.data, answer.where, portion, must_be_named=must_be_named)
            refused.update(outcome.refused)
            return outcome.done

        done, left, error = await _in_portions(items, ask)
        return wire.Outcome(done=done, refused=refused | (dict.fromkeys(left, error) if error else {}))


async def _in_portions(
    things: Iterable[T], ask: Callable[[Sequence[T]], Awaitable[tuple[S, ...]]]
) -> tuple[tuple[S, ...], tuple[T, ...], ProviderError | None]:
    """Ask for 40 things at a time; return what came, the things left when a later call failed, and its error."""
    each = tuple(dict.fromkeys(things))
    found: tuple[S, ...] = ()
    for start in range(0, len(each), AT_ONCE):
        try:
            found += await ask(each[start : start + AT_ONCE])
        except ProviderError as error:
            if not start:
                raise
            return found, each[start:], error
    return found, (), None
