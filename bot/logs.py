"""One JSON line an event, and never a secret in any of them."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_PATTERNS = re.compile(
    r"xox[a-z]-[\w-]+|xoxe\.[\w.-]+|xapp-[\w-]+|v0=[0-9a-f]{16,}|https://hooks\.[\w.-]+/\S+"
    r"|(?i:trackingmore-api-key)\W+[\w-]+|(?i:ticket)=[\w-]+"
)
_QUIET = {
    "slack_bolt": logging.ERROR,
    "slack_sdk": logging.INFO,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "apscheduler": logging.ERROR,
    "uvicorn.access": logging.WARNING,
    "aiohttp": logging.INFO,
    "asyncio": logging.INFO,
}
MASK = "***"


class Redaction:
    """Takes known secrets, and whatever looks like one, out of everything that is logged."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({one for one in secrets if one}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(one) for one in known)) if known else None

    def clean(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        return _PATTERNS.sub(MASK, text)

    def __call__(self, _logger: object, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Clean a line on its way through structlog."""
        return {key: self._value(value) for key, value in event.items()}

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - a log line holds anything
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(key): self._value(one) for key, one in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(one) for one in value]
            case _:
                return self.clean(str(value))


def configure(secrets: Iterable[str] = (), *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every log line of every library through one formatter: JSON, UTC, redacted."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            Redaction(secrets),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, level))
