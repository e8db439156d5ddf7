"""The service's codes: their type, their words, and the HTTP status that comes with them."""

from typing import Any

# code: (type, message, HTTP status as documented, HTTP status when each code has its own)
CODES: dict[int, tuple[str, str, int, int]] = {
    200: ("Success", "Success", 200, 200),
    201: ("Created", "The request was successful and a resource was created.", 200, 201),
    202: ("Bad Request", "The request succeeded but exceeds the limit.", 200, 202),
    401: ("Unauthorized", "Authentication failed.", 401, 401),
    402: ("Payment Required", "Payment required.", 402, 402),
    403: ("Forbidden", "Access denied.", 403, 403),
    404: ("Not Found", "Page not found.", 404, 404),
    405: ("Method Not Allowed", "Method not allowed.", 405, 405),
    409: ("Conflict", "Conflict.", 409, 409),
    429: ("Too Many Requests", "Exceeded API limits. Pause requests, wait two minute, and try again.", 429, 429),
    500: ("Server error", "Server error.", 500, 500),
    503: ("Service Unavailable", "Service unavailable.", 503, 503),
    4001: ("Unauthorized", "Invalid API key.", 200, 401),
    4002: ("Unauthorized", "API key has been deleted.", 200, 401),
    4012: ("Bad Request", "The request could not be understood or was missing required parameters.", 200, 400),
    4013: ("Bad Request", "Tracking_number is required.", 200, 400),
    4014: ("Bad Request", "The value of `tracking_number` is invalid.", 200, 400),
    4015: ("Bad Request", "The value of `carrier_code` is invalid.", 200, 400),
    4016: ("Bad Request", "Tracking already exists.", 200, 409),
    4017: ("Bad Request", "Tracking does not exist.", 200, 404),
    4018: ("Bad Request", "This feature has to be activated for your account first.", 200, 403),
    4019: ("Bad Request", "Your balance is insufficient, please recharge in time", 200, 402),
    4020: ("Bad Request", "Up to 200 at a time", 200, 400),
    4021: ("Bad Request", "Your remaining quota is insufficient, or the trial has ended.", 200, 402),
    4031: ("No Content", "The request was successful but the response is empty.", 200, 404),
    4032: ("No Content", "Cannot detect courier.", 200, 404),
    4033: ("No Content", "The value of package status is invalid.", 200, 400),
}


class Refused(Exception):
    """The service answers a call with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(CODES[code][1])
        self.code = code


def envelope(code: int, data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of any shape
    """Return an answer as the service wraps it."""
    return {"meta": {"code": code, "type": CODES[code][0], "message": CODES[code][1]}, "data": data}


def http_status(code: int, mode: str) -> int:
    """Return the HTTP status that a code comes with: "documented", "all 200" or "real"."""
    _, _, documented, real = CODES[code]
    return {"all 200": 200, "real": real}.get(mode, documented)
