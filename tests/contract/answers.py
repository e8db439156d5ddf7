"""What the tracking service is made to answer, and the way to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from bot.sandbox.trackingmore import TrackingMore as Service

ONE, LIST, LOOK = "GET /trackings/{carrier_code}/{tracking_number}", "GET /trackings/get", "POST /trackings/realtime"
QUOTA = "GET /trackings/getuserinfo"
READS = frozenset({ONE, LIST, LOOK})
CREATE, EDIT, DETECT = (
    "POST /trackings/post",
    "PUT /trackings/{carrier_code}/{tracking_number}",
    "POST /carriers/detect",
)

Json = Mapping[str, Any]


def good(data: object) -> dict[str, object]:
    """Return an answer of the service that holds this."""
    return {"meta": {"code": 200, "type": "Success", "message": "Success"}, "data": data}


def bad(code: int, message: str = "No.") -> dict[str, object]:
    """Return an answer of the service that refuses."""
    return {"meta": {"code": code, "type": "BadRequest", "message": message}, "data": []}


def record(number: str, status: str, *lines: Json, carrier: str = "ups", **more: object) -> dict[str, object]:
    """Return a parcel as the service writes it."""
    newest = lines[0] if lines else None
    return {
        "id": f"rec-{number.lower()}",
        "tracking_number": number,
        "carrier_code": carrier,
        "status": status,
        "created_at": "2026-03-01T09:00:00+08:00",
        "updated_at": "2026-03-02T10:00:00+08:00",
        **dict.fromkeys(("title", "order_id", "customer_name", "customer_email")),
        "archived": False,
        **dict.fromkeys(("original_country", "destination_country", "itemTimeLength", "stayTimeLength")),
        "origin_info": {
            "ItemReceived": None,
            "weblink": None,
            "phone": None,
            "carrier_code": carrier,
            "trackinfo": list(lines),
        },
        "destination_info": None,
        "lastEvent": f"{newest['StatusDescription']},{newest['Details']},{newest['Date']}" if newest else "",
        "lastUpdateTime": newest["Date"] if newest else "",
        **more,
    }


def line(date: str, text: str, place: str = "", status: str = "transit", **more: object) -> dict[str, object]:
    """Return a checkpoint as the service writes it."""
    return {"Date": date, "StatusDescription": text, "Details": place, "checkpoint_status": status, **more}


DELIVERED = line("2026-03-02 11:00:00", "Delivered", "Springfield", "delivered")
DEPARTED = line("2026-03-01 07:00:00", "Departed hub", "Reno")


class Wire(httpx.AsyncBaseTransport):
    """The way to the tracking service, and what can happen on it. `sent` keeps all that was sent."""

    def __init__(self, service: Service) -> None:
        self._there = httpx.ASGITransport(app=service.app)
        self._faults: list[tuple[str, Exception | None]] = []
        self.sent: list[httpx.Request] = []

    def fault(self, path: str, error: Exception, *, times: int = 1) -> None:
        """Let the next calls whose path begins so end in this error."""
        self._faults += [(path, error)] * times

    def silence(self, path: str) -> None:
        """Let the next call whose path begins so never come to an end."""
        self._faults.append((path, None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        for fault in self._faults:
            if request.url.path.removeprefix("/v2").startswith(fault[0]):
                self._faults.remove(fault)
                if fault[1] is None:
                    await asyncio.Event().wait()
                else:
                    raise fault[1]
        return await self._there.handle_async_request(request)
