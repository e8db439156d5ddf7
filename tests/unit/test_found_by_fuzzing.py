"""What `make fuzz` found, each as it was: nobody would have thought of these."""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from bot.slack.listeners import read_press
from tests.fakes import FakeClock
from tests.unit.providers.trackingmore.network import Network, good
from tests.unit.site import Line, Site, opened, signature
from tests.unit.slack.door import PRESS


@pytest.mark.promise("R26")
@pytest.mark.parametrize(
    "date",
    [
        "Mon, 02 Mar 2026 12:00:00 +99999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 02 Mar 99999999999999999999 12:00:00 GMT",
    ],
)
async def test_an_answer_given_at_no_possible_time_is_read_and_our_own_clock_counts(date: str) -> None:
    answer = httpx.Response(200, json=good({"track_number": "412", "money": 1}), headers={"Date": date})

    async with Network(answer) as network:
        account = await network.client.getuserinfo()

        assert account.left == 412
        assert network.session.now() == network.time.now()


@pytest.mark.promise("R3", "H3")
@pytest.mark.parametrize(
    "odd",
    [
        {"user": "U1"},
        {"channel": ["C1"]},
        {"team": 7, "container": "message"},
        {"actions": {"0": {"value": "list"}}},
        {"actions": ["list"]},
        {"actions": [{"selected_option": "list"}]},
        {"actions": [{"value": {"words": "list"}}]},
    ],
)
def test_a_press_with_fields_of_another_shape_is_read_without_them(odd: dict[str, Any]) -> None:
    item = read_press({**PRESS, **odd}, FakeClock())

    assert item is None or (item.words, item.delivery) == ("archive P-1", "1.2.def")


@pytest.mark.promise("H3")
async def test_a_signed_press_without_an_id_is_refused_and_no_failure_of_ours() -> None:
    action = {"type": "button", "block_id": "b", "value": "archive P-1"}
    body = urlencode({"payload": json.dumps({**PRESS, "actions": [action]})}).encode()

    async with opened(Site()) as site:
        answer = await site.signed(body)

    assert (answer.status_code, answer.json()) == (400, {"error": "refused"})


@pytest.mark.promise("H3")
async def test_whoever_breaks_off_in_the_middle_of_a_request_leaves_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    head = {"Content-Type": "application/json", "Content-Length": "500", **signature(b"{}")}
    lines = [
        "POST /slack/events HTTP/1.1",
        "Host: waybill.example",
        *(f"{name.replace('_', '-')}: {value}" for name, value in head.items()),
    ]
    line = Line(Site().web.door()())
    caplog.clear()
    line.says("\r\n".join([*lines, "", "{"]).encode())
    await asyncio.sleep(0.01)

    line.close()
    await asyncio.sleep(0.01)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
