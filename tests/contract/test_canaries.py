"""Canaries: whatever goes wrong, no secret and no word of a person is where it does not belong."""

import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import httpx
import pytest
import pytest_asyncio

from bot.logs import MASK, configure
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.contract.answers import CREATE, LIST, ONE, bad, line, record
from tests.contract.seen import everything
from tests.contract.whole import ORDERS, RETURNS, TOKEN, Street, Whole
from tests.e2e.stage import SEALING_KEY, Stage
from tests.unit.providers.trackingmore.network import KEY

UPS, OTHER = "1ZX000010300000016", "1ZX000020300000023"
WRONG = "xoxb-sandbox-wrong-canary"
SECRETS = (TOKEN, WRONG, KEY, SEALING_KEY)
PEOPLE = ("Canary mugs", "canary-order", "U0CANARY", "canary-note", "SIGNED BY CANARY", "canary-town", "canary words")
HTML = "<html><title>502</title></html>"


@pytest.fixture(params=[SECRETS, ()], ids=["secrets known", "secrets unknown"])
def log(request: pytest.FixtureRequest, logging_as_it_was: None) -> io.StringIO:
    """Collect what is logged at the most talkative; of secrets unknown to it, the log must be free by itself."""
    configure(request.param, stream=(stream := io.StringIO()), level=logging.DEBUG)
    return stream


@pytest_asyncio.fixture
async def sealed(street: Street, tmp_path: Path) -> AsyncIterator[Whole]:
    """Return the whole bot on a sealed store."""
    async with aiohttp.ClientSession(trust_env=False) as http:
        whole = Whole(street, http, open_store=lambda: open_store(tmp_path / "data", Sealer(SEALING_KEY)))
        async with whole.running():
            yield whole


def content_of(folder: Path) -> bytes:
    """Return all bytes of all files."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def a_bad_day(whole: Whole) -> list[str]:
    """Let people work while everything fails in turn; return what they read."""
    signed = line("2026-03-02 11:00:00", "SIGNED BY CANARY", "canary-town", "delivered")
    add = f'add {UPS} "Canary mugs" order:canary-order for:<@U0CANARY>'
    read = []
    for fault in (
        httpx.ConnectError(f"no way to {KEY}"),
        httpx.ReadTimeout(KEY),
        httpx.LocalProtocolError(f"Illegal header value {KEY.encode()!r}"),
        httpx.RemoteProtocolError(KEY),
    ):
        whole.wire.fault("/trackings", fault, times=2)
        read.append(await whole.types(add))
    whole.service.script(CREATE, HTML, http=502)
    read.append(await whole.types(add))
    await whole.follows(OTHER, "transit", title="Canary mugs")
    read.append(await whole.types(add))
    read.append(await whole.types(f"mark exception {OTHER} note:canary-note"))
    for answer, status in (
        (HTML, 502),
        (bad(4001, KEY), 401),
        (bad(4002, KEY), 200),
        ({"meta": KEY}, 200),
        ([], 200),
        ("", 200),
    ):
        whole.service.script(LIST, answer, http=status)
        whole.service.script(ONE, answer, http=status, where=OTHER)
        whole.passes(minutes=130)
        await whole.services.sweep.run_once()
        read.append(await whole.types(f"refresh {OTHER}"))
    whole.slack.faults.http_500()
    whole.slack.faults.fail("chat.postMessage", "invalid_auth", times=1)
    whole.slack.faults.fail("chat.update", "fatal_error", times=1)
    await whole.polls(record(OTHER, "delivered", signed, customer_name="canary words"))
    await whole.restart(token=WRONG)
    read.append(await whole.types("canary words of nobody's business"))
    await whole.restart()
    read.extend([await whole.types("list all"), await whole.types(f"status {OTHER}")])
    return read


@pytest.mark.promise("S8", "S18", "S9")
async def test_no_secret_is_logged_written_or_said_whatever_fails(
    sealed: Whole, log: io.StringIO, tmp_path: Path
) -> None:
    read = await a_bad_day(sealed)

    said = [*read, *(everything(one) for one in sealed.slack.messages.values())]
    written = content_of(tmp_path)
    assert len(log.getvalue()) > 5000
    assert sum(map(bool, read)) > 10
    for secret in SECRETS:
        assert secret not in log.getvalue()
        assert not [text for text in said if secret in text]
        assert secret.encode() not in written
    for text in said:
        assert not [word for word in ("Traceback", "/v2/", "httpx", ".py", "://") if word in text]


@pytest.mark.promise("S13", "S9")
async def test_nothing_of_people_is_logged_or_lies_open_on_the_disk(
    sealed: Whole, log: io.StringIO, tmp_path: Path
) -> None:
    await a_bad_day(sealed)

    written = content_of(tmp_path)
    assert len(written) > 1000
    for word in PEOPLE:
        assert word not in log.getvalue()
        assert word.encode() not in written


@pytest.mark.promise("S13", "S4")
async def test_what_a_message_carries_beside_its_text_says_nothing(whole: Whole) -> None:
    await whole.follows(UPS, "transit", title="Canary mugs", channel=RETURNS)
    await whole.polls(record(UPS, "delivered", line("2026-03-02 11:00:00", "SIGNED BY CANARY", "", "delivered")))

    metadata = [one.metadata for one in whole.slack.messages.values() if one.metadata]

    assert len(metadata) >= 2
    for one in metadata:
        assert set(one) == {"event_type", "event_payload"}
        assert list(one["event_payload"]) == ["id"]
        assert not [word for word in (UPS, "anary", "ups", ORDERS, RETURNS) if word in str(one)]


@pytest.mark.promise("S6")
async def test_slack_is_asked_to_look_for_nothing_in_what_we_say(whole: Whole) -> None:
    await whole.types(f'add {UPS} "see https://evil.example and #general @ada"')
    await whole.polls(record(UPS, "delivered", line("2026-03-02 11:00:00", "At https://evil.example", "", "delivered")))

    said = [call for call in whole.slack.calls if call.method in {"chat.postMessage", "chat.update"}]

    assert {call.method for call in said} == {"chat.postMessage", "chat.update"}
    for call in said:
        assert call.args["parse"] == "none"
        off = ["link_names", *(["unfurl_links", "unfurl_media"] if call.method == "chat.postMessage" else [])]
        assert not [name for name in off if call.args[name] not in (False, "0", 0, "false")]


@pytest.mark.promise("S8", "S18")
async def test_a_running_bot_shows_no_secret_at_any_of_its_doors(tmp_path: Path) -> None:
    stage = Stage(tmp_path, by="http")
    await stage.start()
    secrets = [
        stage.environment()[name]
        for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TRACKINGMORE_API_KEY", "WAYBILL_KEY")
    ]
    door = f"http://127.0.0.1:{stage.bot_port}"

    try:
        await stage.types(f'/track add {UPS} "Canary mugs"')
        await stage.sees(UPS)
        shown = [
            (await stage.page.get(f"{door}{path}")).text for path in ("/readyz", "/healthz", "/metrics", "/", "/../etc")
        ]
        shown += [(await stage.page.post(f"{door}/slack/events", content=body)).text for body in (b"", b"x", b'{"a":')]
        code = await stage.stop_bot()
        shown.append(stage.log())
    finally:
        await stage.stop()

    files = content_of(tmp_path / "data")
    assert code == 0
    for text in shown:
        assert not [secret for secret in secrets if secret in text]
        assert not [
            word
            for word in ("Traceback", "Canary", str(tmp_path))
            if word in text.replace(f'"folder": "{tmp_path}', "")
        ]
    assert not [secret for secret in (*secrets, "Canary mugs") if secret.encode() in files]
    assert MASK not in shown[0]
