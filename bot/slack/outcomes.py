"""The one place where what Slack answered becomes ours: told, not told, or nobody knows.

The codes and what to do about each: https://docs.slack.dev/reference/methods/chat.postMessage
"""

import math
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError

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

TOO_MANY_REQUESTS = 429
SERVER_FAULT = 500
SHORTEST, LONGEST = 1, 3600

_PLACE = frozenset(
    {
        "access_denied",
        "channel_not_found",
        "ekm_access_denied",
        "is_archived",
        "messages_tab_disabled",
        "no_permission",
        "not_in_channel",
        "user_not_found",
        "cannot_dm_bot",
    }
)
_WORKSPACE = frozenset(
    {
        "account_inactive",
        "app_access_restricted",
        "enterprise_is_restricted",
        "invalid_auth",
        "is_bot",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
_GONE = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "cannot_reply_to_message",
        "thread_not_found",
    }
)
_OURS = frozenset(
    {
        "attachment_payload_limit_exceeded",
        "deprecated_endpoint",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_post_type",
        "markdown_text_conflict",
        "metadata_too_large",
        "method_deprecated",
        "missing_post_type",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
        "unknown_method",
    }
)
_MAY_HAVE_POSTED = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


def outcome(error: Exception) -> MessengerError:
    """Return our error for what a call of Slack's Web API raised."""
    if isinstance(error, SlackApiError):
        return _answered(error)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.InvalidURL)):
        return MessengerUnavailable("no connection")
    return MessengerDoubtful(type(error).__name__)


def retry_after(headers: Mapping[str, str]) -> timedelta:
    """Return how long Slack asks us to wait, within sane bounds whatever the header says."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(text)
    except ValueError:
        seconds = SHORTEST
    if not math.isfinite(seconds):
        seconds = SHORTEST
    return timedelta(seconds=min(max(seconds, SHORTEST), LONGEST))


def _answered(error: SlackApiError) -> MessengerError:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", response)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == TOO_MANY_REQUESTS or code in {"ratelimited", "rate_limited"}:
        return MessengerBusy(retry_after(getattr(response, "headers", {}) or {}))
    if status >= SERVER_FAULT or not code or code in _MAY_HAVE_POSTED or code.startswith("duplicate_"):
        return MessengerDoubtful(code or f"HTTP {status}")
    if (
        code in _PLACE
        or code.startswith("restricted_action")
        or (code.startswith("slack_connect_") and code.endswith("_blocked"))
    ):
        return PlaceGone(code)
    if code in _WORKSPACE:
        return WorkspaceGone(code)
    if code in _GONE:
        return MessageGone(code)
    if code in _OURS:
        return MessageRefused(code)
    return MessengerUnavailable(code)
