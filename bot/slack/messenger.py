"""Posting, redrawing and answering with Slack's Web API."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import (
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
)
from bot.domain.parcel import ChannelSettings, Parcel, Place, Subscription
from bot.domain.records import InboxItem, Notice, Notification
from bot.slack import messages
from bot.slack.exchange import Audience, Message, Reply
from bot.slack.outcomes import outcome

logger = logging.getLogger(__name__)

TIME_LIMIT = 10
"""Seconds a call may take in all."""
LOOK_BACK = timedelta(minutes=5)
"""How far Slack's clock may be behind ours when we look for a message: past that its signatures fail as well."""
TEXT_MAX = 3000
QUIET = {"unfurl_links": False, "unfurl_media": False}


def web_client(token: str, base_url: str, session: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """Return a client that never repeats a call by itself: the SDK's default posts twice after a dropped answer.

    It goes out directly; the SDK takes a proxy from the environment when it is given none.
    """
    client = AsyncWebClient(
        token=token,
        base_url=base_url,
        timeout=TIME_LIMIT,
        session=session,
        retry_handlers=[],
        trust_env_in_session=False,
    )
    client.proxy = None
    return client


class SlackMessenger:
    """Says things in one workspace. Renders at the moment it says them."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, *, command: str, hooks_host: str
    ) -> None:
        self._client = client
        self._session = session
        self._command = command
        self._hooks_host = hooks_host

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str) -> str:
        """Post the card, or redraw it where it stands; return its ts."""
        card = messages.parcel_card(parcel, subscription)
        if subscription.card:
            await self._update(subscription.place.channel, subscription.card, card)
            return subscription.card
        return await self._post(subscription.place.channel, card, metadata=_stamped("waybill_card", stamp))

    async def tell(
        self, rows: Sequence[Notification], parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool
    ) -> None:
        """Post what the rows say in the card's thread, shown in the channel too when one of them is to be."""
        news = messages.news(rows, parcel, subscription)
        aloud = {"reply_broadcast": True} if any(row.aloud for row in rows) else {}
        await self._post(
            subscription.place.channel,
            Message(text=news.text) if plain else news,
            thread_ts=subscription.card,
            metadata=_stamped("waybill_news", stamp),
            **aloud,
        )

    async def find(self, place: Place, stamp: str, *, thread: str = "", since: datetime) -> str | None:
        """Return the ts of the message with this stamp, "" when it is not there, None when we may not look."""
        asked = {
            "channel": place.channel,
            "oldest": f"{(since - LOOK_BACK).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": 200,
        }
        try:
            if thread:
                answer = await self._call(self._client.conversations_replies, ts=thread, **asked)
            else:
                answer = await self._call(self._client.conversations_history, **asked)
        except (MessengerBusy, MessengerUnavailable, MessengerDoubtful):
            raise  # it may say so later
        except MessengerError:
            return None
        kind = "waybill_news" if thread else "waybill_card"
        for message in answer.get("messages") or []:
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == kind and (metadata.get("event_payload") or {}).get("id") == stamp:
                return str(message["ts"])
        return ""

    async def introduce(self, settings: ChannelSettings, *, by: str) -> None:
        """Post the first message in a place; finds out at the same time whether we may post there."""
        await self._post(settings.place.channel, messages.introduction(settings, by=by, command=self._command))

    async def warn(self, user: str, notice: Notice) -> None:
        """Tell one person of trouble by direct message."""
        await self._post(user, messages.notice(notice, self._command))

    async def answer(self, item: InboxItem, reply: Reply) -> None:
        """Show a reply where it belongs. Never raises: what cannot be shown is logged.

        A private reply goes to the response_url while it lives, then into the channel for the asker's eyes, then by
        direct message. Where a private message's button was pressed, the reply takes its place. One for all goes to
        the asker alone where we may not post.
        """
        if reply.audience is Audience.NOBODY:
            return
        try:
            if reply.audience is Audience.CHANNEL and await self._aloud(item, reply.message):
                return
            if not await self._to_response_url(item, reply.message):
                await self._whisper(item, reply.message)
        except MessengerError as error:
            logger.warning("a reply could not be shown", extra={"channel": item.channel, "why": str(error)})

    async def _aloud(self, item: InboxItem, message: Message) -> bool:
        try:
            await self._post(item.channel, message)
        except MessengerDoubtful:
            return True  # it may stand there
        except MessengerError:
            return False
        return True

    async def _to_response_url(self, item: InboxItem, message: Message) -> bool:
        if not item.response_url or _host(item.response_url) != self._hooks_host:
            return False
        body = {"text": message.text[:TEXT_MAX], "response_type": "ephemeral", "replace_original": item.private}
        if message.blocks:
            body["blocks"] = list(message.blocks)
        try:
            async with self._session.post(
                item.response_url, json=body, timeout=aiohttp.ClientTimeout(total=TIME_LIMIT), allow_redirects=False
            ) as response:
                return response.status == 200  # noqa: PLR2004 - HTTP's word for done
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _whisper(self, item: InboxItem, message: Message) -> None:
        body = _body(message)
        try:
            await self._call(self._client.chat_postEphemeral, channel=item.channel, user=item.user, **body)
        except MessengerDoubtful:
            return
        except MessengerError:
            await self._post(item.user, message)

    async def _post(self, channel: str, message: Message, **more: Any) -> str:  # noqa: ANN401 - Slack's own arguments
        answer = await self._call(self._client.chat_postMessage, channel=channel, **_body(message), **QUIET, **more)
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise MessengerDoubtful("no ts in the answer")
        return ts

    async def _update(self, channel: str, ts: str, message: Message) -> None:
        await self._call(self._client.chat_update, channel=channel, ts=ts, **_body(message))

    @staticmethod
    async def _call(method: Callable[..., Awaitable[Any]], **args: Any) -> Mapping[str, Any]:  # noqa: ANN401 - Slack's own
        try:
            answer = await method(**args)
            data = answer.data
        except MessengerError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK raises its own, aiohttp's, TimeoutError, ValueError and AttributeError
            raise outcome(error) from None
        if not isinstance(data, dict):
            raise MessengerDoubtful("the answer is no object")
        return data


def _host(url: str) -> str:
    """Return host and port of an address; "" when it is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _body(message: Message) -> dict[str, Any]:
    if not message.text:
        raise MessageRefused("a message without text")
    body: dict[str, Any] = {"text": message.text[:TEXT_MAX]}
    if message.blocks:
        body["blocks"] = list(message.blocks)
    return body


def _stamped(kind: str, stamp: str) -> dict[str, Any]:
    return {"event_type": kind, "event_payload": {"id": stamp}}
