"""One JSON line an event, and never a secret in any of them."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from bot.logs import MASK, configure

SECRETS = (
    "xoxb-sandbox-canary-1",
    "xapp-sandbox-canary-2",
    "sandbox-signing-canary-3",
    "sandbox-key-canary-4",
    'sandbox"odd\\canary-5',
    "sandbox-key",  # the beginning of another: what follows must not be left standing
)
UNKNOWN = (
    "xoxp-1-canary-a",
    "xoxe.xoxp-1-canary-b",
    "xapp-sandbox-canary-c",
    "v0=" + "ca" * 32,
    "https://hooks.slack.example/commands/canary-d",
    "Trackingmore-Api-Key: canary-e",
    "'trackingmore-api-key': 'canary-f'",
    "(b'Trackingmore-Api-Key', b'canary-h')",
    "wss://slack.example/link/?ticket=canary-g&app_id=1",
)
LOGGERS = (
    *("", "bot.app", "bot.slack.messenger", "slack_sdk.web.async_client", "slack_bolt.AsyncApp", "aiohttp.client"),
    *("httpx", "httpcore.http11", "apscheduler.scheduler", "asyncio", "uvicorn.error", "py.warnings"),
)


@pytest.fixture
def written(logging_as_it_was: None, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Configure logging at its most talkative."""
    for name in ("uvicorn", "uvicorn.error"):  # as they are where no test has served yet
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        logging.getLogger(name).setLevel(logging.NOTSET)
    stream = io.StringIO()
    configure(SECRETS, stream=stream, level=logging.DEBUG)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_facts_and_the_time_in_utc(written: io.StringIO) -> None:
    logging.getLogger("bot.services.sweep").warning("sweep put off", extra={"due": 12, "place": ("T", "C")})

    (line,) = lines(written)
    assert {key: line[key] for key in ("event", "level", "logger", "due", "place")} == {
        "event": "sweep put off",
        "level": "warning",
        "logger": "bot.services.sweep",
        "due": 12,
        "place": ["T", "C"],
    }
    assert abs(datetime.fromisoformat(line["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.promise("S8")
@pytest.mark.parametrize("logger", LOGGERS)
def test_no_logger_lets_a_secret_through(written: io.StringIO, logger: str) -> None:
    log = logging.getLogger(logger)

    for secret in (*SECRETS, *UNKNOWN):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            log.log(level, f"plain {secret}")  # noqa: G004 - libraries do
            log.log(level, "as an argument %s and %r", secret, {"token": secret})
            log.log(level, "as a name", extra={secret: 1})
            log.log(level, "beside it", extra={"fact": secret, "facts": {secret: [secret, {"deep": (secret,)}]}})
            log.log(level, "bytes", extra={"body": secret.encode(), "path": f"/x/{secret}/y"})
        _raises(log, secret)

    assert "canary" not in written.getvalue()
    assert "caca" not in written.getvalue()
    assert MASK in written.getvalue()
    assert all(lines(written))


def _raises(log: logging.Logger, secret: str) -> None:
    try:
        try:
            json.loads(f"[{secret!r}")
        except ValueError as error:
            raise RuntimeError(f"call failed with {secret} and {secret!r}") from error
    except RuntimeError:
        log.exception("it failed", stack_info=True)


def test_a_traceback_stays_within_its_line(written: io.StringIO) -> None:
    _raises(logging.getLogger("bot"), "nothing")

    (line,) = lines(written)
    assert "RuntimeError: call failed with nothing" in line["exception"]
    assert "JSONDecodeError" in line["exception"]


class Word(StrEnum):
    """A word of ours."""

    OUT = "out"


def test_what_is_no_json_is_written_as_text(written: io.StringIO) -> None:
    logging.getLogger("bot").info(
        "odd", extra={"word": Word.OUT, "when": datetime(2026, 3, 2, tzinfo=UTC), "none": None, "set": {1}}
    )

    (line,) = lines(written)
    assert (line["word"], line["when"], line["none"], line["set"]) == ("out", "2026-03-02 00:00:00+00:00", None, [1])


@pytest.mark.promise("S17")
def test_line_breaks_and_half_characters_make_no_second_line(written: io.StringIO) -> None:
    said = 'one\ntwo\r\n{"event": "forged"} \ud83d é 🚚'
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, said, (), None)

    logging.getLogger().handlers[0].handle(record)  # ours alone: other handlers choke on half a character

    (line,) = lines(written)
    assert line["event"] == 'one\ntwo\r\n{"event": "forged"} ? é 🚚'


def test_a_line_that_cannot_be_made_is_reported_without_its_content(
    written: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("bot.x", logging.INFO, __file__, 1, "%d parcels", (SECRETS[3],), None)

    logging.getLogger().handlers[0].handle(record)

    assert lines(written) == [{"event": "a log line could not be written", "logger": "bot.x"}]
    assert capsys.readouterr() == ("", "")


@pytest.mark.promise("S8")
@pytest.mark.parametrize(
    "logger", ["slack_bolt.AsyncRequestVerification", "slack_sdk.web.async_client", "httpcore.http11"]
)
def test_a_logger_with_a_level_of_its_own_stays_quiet_too(written: io.StringIO, logger: str) -> None:
    log = logging.getLogger(logger)

    log.setLevel(logging.DEBUG)
    log.debug("a body, a header")
    log.error("it failed")

    assert [line["event"] for line in lines(written)] == ["it failed"]


def test_libraries_stay_quiet_even_when_we_are_talkative(written: io.StringIO) -> None:
    for name in ("slack_sdk", "slack_bolt", "aiohttp", "httpx", "httpcore", "apscheduler", "asyncio"):
        logging.getLogger(f"{name}.inner").debug("a body, a header")

    assert lines(written) == []


@pytest.mark.usefixtures("logging_as_it_was")
def test_without_secrets_everything_else_is_left_alone() -> None:
    stream = io.StringIO()
    configure(stream=stream)

    logging.getLogger("bot").info("1ZX000010300000016 is out")

    assert lines(stream)[0]["event"] == "1ZX000010300000016 is out"
