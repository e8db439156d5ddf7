"""An example of every message: its snapshot can be pasted into Slack's Block Kit Builder."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.carriers import Carrier, carrier
from bot.domain.errors import NoNumber, NotFollowed, NotHere, ProviderUnavailable, QuotaSpent
from bot.domain.parcel import ChannelSettings, Checkpoint, Mark, Parcel, ParcelKey, Place, Subscription
from bot.domain.records import News, Notice, Notification, Trouble
from bot.domain.status import Event, Preset, Status
from bot.services.results import Acted, ArchivedHere, Followed, Here, NothingToRestore, Refreshed
from bot.services.sweep import Health
from bot.slack import messages
from bot.slack.commands import COMMANDS, VERBS
from bot.slack.exchange import Message

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = Place("TSHOP", "CGENERAL")
KEY = ParcelKey("ups", "1ZX000010300000016")


def scan(text: str, hours: int, status: Status, substatus: str = "", location: str = "Berlin hub") -> Checkpoint:
    when = datetime(2026, 3, 1, 8, 14) + timedelta(hours=hours)  # noqa: DTZ001 - carriers give no zone
    return Checkpoint(carrier="ups", local_time=when, text=text, location=location, status=status, substatus=substatus)


PICKED_UP = scan("Picked up", 0, Status.IN_TRANSIT, "transit001", "Shenzhen")
ARRIVED = scan("Arrived at facility", 9, Status.IN_TRANSIT, "transit002")
OUT = scan("Out for delivery", 24, Status.PICKUP, "pickup001", "Berlin")
LEFT = scan("Left with neighbour", 30, Status.DELIVERED, "delivered004", "Berlin")
FAILED = scan("Nobody at home", 28, Status.UNDELIVERED, "", "Berlin")
LOST = scan("Parcel damaged in transit", 28, Status.EXCEPTION, "exception007")
DELAYED = scan("Delayed by bad weather", 28, Status.EXCEPTION, "exception005")

MUGS = Subscription(
    place=HERE, key=KEY, added_by="UADA", added_at=NOW, title="Blue mugs", order="1042", person="UBEN", card="1.000001"
)
PARCEL = Parcel(workspace="TSHOP", key=KEY, serial=142, added_at=NOW, observed_at=NOW, updated_at=NOW)
MOVING = replace(PARCEL, status=Status.IN_TRANSIT, checkpoints=(ARRIVED, PICKED_UP))
ON_THE_WAY = Here(parcel=MOVING, subscription=MUGS)
DELIVERED = replace(
    PARCEL, status=Status.DELIVERED, substatus="delivered004", checkpoints=(LEFT, OUT, ARRIVED, PICKED_UP)
)
PROBLEM = replace(PARCEL, status=Status.EXCEPTION, substatus="exception005", checkpoints=(DELAYED, ARRIVED))
MARKED = replace(MOVING, mark=Mark(status=Status.DELIVERED, by="UBEN", at=NOW, note="at the front desk"))
ARCHIVED = replace(MUGS, archived_at=NOW, archived_by="UBEN")
UNTITLED = replace(MUGS, title="", order="", person="")
GONE = replace(MOVING, missing=2)
HEALTHY = Health(last_round_at=NOW)
FAILING = Health(last_round_at=NOW, failing_since=NOW, trouble=str(ProviderUnavailable()))
OVERDUE = Health(last_round_at=NOW, overdue=True)
SETTINGS = ChannelSettings(place=HERE, set_by="UADA")
GUESSES: list[Carrier] = [found for code in ("usps", "fedex", "dhl") if (found := carrier(code))]
SEVERAL = [
    Here(parcel=replace(one, serial=serial), subscription=subscription)
    for serial, (one, subscription) in enumerate(
        [(MOVING, MUGS), (PROBLEM, UNTITLED), (DELIVERED, MUGS), (PARCEL, MUGS), (GONE, MUGS), (MOVING, ARCHIVED)], 1
    )
]
MANY = [Here(parcel=replace(MOVING, serial=serial), subscription=MUGS) for serial in range(1, 121)]


def row(
    event: Event,
    status: Status,
    *lines: Checkpoint,
    substatus: str = "",
    before: Status = Status.IN_TRANSIT,
    note: str = "",
    revision: int = 7,
) -> Notification:
    by = "UBEN" if event in {Event.MARKED, Event.RESTORED, Event.ARCHIVED, Event.UNARCHIVED, Event.DELETED} else ""
    return Notification(
        place=HERE,
        key=KEY,
        revision=revision,
        event=event,
        created_at=NOW,
        until=NOW,
        before=before,
        status=status,
        substatus=substatus,
        checkpoints=lines,
        by=by,
        note=note,
    )


def news(*rows: Notification, parcel: Parcel = MOVING, subscription: Subscription = MUGS) -> Message:
    return messages.news(rows, parcel, subscription)


def many_news(count: int, *, again: bool = False) -> list[News]:
    told = [
        ((DELIVERED_ROW, OUT_ROW), DELIVERED, MUGS),
        ((row(Event.PROBLEM, Status.EXCEPTION, DELAYED, substatus="exception005"),), PROBLEM, UNTITLED),
        ((row(Event.MARKED, Status.DELIVERED, note="at the front desk"),), MARKED, MUGS),
        ((row(Event.MOVING, Status.IN_TRANSIT, ARRIVED, PICKED_UP),), MOVING, UNTITLED),
    ]
    return [
        News(
            rows=tuple(replace(one, again=again) for one in rows),
            parcel=replace(parcel, serial=serial + 1),
            subscription=subscription,
        )
        for serial in range(count)
        for rows, parcel, subscription in [told[serial % len(told)]]
    ]


DELIVERED_ROW = row(Event.DELIVERED, Status.DELIVERED, LEFT, substatus="delivered004")
OUT_ROW = row(Event.OUT, Status.PICKUP, OUT, substatus="pickup001", revision=6)

NEWS = {
    "digest": messages.digest(many_news(4)),
    "digest_with_more": messages.digest(many_news(20), more=1234),
    "digest_long_and_told_again": messages.digest(many_news(50, again=True), more=9950),
    "told_again": news(replace(DELIVERED_ROW, again=True), parcel=DELIVERED),
    "added": news(row(Event.ADDED, Status.PENDING), parcel=PARCEL),
    "first_scan": news(row(Event.MOVING, Status.IN_TRANSIT, PICKED_UP, before=Status.PENDING)),
    "in_transit_again": news(row(Event.MOVING, Status.IN_TRANSIT, ARRIVED, before=Status.UNDELIVERED)),
    "scan": news(row(Event.MOVING, Status.IN_TRANSIT, ARRIVED)),
    "customs": news(
        row(Event.CUSTOMS, Status.IN_TRANSIT, scan("Customs cleared", 12, Status.IN_TRANSIT, "transit005"))
    ),
    "out": news(OUT_ROW),
    "collect": news(row(Event.COLLECT, Status.PICKUP, OUT, substatus="pickup002")),
    "attempt": news(row(Event.ATTEMPT, Status.UNDELIVERED, FAILED)),
    "attempt_missed": news(row(Event.ATTEMPT, Status.DELIVERED, LEFT, FAILED, OUT, substatus="delivered004")),
    "problem": news(row(Event.PROBLEM, Status.EXCEPTION, LOST, substatus="exception007")),
    "problem_in_carriers_words": news(row(Event.PROBLEM, Status.EXCEPTION, DELAYED, substatus="exception005")),
    "expired": news(row(Event.PROBLEM, Status.EXPIRED)),
    "returned": news(row(Event.RETURNED, Status.EXCEPTION, substatus="exception010")),
    "delivered": news(DELIVERED_ROW, parcel=DELIVERED),
    "delivered_without_a_line": news(row(Event.DELIVERED, Status.DELIVERED), parcel=DELIVERED, subscription=UNTITLED),
    "delivered_after_a_silence": news(
        row(Event.DELIVERED, Status.DELIVERED, LEFT, FAILED, OUT, ARRIVED, PICKED_UP, substatus="delivered004"),
        parcel=DELIVERED,
    ),
    "several_rows": news(
        row(Event.ATTEMPT, Status.UNDELIVERED, FAILED, revision=5), OUT_ROW, DELIVERED_ROW, parcel=DELIVERED
    ),
    "reversed": news(row(Event.REVERSED, Status.EXCEPTION, LOST, substatus="exception007", before=Status.DELIVERED)),
    "stalled": news(row(Event.STALLED, Status.IN_TRANSIT, note="12")),
    "unmoved": news(row(Event.UNMOVED, Status.PENDING), parcel=PARCEL),
    "marked_against_the_carrier": news(row(Event.MARKED, Status.DELIVERED, note="at the front desk"), parcel=MARKED),
    "marked_with_the_carrier": news(row(Event.MARKED, Status.DELIVERED), parcel=DELIVERED),
    "marked_exception": news(row(Event.MARKED, Status.EXCEPTION)),
    "restored": news(row(Event.RESTORED, Status.IN_TRANSIT)),
    "archived": news(row(Event.ARCHIVED, Status.IN_TRANSIT), subscription=ARCHIVED),
    "unarchived": news(row(Event.UNARCHIVED, Status.IN_TRANSIT)),
    "deleted": news(row(Event.DELETED, Status.IN_TRANSIT)),
    "gone": news(row(Event.GONE, Status.IN_TRANSIT), parcel=GONE),
}

CARDS = {
    "card_pending": messages.parcel_card(PARCEL, MUGS),
    "card_label_created": messages.parcel_card(
        replace(PARCEL, status=Status.NOT_FOUND, substatus="notfound001"), UNTITLED
    ),
    "card_in_transit": messages.parcel_card(MOVING, MUGS),
    "card_marked": messages.parcel_card(MARKED, MUGS),
    "card_problem": messages.parcel_card(PROBLEM, MUGS),
    "card_delivered": messages.parcel_card(DELIVERED, MUGS),
    "card_unknown_word": messages.parcel_card(replace(MOVING, status=Status.UNKNOWN, word="held_at_depot"), MUGS),
    "card_archived": messages.parcel_card(MOVING, ARCHIVED),
    "card_deleted": messages.parcel_card(replace(MOVING, removed_at=NOW), ARCHIVED),
    "card_gone": messages.parcel_card(GONE, MUGS),
}

QUESTIONS = {
    "carrier_choice": messages.carrier_choice(KEY.number, GUESSES, f'add {KEY.number} title:"Blue mugs"', "/track"),
    "carrier_choice_of_one": messages.carrier_choice("12345678", GUESSES[:1], "add 12345678", "/track"),
    "carrier_choice_looked_up": messages.carrier_choice(KEY.number, GUESSES, "add 1", "/track", looked_up=True),
    "carrier_unknown_to_all": messages.carrier_unknown("ZZ99887766XY", "", (), "add ZZ", "/track", looked_up=True),
    "carrier_unknown": messages.carrier_unknown("ZZ99887766XY", "", (), "add ZZ99887766XY", "/track"),
    "carrier_misspelt": messages.carrier_unknown("700000002024", "fedexx", GUESSES[1:2], "add 700000002024", "/track"),
    "check_digit_doubt": messages.check_digit_doubt(
        KEY.number, "the check digit is wrong for UPS", f"add {KEY.number}"
    ),
    "postcode_wanted": messages.postcode_wanted("12345678", GUESSES[0], "add 12345678", "/track"),
    "many_at_once": messages.many_at_once(21, f"add {KEY.number} all:yes", 20),
    "many_too_many": messages.many_at_once(200, "add" + f" {KEY.number}" * 200, 20),
    "pick": messages.pick("mugs", SEVERAL, lambda short_id: f"mark delivered {short_id}"),
    "delete_sure": messages.delete_sure(ON_THE_WAY),
}

ANSWERS = {
    "followed": messages.followed(Followed(parcel=PARCEL, subscription=MUGS, spent=True)),
    "followed_already": messages.followed(Followed(parcel=MOVING, subscription=MUGS, already=True)),
    "added_many": messages.added_many(
        [
            messages.result_line(KEY.number, Followed(parcel=PARCEL, subscription=MUGS, spent=True)),
            messages.result_line(KEY.number, Followed(parcel=MOVING, subscription=MUGS, already=True)),
            messages.result_line("RB400068557GB", "the check digit is wrong for Royal Mail"),
            messages.result_line("12345678", QuotaSpent("Refused.")),
        ],
        added=1,
        repeats=2,
        left_out=["1ZX000090300000092"],
        why="The tracking quota is used up.",
        open_questions=[("RB400068557GB", "add RB400068557GB")],
    ),
    "marked": messages.marked(Acted(parcel=MARKED, subscription=MUGS), NOW),
    "marked_already": messages.marked(Acted(parcel=MARKED, subscription=MUGS, already=True), NOW + timedelta(hours=3)),
    "mark_restored": messages.restored(Acted(parcel=MOVING, subscription=MUGS)),
    "returned_is_said_by_carriers": messages.returned_is_said_by_carriers(ON_THE_WAY),
    "refreshed": messages.refreshed(Refreshed(parcel=MOVING, subscription=MUGS, changed=True)),
    "refreshed_in_vain": messages.refreshed(Refreshed(parcel=MOVING, subscription=MUGS)),
    "refreshed_too_early": messages.refreshed(
        Refreshed(parcel=MOVING, subscription=MUGS, looked_ago=timedelta(minutes=25))
    ),
    "archived_now": messages.archived(Acted(parcel=MOVING, subscription=ARCHIVED)),
    "archived_already": messages.archived(Acted(parcel=MOVING, subscription=ARCHIVED, already=True)),
    "unarchived_now": messages.unarchived(Acted(parcel=MOVING, subscription=MUGS)),
    "unarchived_already": messages.unarchived(Acted(parcel=MOVING, subscription=MUGS, already=True)),
    "deleted_now": messages.deleted(ON_THE_WAY),
    "quota": messages.quota(412, 500, HEALTHY),
    "quota_low_and_rounds_failing": messages.quota(9, 500, FAILING),
    "quota_and_rounds_overdue": messages.quota(412, 500, OVERDUE),
    "sorry_no_number": messages.sorry(NoNumber("archive"), "/track"),
    "sorry_not_followed": messages.sorry(NotFollowed("<!channel>"), "/track"),
    "sorry_not_here": messages.sorry(NotHere(), "/track"),
    "sorry_archived": messages.sorry(ArchivedHere(ARCHIVED, MOVING), "/track"),
    "sorry_no_mark": messages.sorry(NothingToRestore("Blue mugs"), "/track"),
    "sorry_quota_spent": messages.sorry(QuotaSpent("The tracking quota is used up, so nothing was added."), "/track"),
    "sorry_provider_away": messages.sorry(ProviderUnavailable(), "/track", again="refresh P-142"),
    "our_fault": messages.our_fault("3fa2c1"),
    "not_a_verb": messages.not_a_verb("archve P-142", "/track", nearest=["archive"]),
    "not_a_verb_but_a_number": messages.not_a_verb(KEY.number, "/track", numbers=True),
}

CHANNELS = {
    "menu": messages.menu(SEVERAL, HEALTHY, "/track"),
    "menu_empty": messages.menu((), HEALTHY, "/track"),
    "channel_status": messages.channel_status(SEVERAL, FAILING, "/track"),
    "channel_status_empty": messages.channel_status((), HEALTHY, "/track"),
    "list_page": messages.list_page(SEVERAL, HEALTHY, words="all", page=1, command="/track"),
    "list_page_2_of_15": messages.list_page(MANY, HEALTHY, words="moving", page=2, command="/track"),
    "list_empty": messages.list_page((), HEALTHY, words="delivered", page=1, command="/track"),
    "timeline": messages.timeline(Here(parcel=DELIVERED, subscription=MUGS), HEALTHY),
    "timeline_marked_and_archived": messages.timeline(Here(parcel=MARKED, subscription=ARCHIVED), FAILING),
    "introduction": messages.introduction(SETTINGS, by="UADA", command="/track"),
    "subscription_now": messages.subscription_now(SETTINGS, "/track"),
    "subscription_changed": messages.subscription_changed(replace(SETTINGS, preset=Preset.QUIET), by="UADA"),
    "help": messages.help_all(COMMANDS, "/track"),
    "help_verb": messages.help_verb(VERBS["mark"], "/track"),
    "help_events": messages.help_events("/track"),
    **{
        f"notice_{trouble.replace(' ', '_')}": messages.notice(
            Notice(trouble=trouble, place=HERE, detail="why"), "/track"
        )
        for trouble in Trouble
    },
}

EXAMPLES = {**{f"news_{name}": message for name, message in NEWS.items()}, **CARDS, **QUESTIONS, **ANSWERS, **CHANNELS}
