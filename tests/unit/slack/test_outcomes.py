"""What Slack answered becomes ours: told, not told, or nobody knows."""

import asyncio
import json
from datetime import timedelta
from ssl import SSLCertVerificationError
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.domain.errors import (
    MessageGone,
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    PlaceGone,
    WorkspaceGone,
)
from bot.slack.outcomes import outcome, retry_after

CONNECTION = ConnectionKey(
    host="slack.com", port=443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)
CODES: dict[type[MessengerError], str] = {
    PlaceGone: """channel_not_found not_in_channel is_archived no_permission restricted_action ekm_access_denied
        restricted_action_read_only_channel restricted_action_thread_only_channel restricted_action_thread_locked
        restricted_action_non_threadable_channel messages_tab_disabled access_denied user_not_found cannot_dm_bot
        slack_connect_file_upload_sharing_blocked slack_connect_canvas_sharing_blocked""",
    WorkspaceGone: """invalid_auth not_authed account_inactive token_revoked token_expired missing_scope is_bot
        not_allowed_token_type app_access_restricted team_access_not_granted two_factor_setup_required
        enterprise_is_restricted""",
    MessageGone: """message_not_found cant_update_message edit_window_closed is_inactive cannot_reply_to_message
        thread_not_found""",
    MessageRefused: """invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text
        too_many_attachments attachment_payload_limit_exceeded invalid_attachments markdown_text_conflict
        invalid_metadata_format invalid_metadata_schema metadata_too_large invalid_arguments invalid_arg_name
        invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type unknown_method
        method_deprecated deprecated_endpoint""",
    MessengerDoubtful: """internal_error fatal_error service_unavailable request_timeout duplicate_message_not_found
        duplicate_channel_not_found""",
    MessengerUnavailable: """team_added_to_org org_login_required message_limit_exceeded accesslimited update_failed
        user_not_in_channel a_code_of_next_year
        something_else_blocked slack_connect_something""",
    MessengerBusy: "ratelimited rate_limited",
}


def answered(data: Any, *, status: int = 200, **headers: str) -> MessengerError:  # noqa: ANN401 - whatever Slack says
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = SimpleNamespace(status_code=status, data=data, headers=named)
    return outcome(SlackApiError("The request to the Slack API failed.", response))  # type: ignore[no-untyped-call]  # the SDK's own


@pytest.mark.promise("R15", "R23")
@pytest.mark.parametrize(
    ("code", "meaning"), [(code, meaning) for meaning, codes in CODES.items() for code in codes.split()]
)
def test_each_code_has_one_meaning(code: str, meaning: type[MessengerError]) -> None:
    ours = answered({"ok": False, "error": code})

    assert type(ours) is meaning


def test_the_reason_is_slacks_word() -> None:
    assert str(answered({"ok": False, "error": "is_archived"})) == "is_archived"


@pytest.mark.promise("R15")
@pytest.mark.parametrize("data", ["", "<html>", b"", [], None, {}, {"ok": False}, {"error": None}, {"error": ""}])
@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
def test_an_odd_answer_is_doubtful(data: object, status: int) -> None:
    assert type(answered(data, status=status)) is MessengerDoubtful


def test_a_server_fault_is_doubtful_whatever_it_says() -> None:
    assert type(answered({"ok": False, "error": "channel_not_found"}, status=500)) is MessengerDoubtful


@pytest.mark.parametrize("data", [{"ok": False, "error": "ratelimited"}, "", None])
def test_too_many_requests_are_never_doubtful(data: object) -> None:
    ours = answered(data, status=429, Retry_After="30")

    assert isinstance(ours, MessengerBusy)
    assert ours.retry_after == timedelta(seconds=30)


@pytest.mark.promise("R20")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("30", 30), ("0", 1), ("-5", 1), ("1.5", 1.5), ("3600", 3600), ("3601", 3600), ("1e400", 1), ("nan", 1)),
        *(("", 1), ("soon", 1), ("-inf", 1), ("Wed, 25 Nov 2026 10:00:00 GMT", 1), ("99999999999999999999", 3600)),
    ],
)
def test_how_long_to_wait_stays_within_sane_bounds(header: str, seconds: float) -> None:
    assert retry_after({"retry-AFTER": header}) == timedelta(seconds=seconds)


def test_without_a_header_we_wait_a_second() -> None:
    assert retry_after({}) == timedelta(seconds=1)


@pytest.mark.promise("R20")
@given(st.text())
def test_no_header_makes_us_stumble_or_wait_for_ever(header: str) -> None:
    assert timedelta(seconds=1) <= retry_after({"Retry-After": header}) <= timedelta(hours=1)


@pytest.mark.promise("R15")
@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(CONNECTION, OSError("refused")),
        aiohttp.ClientConnectorDNSError(CONNECTION, OSError("no such host")),
        aiohttp.ClientConnectorSSLError(CONNECTION, OSError("handshake")),
        aiohttp.ClientConnectorCertificateError(CONNECTION, SSLCertVerificationError("self-signed")),
        aiohttp.InvalidURL("no address"),
    ],
)
def test_what_never_left_was_not_posted(error: Exception) -> None:
    assert type(outcome(error)) is MessengerUnavailable


@pytest.mark.promise("R15")
@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        asyncio.IncompleteReadError(b"", 1),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "reset"),
        aiohttp.ClientPayloadError("cut off"),
        aiohttp.ServerTimeoutError(),
        json.JSONDecodeError("no", "", 0),
        SlackRequestError("odd"),
        ValueError("odd"),
        AttributeError("odd"),
    ],
)
def test_what_may_have_left_may_have_been_posted(error: Exception) -> None:
    assert type(outcome(error)) is MessengerDoubtful


def test_an_error_of_the_network_shows_no_header_or_token() -> None:
    ours = outcome(ValueError("illegal header value xoxb-sandbox-canary"))

    assert "canary" not in str(ours)
