"""Records to store: one of each kind with every field filled, and short ways to make more."""

from datetime import UTC, datetime, timedelta, timezone

from bot.domain.parcel import ChannelSettings, Checkpoint, Mark, Parcel, ParcelKey, Place, Subscription
from bot.domain.records import InboxItem, Memo, Notification, Progress
from bot.domain.status import Aloud, Event, Preset, Status
from bot.ports import Record

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
HERE = Place("T-ONE", "C-ORDERS")
TITLE = 'Пакет 包裹 📦 <!channel> "quoted" \x00\n'


def parcel(serial: int = 1, *, workspace: str = "T-ONE", revision: int = 0, status: Status = Status.PENDING) -> Parcel:
    """Return a parcel that differs from others by its serial."""
    key = ParcelKey("ups", f"1ZX{serial:012}")
    return Parcel(workspace=workspace, key=key, serial=serial, added_at=NOW, revision=revision, status=status)


def subscription(serial: int = 1, *, place: Place = HERE, hours: int = 0, title: str = "") -> Subscription:
    """Return a place's subscription to the parcel of this serial."""
    added_at = NOW + timedelta(hours=hours)
    return Subscription(place=place, key=parcel(serial).key, added_by="U-ANN", added_at=added_at, title=title)


def row(serial: int = 1, *, place: Place = HERE, hours: int = 0, progress: Progress = Progress.WAITING) -> Notification:
    """Return a notification of the parcel of this serial."""
    at = NOW + timedelta(hours=hours)
    return Notification(
        place=place, key=parcel(serial).key, revision=1, event=Event.OUT, created_at=at, until=at, progress=progress
    )


def item(delivery: str = "1.2.abc", *, workspace: str = "T-ONE", hours: int = 0, done: bool = False) -> InboxItem:
    """Return a request that came in."""
    at = NOW + timedelta(hours=hours)
    return InboxItem(
        workspace=workspace,
        delivery=delivery,
        channel="C-ORDERS",
        user="U-ANN",
        words="list",
        received_at=at,
        done_at=at if done else None,
    )


def one_of_each() -> list[Record]:
    """Return a record of each kind, every field of it filled."""
    lines = (
        Checkpoint(
            carrier="ups",
            local_time=datetime(2026, 3, 1, 23, 59),  # noqa: DTZ001 - local times have no zone
            text="Arrivé à l'entrepôt",
            location="Zürich",
            status=Status.IN_TRANSIT,
            substatus="transit005",
            milestone="CustomsClearance",
        ),
        Checkpoint(carrier="dhl", local_time=None, text="已签收", raw_time="soon"),
    )
    key = ParcelKey("ups", "1ZX000010300000016")
    elsewhere = timezone(timedelta(hours=8))
    return [
        Parcel(
            workspace="T-ONE",
            key=key,
            serial=142,
            added_at=NOW,
            status=Status.UNKNOWN,
            word="teleported",
            substatus="transit001",
            mark=Mark(status=Status.EXCEPTION, by="U-ANN", at=NOW, note=TITLE),
            checkpoints=lines,
            seen=frozenset(line.id for line in lines),
            announced=("transit", "pickup:collect"),
            origin="CN",
            destination="DE",
            revision=7,
            updated_at=NOW.astimezone(elsewhere),
            observed_at=NOW,
            moved_at=NOW,
            looked_at=NOW,
            acted_at=NOW,
            stall_told=True,
            must_read=True,
            missing=1,
        ),
        Subscription(
            place=HERE,
            key=key,
            added_by="U-ANN",
            added_at=NOW,
            title=TITLE,
            order="#17",
            person="U-BEN",
            card="1772442000.000100",
            archived_at=NOW,
            archived_by="U-BEN",
        ),
        ChannelSettings(
            place=HERE,
            preset=Preset.EVERYTHING,
            aloud=Aloud.NONE,
            introduced=True,
            set_by="U-ANN",
            paused="is_archived",
        ),
        Notification(
            place=HERE,
            key=key,
            revision=7,
            event=Event.RETURNED,
            created_at=NOW,
            until=NOW,
            before=Status.PICKUP,
            status=Status.EXCEPTION,
            substatus="exception011",
            checkpoints=lines,
            by="U-ANN",
            note=TITLE,
            aloud=True,
            progress=Progress.SENDING,
            attempts=3,
            stamp="a1",
            started_at=NOW,
            reason="ratelimited",
        ),
        InboxItem(
            workspace="T-ONE",
            delivery="1.2.abc",
            channel="C-ORDERS",
            user="U-ANN",
            words=f"add 1ZX000010300000016 {TITLE}",
            received_at=NOW,
            channel_name="orders",
            response_url="https://hooks.slack.com/commands/T-ONE/1/a",
            card="1772442000.000100",
            private=True,
            attempts=1,
            done_at=NOW,
        ),
        Memo(workspace="T-ONE", name="watermark", value="2026-03-02T09:00:00Z"),
    ]
