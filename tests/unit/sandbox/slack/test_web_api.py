"""The simulated Web API lets in what Slack lets in: tokens, arguments, scopes, limits, and its faults."""

import json

import pytest

from bot.sandbox.slack import Slack
from tests.unit.sandbox.slack.conftest import TOKEN, Api, Clock


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-another", "invalid_auth")])
async def test_a_call_needs_the_token_of_this_workspace(api: Api, token: str, error: str) -> None:
    assert await api.call("auth.test", token=token) == {"ok": False, "error": error}


async def test_sockets_are_opened_with_the_app_token_only(api: Api) -> None:
    refused = await api.call("apps.connections.open")
    opened = await api.call("apps.connections.open", token="xapp-sandbox-0001")
    wrong = await api.call("auth.test", token="xapp-sandbox-0001")

    assert refused["error"] == wrong["error"] == "not_allowed_token_type"
    assert opened["url"].startswith("ws://slack.test/link?ticket=")


def test_real_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="xoxb-sandbox-"):
        Slack(bot_token="xoxb-1234")


async def test_auth_test_says_who_and_what_is_granted(api: Api) -> None:
    answer = await api.ask("auth.test")

    who = {"team_id": "T0SANDBOX", "team": "Sandbox", "user_id": "U0WAYBILL", "bot_id": "B0WAYBILL", "ok": True}
    assert who.items() <= answer.json().items()
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_an_unknown_method_is_named(api: Api) -> None:
    assert await api.call("views.open") == {"ok": False, "error": "unknown_method", "req_method": "views.open"}


async def test_arguments_come_as_json_as_a_form_or_in_the_address(api: Api, slack: Slack) -> None:
    blocks = json.dumps([{"type": "divider"}])
    form = {"token": TOKEN, "channel": "C0ORDERS", "text": "by form", "blocks": blocks, "team_id": "T0SANDBOX"}
    by_form = (await api.client.post("/api/chat.postMessage", data=form)).json()
    query = {"channel": "C0ORDERS", "text": "by address"}
    head = {"Authorization": f"Bearer {TOKEN}"}
    by_address = (await api.client.get("/api/chat.postMessage", params=query, headers=head)).json()

    assert by_form["message"]["blocks"][0]["type"] == "divider"
    assert by_address["message"]["text"] == "by address"
    assert TOKEN not in str(slack.calls)


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_a_body_that_is_no_json_object_is_refused(api: Api, body: str, error: str) -> None:
    head = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    answer = await api.client.post("/api/auth.test", content=body, headers=head)

    assert answer.json() == {"ok": False, "error": error}


async def test_a_missing_scope_is_named(api: Api, slack: Slack) -> None:
    slack.scopes[:] = ["commands"]

    answer = await api.call("chat.postMessage", channel="C0ORDERS", text="hello")

    assert answer == {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "commands"}


@pytest.mark.parametrize(("channel", "scope"), [("G0DESK", "groups:read"), ("D0ADA", "im:read")])
async def test_the_scope_for_a_channel_depends_on_its_kind(api: Api, slack: Slack, channel: str, scope: str) -> None:
    slack.scopes[:] = ["channels:read"]

    assert (await api.call("conversations.info", channel="C0ORDERS"))["ok"]
    assert (await api.call("conversations.info", channel=channel))["needed"] == scope


async def test_a_channel_takes_three_messages_at_once_and_then_one_a_second(
    api: Api, slack: Slack, clock: Clock
) -> None:
    for _ in range(3):
        await api.post()

    fourth = await api.ask("chat.postMessage", channel="C0ORDERS", text="too soon")
    elsewhere = await api.call("chat.postMessage", channel="C0RETURNS", text="another channel")
    clock.passes(1)
    later = await api.call("chat.postMessage", channel="C0ORDERS", text="a second later")

    assert fourth.status_code == 429
    assert fourth.json() == {"ok": False, "error": "ratelimited"}
    assert fourth.headers["retry-after"] == "1"
    assert elsewhere["ok"]
    assert later["ok"]
    assert slack.limits.refused == 1


async def test_methods_have_a_budget_a_minute(api: Api, clock: Clock) -> None:
    ts = await api.post()
    for _ in range(50):
        assert (await api.call("chat.update", channel="C0ORDERS", ts=ts, text="new"))["ok"]
    clock.passes(20)

    too_many = await api.ask("chat.update", channel="C0ORDERS", ts=ts, text="one more")
    clock.passes(40)
    later = await api.call("chat.update", channel="C0ORDERS", ts=ts, text="a minute later")

    assert too_many.headers["retry-after"] == "40"
    assert later["ok"]


async def test_limits_can_be_switched_off(api: Api, slack: Slack) -> None:
    slack.limits.on = False

    for _ in range(10):
        await api.post()


async def test_a_busy_slack_asks_to_wait_until_told_otherwise(api: Api, slack: Slack) -> None:
    busy = slack.faults.busy(retry_after=7)
    answers = [await api.ask("chat.postMessage", channel="C0ORDERS", text="hello") for _ in range(5)]
    slack.faults.end(busy)

    assert {answer.status_code for answer in answers} == {429}
    assert {answer.headers["retry-after"] for answer in answers} == {"7"}
    await api.post()


async def test_a_fault_meets_the_calls_it_is_for(api: Api, slack: Slack) -> None:
    slack.faults.fail("chat.postMessage", "is_archived", channel="C0ORDERS", after=1, times=1)

    answers = [await api.call("chat.postMessage", channel="C0ORDERS", text="hello") for _ in range(3)]
    elsewhere = await api.call("chat.postMessage", channel="C0RETURNS", text="hello")

    assert [answer.get("error") for answer in answers] == [None, "is_archived", None]
    assert elsewhere["ok"]


@pytest.mark.parametrize("after_store", [True, False])
async def test_an_outage_may_come_after_the_message_was_stored(api: Api, slack: Slack, *, after_store: bool) -> None:
    slack.faults.http_500(after_store=after_store)

    answer = await api.ask("chat.postMessage", channel="C0ORDERS", text="hello")

    assert answer.status_code == 500
    assert len(slack.messages) == after_store


async def test_every_call_is_kept_with_its_outcome(api: Api, slack: Slack, clock: Clock) -> None:
    await api.post(text="hello")
    await api.call("chat.postMessage", channel="C0NOWHERE", text="hello")

    kept = [(call.method, call.args["channel"], call.ok, call.error, call.at) for call in slack.calls]

    assert kept == [
        ("chat.postMessage", "C0ORDERS", True, None, clock.now),
        ("chat.postMessage", "C0NOWHERE", False, "channel_not_found", clock.now),
    ]
