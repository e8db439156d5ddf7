"""What a person asked, and what a handler answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.parcel import Place

Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Text and blocks, ready to show. `text` is the whole message in one line: lock screens get nothing else."""

    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked: the words after the command, typed or carried by a button.

    `rest` is what follows the verb, as it came. `card` is the message whose button was pressed, "" when typed;
    `private` says that only the asker sees that message. `command` is the name people type, `/track` by default.
    """

    verb: str
    rest: str
    place: Place
    user: str
    now: datetime
    command: str = "/track"
    card: str = ""
    private: bool = False
    channel_name: str = ""


class Audience(StrEnum):
    """Who sees a reply."""

    ASKER = "asker"
    CHANNEL = "channel"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler answers. What changes a card is not in here: the outbox redraws and tells.

    `changed` holds the short ids of what was changed, for the audit.
    """

    message: Message = field(default_factory=lambda: Message(text=""))
    audience: Audience = Audience.NOBODY
    changed: tuple[str, ...] = ()

    @classmethod
    def to_asker(cls, message: Message, *, changed: Iterable[str] = ()) -> "Reply":
        """Answer only the one who asked."""
        return cls(message=message, audience=Audience.ASKER, changed=tuple(changed))

    @classmethod
    def to_channel(cls, message: Message, *, changed: Iterable[str] = ()) -> "Reply":
        """Answer everybody in the channel."""
        return cls(message=message, audience=Audience.CHANNEL, changed=tuple(changed))

    @classmethod
    def on_the_card(cls, *, changed: Iterable[str] = ()) -> "Reply":
        """Say nothing more: the card, which everybody sees, shows it."""
        return cls(changed=tuple(changed))
