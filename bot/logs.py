"""One JSON line an event, and never a secret in any of them."""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_PATTERNS = re.compile(
    r"xox[a-z]-[\w-]+|xoxe\.[\w.-]+|xapp-[\w-]+|v0=[0-9a-f]{16,}|https://hooks\.[\w.-]+/\S+"
    r"|(?i:trackingmore-api-key)\W+(?:b['\"])?[\w-]+|(?i:ticket)=[\w-]+"
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
        spellings = {spelling for one in secrets if one for spelling in (one, repr(one)[1:-1], json.dumps(one)[1:-1])}
        known = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(one) for one in known)) if known else None

    def clean(self, text: str) -> str:
        """Return the text without secrets."""
        text = text.encode(errors="replace").decode()  # half a character cannot be written
        if self._known:
            text = self._known.sub(MASK, text)
        return _PATTERNS.sub(MASK, text)

    def __call__(self, _logger: object, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Clean a line on its way through structlog."""
        return {self.clean(key): self._value(value) for key, value in event.items()}

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - a log line holds anything
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {self.clean(str(key)): self._value(one) for key, one in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(one) for one in value]
            case _:
                return self.clean(str(value))


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be made is reported without what was to be in it, which nobody has cleaned."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say where the line was to come from, and no more."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(json.dumps({"event": "a log line could not be written", "logger": record.name}) + "\n")


def _is_loud_enough(record: logging.LogRecord) -> bool:
    """Keep a library to its level also where a logger of its own has another: Bolt's take the root's."""
    return all(record.levelno >= least for name, least in _QUIET.items() if f"{record.name}.".startswith(f"{name}."))


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
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_is_loud_enough)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, level))
