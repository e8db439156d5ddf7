"""The renderer: whatever people, carriers and the provider write stays text, within Slack's limits."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from bot.domain.errors import NotFollowed, ProviderRefused
from bot.domain.parcel import Checkpoint, Mark, Parcel, ParcelKey, Subscription
from bot.domain.records import News, Notice, Notification, Trouble
from bot.domain.status import Event, Status
from bot.services.results import Acted, Followed, Here, Refreshed
from bot.slack import messages
from bot.slack.exchange import Message
from tests.fuzz import mutators
from tests.unit.slack import examples
from tests.unit.slack.limits import problems

STARTS = (
    *(
        "Blue mugs",
        "Picked up",
        "Out for delivery",
        "Zürich, Schweiz",
        "快件已到达 杭州转运中心",
        "Arrivé à l'entrepôt",
    ),
    *("#1042", "at the front desk", "transit", "exception", "1ZX000010300000016", "2026-03-04 12:44:01", ""),
)
SUBSTATUSES = (
    "",
    "transit001",
    "transit005",
    "pickup001",
    "pickup002",
    "pickup003",
    "exception004",
    "exception011",
    "x",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody else wrote, and what it is put into."""

    parcel: Parcel
    subscription: Subscription
    rows: tuple[Notification, ...]
    words: tuple[str, str]


class Renderer:
    """Makes parcels and news of mutated texts, and draws them in every message that shows such."""

    def make(self, luck: Random) -> Written:
        """Return a parcel with its news, in others' words."""
        lines = tuple(_line(luck) for _ in range(luck.choice((0, 1, 2, 12, 30))))
        number = _words(luck)[:64] or "1"
        status = luck.choice(list(Status))
        mark = Mark(status=luck.choice(list(Status)), by=_user(luck), at=examples.NOW, note=_words(luck))
        parcel = replace(
            examples.PARCEL,
            key=ParcelKey(luck.choice(("ups", "dhl", "china-post", _words(luck))), number),
            status=status,
            substatus=luck.choice(SUBSTATUSES),
            word=_words(luck),
            checkpoints=lines,
            mark=luck.choice((None, mark)),
            missing=luck.choice((0, 2)),
            stall_told=luck.random() < 0.2,
            origin=_words(luck),
            destination=_words(luck),
        )
        subscription = replace(
            examples.MUGS,
            key=parcel.key,
            title=_words(luck)[:200],
            order=_words(luck)[:256],
            person=_user(luck),
            added_by=_user(luck),
            archived_at=luck.choice((None, examples.NOW)),
            archived_by=_user(luck),
        )
        rows = tuple(
            replace(
                examples.row(luck.choice(list(Event)), status, *lines[: luck.randrange(13)], revision=at),
                key=parcel.key,
                before=luck.choice(list(Status)),
                substatus=luck.choice(SUBSTATUSES),
                by=_user(luck),
                note=_words(luck),
            )
            for at in range(1, luck.choice((2, 2, 3, 8)))
        )
        return Written(parcel=parcel, subscription=subscription, rows=rows, words=(_words(luck), _words(luck)))

    async def run(self, given: Written) -> None:
        """Draw it all; what Slack would refuse, or take for ours, is a finding."""
        for message in _drawn(given):
            found = problems(message)
            assert not found, found


def _drawn(given: Written) -> list[Message]:
    parcel, subscription, word = given.parcel, given.subscription, given.words[0]
    here = Here(parcel=parcel, subscription=subscription)
    acted = Acted(parcel=parcel, subscription=subscription, already=len(word) % 2 == 0)
    result = Followed(parcel=parcel, subscription=subscription, already=len(word) % 3 == 0)
    return [
        messages.parcel_card(parcel, subscription),
        messages.news(given.rows, parcel, subscription),
        messages.digest([News(rows=tuple(given.rows), parcel=parcel, subscription=subscription)] * 50, more=len(word)),
        messages.timeline(here, examples.FAILING),
        messages.list_page([here] * 9, examples.HEALTHY, words=word, page=len(word), command="/track"),
        messages.channel_status([here] * 30, examples.OVERDUE, "/track"),
        messages.menu([here] * 3, examples.HEALTHY, "/track"),
        messages.delete_sure(here),
        messages.pick(word, [here] * 12, lambda name: f"archive {name}"),
        messages.not_a_verb(word, "/track"),
        messages.sorry(NotFollowed(word), "/track", again=given.words[1]),
        messages.sorry(ProviderRefused(given.words[1]), "/track", again=word),
        messages.followed(result),
        messages.marked(acted, examples.NOW + timedelta(hours=3)),
        messages.refreshed(Refreshed(parcel=parcel, subscription=subscription, changed=True)),
        messages.archived(acted),
        messages.deleted(here),
        messages.added_many(
            [messages.result_line(word, result), messages.result_line(word, given.words[1])],
            added=1,
            repeats=2,
            left_out=[word, parcel.key.number],
            why=given.words[1],
            open_questions=[(word, f"add {word}")],
        ),
        *(messages.notice(Notice(trouble=one, place=examples.HERE, detail=word), "/track") for one in Trouble),
    ]


def _words(luck: Random) -> str:
    return mutators.text(luck, luck.choice(STARTS))


def _user(luck: Random) -> str:
    return luck.choice(("UADA", "UBEN", "W012AB3CD", "", _words(luck)))


def _line(luck: Random) -> Checkpoint:
    moment = datetime(2026, 3, 1, 8, 14) + timedelta(minutes=luck.randrange(-(10**6), 10**6))  # noqa: DTZ001 - local
    return Checkpoint(
        carrier=luck.choice(("ups", _words(luck))),
        local_time=luck.choice((moment, moment, None, datetime.min, datetime.max)),  # noqa: DTZ901 - local
        text=_words(luck),
        location=_words(luck),
        status=luck.choice((None, *Status)),
        substatus=luck.choice(SUBSTATUSES),
        milestone=luck.choice(("", "CustomsClearance", _words(luck))),
        raw_time=_words(luck),
    )
