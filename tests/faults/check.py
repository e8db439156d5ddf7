"""The checker: what was promised, held against what the world knows to have happened."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from itertools import pairwise

from tests.faults.slack import Post
from tests.faults.world import CHANNELS, Typed, World, secret_of

_SCAN = re.compile(r"scan (\d{4})")


@dataclass(kw_only=True)
class Verdict:
    """What came of one history or of many. All from `lost` on must be nothing; `notes` says what was wrong."""

    histories: int = 0
    reached: int = 0
    deaths: int = 0
    typed: int = 0
    acknowledged: int = 0
    changes: int = 0
    doubled_inside: int = 0
    lost: int = 0
    doubled_outside: int = 0
    acknowledged_lost: int = 0
    charged_twice: int = 0
    disordered: int = 0
    leaked: int = 0
    out_of_date: int = 0
    unhandled: int = 0
    unsettled: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def faultless(self) -> bool:
        """Return whether every promise was kept."""
        names = [one.name for one in fields(self)]
        return not any(getattr(self, name) for name in names[names.index("lost") : names.index("notes")])

    def add(self, other: "Verdict") -> None:
        """Count another one in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def check(world: World, verdict: Verdict) -> Verdict:
    """Return the verdict with everything counted."""
    truth = world.truth
    verdict.deaths += truth.deaths
    verdict.typed += len(truth.typed)
    verdict.acknowledged += sum(one.acknowledged for one in truth.typed)
    told = _told(world)
    for scan in truth.scans:
        for channel in scan.channels:
            if (channel, scan.number) in truth.excused:
                continue
            verdict.changes += 1
            if (channel, scan.number, scan.serial) not in told:
                verdict.lost += 1
                verdict.notes.append(f"scan {scan.serial} of {scan.number} was never told in {channel}")
    for (channel, number, serial), posts in told.items():
        _repeats(posts, f"scan {serial} of {number} in {channel}", world, verdict)
    _count_order(told, verdict)
    _count_cards(world, verdict)
    _count_commands(world, verdict)
    _count_leaks(world, verdict)
    for key, count in world.account.charged.items():
        if count > 1:
            verdict.charged_twice += 1
            verdict.notes.append(f"{key.number} was charged {count} times")
    verdict.unhandled += len(truth.unhandled)
    verdict.notes += truth.unhandled
    return verdict


def _told(world: World) -> dict[tuple[str, str, int], list[Post]]:
    """Return the messages that tell of each scan in each channel, oldest first."""
    told = defaultdict[tuple[str, str, int], list[Post]](list)
    for post in world.slack.posts:
        scans = {
            (row.key.number, int(found[1]))
            for row in post.rows
            if row.event and post.kind != "waybill_card"
            for line in row.checkpoints
            if (found := _SCAN.search(line.text))
        }
        for number, serial in scans:
            told[post.channel, number, serial].append(post)
    return told


def _repeats(posts: list[Post], what: str, world: World, verdict: Verdict) -> None:
    """Count a repeated message: inside the window when whoever posted the one before never heard that it stood."""
    for before in posts[:-1]:
        # With history to search there is no window; without it, one where the answer or who waited for it was lost, or
        # who had it ended on a disk that took no note of it.
        ended = before.by.was_killed or before.by.could_not_record
        window = not world.slack.history and (not before.answered or ended)
        verdict.doubled_inside += window
        verdict.doubled_outside += not window
        if not window:
            verdict.notes.append(f"told again: {what}, first at {before.at:.1f}, then at {posts[-1].at:.1f}")


def _count_order(told: dict[tuple[str, str, int], list[Post]], verdict: Verdict) -> None:
    """What is told for the first time of a parcel in a channel is never older than what was told before."""
    first = defaultdict[tuple[str, str], list[tuple[int, float]]](list)
    for (channel, number, serial), posts in told.items():
        first[channel, number].append((serial, posts[0].at))
    for place, times in first.items():
        times.sort()
        for (earlier, at), (later, then) in pairwise(times):
            if then < at:
                verdict.disordered += 1
                verdict.notes.append(f"scan {later} was told before scan {earlier}: {place}")


def _count_cards(world: World, verdict: Verdict) -> None:
    """Each parcel has one card in a channel that follows it, and it shows where the parcel is."""
    newest = {scan.number: scan.serial for scan in world.truth.scans}
    shown = defaultdict[tuple[str, str], list[Post]](list)
    for post in world.slack.posts:
        if post.kind == "waybill_card" and (found := re.search(r"YT\d{16}", post.everything)):
            shown[post.channel, found[0]].append(post)
    for (channel, number), cards in shown.items():
        if not world.card_was_gone:
            _repeats(cards, f"the card of {number} in {channel}", world, verdict)
        known = newest.get(number)
        owed = any(scan.number == number and channel in scan.channels for scan in world.truth.scans)
        excused = not owed or (channel, number) in world.truth.excused
        if known and not excused and f"scan {known:04d}" not in cards[-1].text:
            verdict.out_of_date += 1
            verdict.notes.append(f"the card of {number} in {channel} does not show scan {known}")


def _count_commands(world: World, verdict: Verdict) -> None:
    """What was acknowledged is done, or was answered."""
    whispers = Counter(post.only_for or post.channel for post in world.slack.posts)
    acts = Counter(row.by for post in world.slack.posts for row in post.rows)
    for typed in world.truth.typed:
        done = world.slack.answers[typed.id] or whispers[typed.user] or acts[typed.user] or _seen_by_all(world, typed)
        if typed.acknowledged and not done:
            verdict.acknowledged_lost += 1
            verdict.notes.append(f"acknowledged at {typed.at:.1f} and neither done nor answered: {typed.words}")


def _seen_by_all(world: World, typed: Typed) -> bool:
    """Return whether the channel shows what came of it: a parcel's card, or that it is now told more."""
    if typed.verb == "add":
        return bool(world.cards(typed.channel, typed.number))
    return any(one.channel == typed.channel and typed.user in one.text for one in world.slack.posts)


def _count_leaks(world: World, verdict: Verdict) -> None:
    """No message holds what only another channel may read."""
    for post in world.slack.posts:
        typed = next((one for one in world.truth.typed if post.channel.endswith(f"/{one.id}")), None)
        where = typed.channel if typed else post.channel
        for channel in CHANNELS:
            if channel != where and where in CHANNELS and secret_of(channel) in post.everything:
                verdict.leaked += 1
                verdict.notes.append(f"{where} was shown what only {channel} may read: {post.text[:80]}")
