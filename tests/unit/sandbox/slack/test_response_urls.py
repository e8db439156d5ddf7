"""A response_url answers five times in half an hour, wherever it was made."""

import json
from urllib.parse import parse_qs

import pytest

from bot.sandbox.slack import Slack
from tests.unit.sandbox.slack.conftest import Api, App, Clock

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
BUTTONS = [{"type": "actions", "elements": [BUTTON]}]


async def typed(slack: Slack, app: App, channel: str = "D0ADABEN") -> str:
    await slack.type(user="U0ADA", channel=channel, text="/track")
    return parse_qs(app.got[-1][0].decode())["response_url"][0]


async def pressed(slack: Slack, app: App, ts: str, channel: str = "C0ORDERS") -> str:
    await slack.press(user="U0ADA", channel=channel, ts=ts, action_id="go")
    return str(json.loads(parse_qs(app.got[-1][0].decode())["payload"][0])["response_url"])


def texts(slack: Slack, user: str, channel: str = "C0ORDERS") -> list[str]:
    return [message.text for message in slack.visible(channel, user)]


async def test_an_answer_is_for_the_typist_unless_it_says_otherwise(slack: Slack, app: App, api: Api) -> None:
    url = await typed(slack, app)

    answer = await api.respond(url, text="for you")
    await api.respond(url, text="for all", response_type="in_channel")

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert texts(slack, "U0ADA", "D0ADABEN") == ["for you", "for all"]
    assert texts(slack, "U0BEN", "D0ADABEN") == ["for all"]


async def test_the_sixth_answer_is_refused(slack: Slack, app: App, api: Api) -> None:
    url = await typed(slack, app)

    answers = [await api.respond(url, text=str(n)) for n in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[-1].json() == {"ok": False, "error": "used_url"}


async def test_after_half_an_hour_the_address_is_dead(slack: Slack, app: App, api: Api, clock: Clock) -> None:
    url = await typed(slack, app)
    clock.passes(30 * 60)
    in_time = await api.respond(url, text="just in time")
    clock.passes(1)
    late = await api.respond(url, text="late")

    assert in_time.status_code == 200
    assert (late.status_code, late.json()["error"]) == (404, "expired_url")


async def test_an_invented_address_is_unknown(api: Api) -> None:
    answer = await api.respond("http://slack.test/commands/T0SANDBOX/1/x", text="hello")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"blocks": [{"type": "rainbow"}]}, "invalid_blocks"),
        ({"text": "x", "thread_ts": "1.0"}, "cannot_reply_to_message"),
    ],
)
async def test_a_bad_answer_is_refused_and_does_not_count(
    slack: Slack, app: App, api: Api, body: dict[str, object], error: str
) -> None:
    url = await typed(slack, app)

    answers = [await api.respond(url, **body) for _ in range(6)]

    assert {answer.json()["error"] for answer in answers} == {error}
    assert (await api.respond(url, text="good")).json() == {"ok": True}


async def test_a_pressed_message_is_replaced_in_place(slack: Slack, app: App, api: Api) -> None:
    ts = await api.post(text="before", blocks=BUTTONS)
    url = await pressed(slack, app, ts)

    await api.respond(url, text="after", replace_original=True)

    assert texts(slack, "U0BEN") == ["after"]
    assert slack.messages["C0ORDERS", ts].blocks == []


async def test_a_private_message_is_replaced_but_stays_private(slack: Slack, app: App, api: Api) -> None:
    answer = await api.call("chat.postEphemeral", channel="C0ORDERS", user="U0ADA", text="before", blocks=BUTTONS)
    url = await pressed(slack, app, answer["message_ts"])

    await api.respond(url, text="after", replace_original=True, response_type="in_channel")

    assert texts(slack, "U0ADA") == ["after"]
    assert texts(slack, "U0BEN") == []


async def test_a_pressed_message_is_deleted_alone_or_for_another(slack: Slack, app: App, api: Api) -> None:
    first, second = await api.post(text="one", blocks=BUTTONS), await api.post(text="two", blocks=BUTTONS)
    urls = [await pressed(slack, app, ts) for ts in (first, second)]

    await api.respond(urls[0], delete_original=True)
    await api.respond(urls[1], delete_original=True, text="three")

    assert texts(slack, "U0ADA") == ["three"]
    assert texts(slack, "U0BEN") == []


async def test_an_answer_may_go_into_a_thread(slack: Slack, app: App, api: Api) -> None:
    ts = await api.post(text="card", blocks=BUTTONS)
    url = await pressed(slack, app, ts)

    await api.respond(url, text="news", response_type="in_channel", replace_original=False, thread_ts=ts)

    assert [message.text for message in slack.thread("C0ORDERS", ts, "U0BEN")] == ["card", "news"]


async def test_a_private_answer_to_a_button_in_a_thread_is_shown_there(slack: Slack, app: App, api: Api) -> None:
    ts = await api.post(text="card")
    reply = await api.post(text="news", blocks=BUTTONS, thread_ts=ts)
    url = await pressed(slack, app, reply)

    await api.respond(url, text="for you")

    assert texts(slack, "U0ADA") == ["card"]
    assert [message.text for message in slack.thread("C0ORDERS", ts, "U0ADA")] == ["card", "news", "for you"]


async def test_answers_are_kept_among_the_calls_and_can_be_made_to_fail(slack: Slack, app: App, api: Api) -> None:
    url = await typed(slack, app)
    slack.faults.fail("response_url", "expired_url", times=1)

    failed = await api.respond(url, text="one")
    await api.respond(url, text="two")

    assert failed.status_code == 404
    kept = [(call.method, call.ok, call.status) for call in slack.calls]
    assert kept == [("response_url", False, 404), ("response_url", True, 200)]
