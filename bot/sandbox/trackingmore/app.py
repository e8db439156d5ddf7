"""The simulated TrackingMore v2 over HTTP: the door that every call goes through, and the service behind it."""

import asyncio
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.sandbox.trackingmore import lookups, operations
from bot.sandbox.trackingmore.account import Account
from bot.sandbox.trackingmore.clock import CarrierClock
from bot.sandbox.trackingmore.codes import Refused, envelope, http_status
from bot.sandbox.trackingmore.faults import Faults, Script, Scripted
from bot.sandbox.trackingmore.operations import Answer, Ask

Operation = Callable[[Account, Ask], Answer]
ONE = "/trackings/{carrier_code}/{tracking_number}"
LIST = "GET /trackings/get"
LOOK = "POST /trackings/realtime"
ACCOUNT = "GET /trackings/getuserinfo"
OPERATIONS: dict[str, Operation] = {
    "POST /trackings/post": operations.create,
    f"GET {ONE}": operations.show,
    f"PUT {ONE}": operations.edit,
    f"DELETE {ONE}": operations.delete,
    "POST /trackings/batch": operations.batch,
    LIST: lookups.parcels,
    "POST /trackings/updatemore": operations.edit_many,
    "POST /trackings/delete": operations.delete_many,
    LOOK: operations.look,
    "POST /trackings/update": operations.change_carrier,
    ACCOUNT: lookups.owner,
    "GET /trackings/getstatusnumber": lookups.counts,
    "POST /trackings/notupdate": operations.stop,
    "POST /trackings/remote": lookups.remote,
    "POST /trackings/costtime": lookups.transit_times,
    "POST /trackings/aircargo": lookups.air_waybills,
    "GET /carriers": lookups.all_carriers,
    "POST /carriers/detect": lookups.detected,
}
_PATHS = {name.partition(" ")[2] for name in OPERATIONS}
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body></body></html>"
SECOND = 0.95  # a caller that keeps to one a second may lose a twentieth of it on the way
PENALTY = 120.0
MOST_CALLS_KEPT = 20_000
MIB = 1 << 20
LONG_PAGE = 1000
TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that came in, and how it was answered."""

    operation: str
    at: float  # carrier time, unix seconds
    path: str
    query: dict[str, str]
    body: Any
    http: int | None  # none if the connection was dropped
    code: int | None


@dataclass(slots=True)
class Gate:
    """Counts calls in real time: so many a second for each operation, and two minutes of silence for who asks more."""

    monotonic: Callable[[], float]
    _recent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _shut_until: float = float("-inf")

    def admit(self, operation: str, faults: Faults) -> None:
        """Let a call in."""
        now, recent = self.monotonic(), self._recent[operation]
        if faults.rate_limited or (faults.penalty_box and now < self._shut_until):
            raise Refused(429)
        while recent and now - recent[0] >= SECOND:
            recent.popleft()
        if faults.rate_limits and len(recent) >= (3 if operation == LOOK else 1):
            self._shut_until = now + PENALTY
            raise Refused(429)
        recent.append(now)


class TrackingMore(Account):
    """The simulated service: `app` answers its callers, the methods are the hand that moves parcels."""

    def __init__(
        self,
        *,
        clock: CarrierClock,
        key: str = "sandbox-key-0001",
        quota: int = 412,
        seed: int = 1,
        quirks: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock=clock, quota=quota, seed=seed, quirks=quirks)
        self.calls: list[Call] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=_METHODS)])
        self._key = key
        self._gate = Gate(monotonic)
        self._script = Script()

    def script(
        self,
        operation: str,
        response: Any,  # noqa: ANN401 - JSON of any shape, or the text itself
        *,
        http: int = 200,
        headers: dict[str, str] | None = None,
        times: int | None = None,
        where: str = "",
    ) -> None:
        """Answer an operation exactly so: from now on, or so many times; `where` must stand in its address or body.

        A text is sent as it is, anything else as JSON. The newest order for good holds.
        """
        self._script.add(
            Scripted(operation=operation, body=response, http=http, headers=headers or {}, times=times, where=where)
        )

    def unscript(self) -> None:
        """Answer everything by itself again."""
        self._script.clear()

    async def _answer(self, request: Request) -> Response:
        path, raw = "/" + request.path_params["path"].strip("/"), await request.body()
        operation, parts = _operation(request.method, path)
        faults = self.faults.meeting(operation)
        scripted = self._script.take(operation, f"{request.url} {raw.decode(errors='replace')}")
        if scripted:
            response, code = _as_ordered(scripted)
        elif faults.down:
            response, code = Response(_GATEWAY, 502, media_type="text/html"), None
        else:
            await asyncio.sleep(faults.slow)
            answer = self._answer_of(request, operation, parts, raw, faults)
            response, code = self._written(answer, faults), answer.code
            if faults.hang:
                await self._hang(request)
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        self.calls.append(
            Call(
                operation=operation,
                at=self.now,
                path=path,
                query=dict(request.query_params),
                body=_json(raw),
                http=None if isinstance(response, Torn) else response.status_code,
                code=code,
            )
        )
        del self.calls[:-MOST_CALLS_KEPT]
        return response

    def _answer_of(self, request: Request, operation: str, parts: list[str], raw: bytes, faults: Faults) -> Answer:
        """Let a call through the door, in the order of the service's complaints, and have it done."""
        try:
            if operation not in OPERATIONS:
                return Answer([], 405 if operation.partition(" ")[2] in _PATHS else 404)
            if faults.key_refused or request.headers.get("Trackingmore-Api-Key") != self._key:
                return Answer([], faults.key_refused or 4001)
            self._gate.admit(operation, faults)
            ask = _ask(request, operation, parts, raw, faults)
            if faults.trial_over and operation != ACCOUNT:
                return Answer([], 4021)
            return OPERATIONS[operation](self, ask)
        except Refused as refused:
            return Answer([], refused.code)

    def _written(self, answer: Answer, faults: Faults) -> Response:
        """Write an answer down, with the faults that are in the writing."""
        document = envelope(answer.code, None if faults.data_null else answer.data)
        if faults.code_as_string:
            document["meta"]["code"] = str(answer.code)
        text = "" if faults.empty_body else json.dumps(document).replace("/", "\\/")
        if faults.too_big:
            page = answer.data.get("limit") if isinstance(answer.data, dict) else None
            text += " " * (5 * MIB if page is None else 33 * MIB if page > LONG_PAGE else 0)
        headers = {"Retry-After": faults.retry_after} if answer.code == TOO_MANY and faults.retry_after else None
        kind = Torn if faults.drop else Response
        return kind(text, http_status(answer.code, faults.http_status), headers, "application/json")

    async def _hang(self, request: Request) -> None:
        """Keep the caller waiting until it gives up, or until the fault is switched off."""
        switched = self.faults.hang
        while self.faults.hang == switched and not await request.is_disconnected():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)


class Torn(Response):
    """An answer whose connection ends in the middle."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send half of the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


def _operation(method: str, path: str) -> tuple[str, list[str]]:
    """Return the operation that a path names, with the carrier, number and language in it."""
    version, *words = path.strip("/").split("/")
    if version == "v2" and words[:1] == ["trackings"] and len(words) in {3, 4}:
        return f"{method} {ONE}", [*words[1:], ""][:3]
    return f"{method} {path.removeprefix('/v2')}" if version == "v2" else f"{method} {path}", []


def _ask(request: Request, operation: str, parts: list[str], raw: bytes, faults: Faults) -> Ask:
    """Read the call."""
    query, body = dict(request.query_params), _json(raw)
    if request.method in {"POST", "PUT"}:
        if "form" in request.headers.get("Content-Type", ""):
            raise Refused(4015)
        if isinstance(body, str | None):
            raise Refused(4012)
    elif isinstance(body, dict):  # the vendor's own class sends the filters so
        query = {name: str(value) for name, value in body.items() if value is not None} | query
    carrier, number, language = parts or ("", "", request.headers.get("Lang", "en"))
    if not re.fullmatch(r"([a-zA-Z]{2})?", language):
        raise Refused(4012)
    return Ask(
        operation=operation, faults=faults, query=query, body=body, carrier=carrier, number=number, language=language
    )


def _as_ordered(scripted: Scripted) -> tuple[Response, int | None]:
    text = scripted.body if isinstance(scripted.body, str) else json.dumps(scripted.body)
    meta = scripted.body.get("meta") if isinstance(scripted.body, dict) else None
    code = int(meta["code"]) if isinstance(meta, dict) and str(meta.get("code")).isdigit() else None
    return Response(text, scripted.http, dict(scripted.headers), "application/json"), code


def _json(raw: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the body as JSON; as text where it is none, and none where it is empty."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")
