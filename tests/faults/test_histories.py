"""Histories of fixed seeds keep every promise; and the checker sees it when one is broken."""

from dataclasses import fields

import pytest

from bot.domain.parcel import NewParcel
from bot.services.inbox import Inbox
from bot.services.observer import Observer
from bot.services.telling import Telling
from tests.faults.account import SimProvider
from tests.faults.check import Verdict
from tests.faults.history import play
from tests.faults.kinds import KINDS
from tests.faults.points import NAMES

DEATHS = ("kill", "power cut", "early power cut", "torn write", "SIGTERM", "freeze")


def at_each_point(kind: str, *, seeds: int = 1) -> Verdict:
    """Live a history at each crash point with a kind of fault."""
    whole = Verdict()
    for point in NAMES:
        for seed in range(seeds):
            whole.add(play(kind, point, seed))
    return whole


@pytest.mark.promise("R1", "R6", "R7", "R14", "R24", "R28")
@pytest.mark.parametrize("kind", DEATHS)
def test_whenever_the_bot_ends_each_change_is_told_once_and_each_command_done(kind: str) -> None:
    verdict = at_each_point(kind)

    assert verdict.faultless, "\n".join(verdict.notes)
    assert verdict.changes > 100
    assert verdict.reached >= len(NAMES) - 4


@pytest.mark.promise("R9", "R15", "R16", "R19", "R20", "R23", "R26", "R32", "R36")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in DEATHS])
def test_whatever_else_goes_wrong_each_change_is_told_once_and_each_command_done(kind: str) -> None:
    point = NAMES[sum(kind.encode()) % len(NAMES)]

    verdict = play(kind, point, 0)

    assert verdict.faultless, "\n".join(verdict.notes)


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = (play("answers lost and kill", "slack.sent", 4) for _ in range(2))

    assert first == second


# ── the checker is no blind one: each promise broken on purpose is seen ────────────────────────────────────────────


def _faults(verdict: Verdict) -> set[str]:
    return {one.name for one in fields(verdict) if one.name != "notes" and getattr(verdict, one.name)}


def test_a_row_that_is_never_saved_is_seen_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_args: object) -> list[object]:
        return []

    monkeypatch.setattr(Observer, "_rows", none)

    assert "lost" in _faults(play("kill", "obs.committed", 0))


def test_a_doubtful_row_that_is_told_again_unlooked_is_seen_as_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_if_not_there(_self: Telling, _batch: object, subscription: object) -> object:
        return subscription

    monkeypatch.setattr(Telling, "_settle", as_if_not_there)

    found = [_faults(play("kill", "slack.answered", seed)) for seed in range(8)]

    assert any({"doubled_outside"} <= one for one in found)


def test_a_request_that_is_acknowledged_and_not_kept_is_seen_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(_self: Inbox) -> int:
        return 0

    monkeypatch.setattr(Inbox, "resume", none)

    found = [_faults(play("kill", "ack.sent", seed)) for seed in range(8)]

    assert any("acknowledged_lost" in one or "unsettled" in one for one in found)


def test_a_creation_that_is_charged_twice_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = SimProvider.create

    async def charges_twice(self: SimProvider, parcel: NewParcel) -> bool:
        self.known.charged[parcel.key] += 1
        return await real(self, parcel)

    monkeypatch.setattr(SimProvider, "create", charges_twice)

    assert "charged_twice" in _faults(play("kill", "api.sent", 0))
