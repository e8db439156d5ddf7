"""Posting, redrawing and answering with Slack's Web API."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import (
    MessageRefused,
    MessengerBusy,
    MessengerDoubtful,
    MessengerError,
    MessengerUnavailable,
    WorkspaceGone,
)
from bot.domain.parcel import ChannelSettings, Parcel, Place, Subscription
from bot.domain.records import InboxItem, News, Notice, Notification
from bot.ports import Clock
from bot.slack import messages
from bot.slack.client import TIME_LIMIT
from bot.slack.exchange import Audience, Message, Reply
from bot.slack.outcomes import outcome

logger = logging.getLogger(__name__)

PAGES_LOOKED_AT = 50
"""In a channel where more than 10,000 messages came since, we give up looking."""
LOOK_BACK = timedelta(minutes=5)
"""How far Slack's clock may be behind ours when we look for a message: past that its signatures fail as well."""
HOOK_LIVES, HOOK_USES = timedelta(minutes=30), 5
"""How long Slack takes answers at a response_url, and how many."""
TEXT_MAX = 3000
PLAIN = {"link_names": False, "parse": "none"}
"""Slack looks for nothing in our text that we did not mark; `chat.update` would, if it were not told."""
QUIET = {"unfurl_links": False, "unfurl_media": False, **PLAIN}


class SlackMessenger:
    """Says things in one workspace. Renders at the moment it says them."""

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, *, clock: Clock, command: str, hooks: str
    ) -> None:
        self._client = client
        self._session = session
        self._clock = clock
        self._command = command
        self._hooks = f"{hooks}/"

    async def show_card(self, parcel: Parcel, subscription: Subscription, *, stamp: str, plain: bool = False) -> str:
        """Post the card, or redraw it where it stands; return its ts."""
        card = messages.parcel_card(parcel, subscription)
        card = Message(text=card.text) if plain else card
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

    async def digest(self, news: Sequence[News], *, stamp: str, more: int) -> None:
        """Post the news of several parcels as one message of the channel."""
        place = news[0].subscription.place
        metadata = _stamped("waybill_digest", stamp)
        await self._post(place.channel, messages.digest(news, more=more), metadata=metadata)

    async def rehearse(self, news: News) -> None:
        """Write out all that telling this would show, and show nothing."""
        messages.parcel_card(news.parcel, news.subscription)
        if any(row.event for row in news.rows):
            messages.news(news.rows, news.parcel, news.subscription)
            messages.digest([news])

    async def find(self, place: Place, stamp: str, *, thread: str = "", since: datetime) -> str | None:
        """Return the ts of the message with this stamp, "" when it is not there, None when we may not look."""
        asked = {
            "channel": place.channel,
            "oldest": f"{(since - LOOK_BACK).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": 200,
        }
        kinds = {"waybill_news"} if thread else {"waybill_card", "waybill_digest"}
        for _ in range(PAGES_LOOKED_AT):
            try:
                if thread:
                    answer = await self._call(self._client.conversations_replies, ts=thread, **asked)
                else:
                    answer = await self._call(self._client.conversations_history, **asked)
            except (MessengerBusy, MessengerUnavailable, MessengerDoubtful):
                raise  # it may say so later
            except MessengerError:
                return None
            if ts := _with_stamp(answer, kinds, stamp):
                return ts
            asked["cursor"] = _next_page(answer)
            if not asked["cursor"]:
                return ""
        return None

    async def introduce(self, settings: ChannelSettings, *, by: str) -> None:
        """Post the first message in a place; finds out at the same time whether we may post there."""
        await self._post(settings.place.channel, messages.introduction(settings, by=by, command=self._command))

    async def warn(self, user: str, notice: Notice) -> None:
        """Tell one person of trouble by direct message."""
        await self._post(user, messages.notice(notice, self._command))

    async def answer(self, item: InboxItem, reply: Reply) -> None:
        """Show a reply where it belongs; what can never be shown is logged.

        A private reply goes to the response_url while it lives, then into the channel for the asker's eyes, then by
        direct message. Where a private message's button was pressed, the reply takes its place. One for all goes to
        the asker alone where we may not post.

        Raises:
            MessengerBusy, MessengerUnavailable, WorkspaceGone: no way is open now, and one may be later.
            MessengerDoubtful: nobody knows whether the asker saw it.
        """
        if reply.audience is Audience.NOBODY:
            return
        try:
            if reply.audience is Audience.CHANNEL and await self._aloud(item, reply.message):
                return
            if not await self._to_response_url(item, reply.message):
                await self._whisper(item, reply.message)
        except (MessengerBusy, MessengerUnavailable, MessengerDoubtful, WorkspaceGone):
            raise  # a private answer that is given twice is better than one that is lost
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
        if not self._takes_answers(item):
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

    def _takes_answers(self, item: InboxItem) -> bool:
        """Return whether the response_url is Slack's own, and by its rules still takes an answer."""
        fresh = self._clock.now() - item.received_at < HOOK_LIVES and item.answered < HOOK_USES
        return fresh and item.response_url.startswith(self._hooks)

    async def _whisper(self, item: InboxItem, message: Message) -> None:
        body = _body(message)
        try:
            await self._call(self._client.chat_postEphemeral, channel=item.channel, user=item.user, **body)
        except MessengerDoubtful:
            raise
        except MessengerError:
            await self._post(item.user, message)

    async def _post(self, channel: str, message: Message, **more: Any) -> str:  # noqa: ANN401 - Slack's own arguments
        answer = await self._call(self._client.chat_postMessage, channel=channel, **_body(message), **QUIET, **more)
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise MessengerDoubtful("no ts in the answer")
        return ts

    async def _update(self, channel: str, ts: str, message: Message) -> None:
        await self._call(self._client.chat_update, channel=channel, ts=ts, **_body(message), **PLAIN)

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


def _with_stamp(answer: Mapping[str, Any], kinds: Collection[str], stamp: str) -> str:
    """Return the ts of the message with this stamp; "" when it is not among them."""
    said = answer.get("messages")
    if not isinstance(said, list) or not all(isinstance(message, dict) for message in said):
        raise MessengerDoubtful("no messages in the answer")  # which is not that there are none
    for message in said:
        metadata = message.get("metadata") or {}
        if not isinstance(metadata, dict):
            raise MessengerDoubtful("a stamp that can't be read")
        payload = metadata.get("event_payload")
        if metadata.get("event_type") in kinds and isinstance(payload, dict) and payload.get("id") == stamp:
            return str(message["ts"])
    return ""


def _next_page(answer: Mapping[str, Any]) -> str:
    """Return what to ask the next page with; "" after the last."""
    facts = answer.get("response_metadata")
    return str(facts.get("next_cursor") or "") if isinstance(facts, dict) else ""


def _body(message: Message) -> dict[str, Any]:
    if not message.text:
        raise MessageRefused("a message without text")
    body: dict[str, Any] = {"text": message.text[:TEXT_MAX]}
    if message.blocks:
        body["blocks"] = list(message.blocks)
    return body


def _stamped(kind: str, stamp: str) -> dict[str, Any]:
    return {"event_type": kind, "event_payload": {"id": stamp}}
