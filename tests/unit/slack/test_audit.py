"""Each change by a person leaves a line in the log, which no name can forge."""

import logging
from typing import Any

import pytest

from bot.logs import configure
from tests.unit.slack.asking import ask
from tests.unit.slack.conftest import UPS, WORKSPACE, Conversation, World


def audit_of(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    facts = ("verb", "user", "workspace", "channel", "changed")
    return [tuple(vars(one)[fact] for fact in facts) for one in caplog.records if one.name == "bot.audit"]


@pytest.mark.promise("S17")
async def test_each_change_leaves_who_did_what_where(ada: Conversation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for words in (
        *(f"add {UPS} Canary", "m delivered P-1", "restore P-1", "refresh P-1", "done P-1", "unarchive P-1"),
        *("subscribe quiet", "delete P-1 sure"),
    ):
        await ada.types(words)

    who = ("UADA", WORKSPACE, "CGENERAL")
    verbs = ["add", "mark", "restore", "refresh", "archive", "unarchive"]
    assert audit_of(caplog) == [
        *((verb, *who, ("P-1",)) for verb in verbs),
        ("subscribe", *who, ("CGENERAL",)),
        ("delete", *who, ("P-1",)),
    ]
    assert not [one for one in caplog.records if one.name == "bot.audit" and "Canary" in str(vars(one))]


@pytest.mark.promise("S17")
async def test_what_changed_nothing_is_not_in_the_audit(ada: Conversation, caplog: pytest.LogCaptureFixture) -> None:
    await ada.follows()
    caplog.set_level(logging.INFO)

    for words in (
        "list",
        "status P-1",
        f"add {UPS}",
        "unarchive P-1",
        "archive P-9",
        "delete P-1",
        "subscribe",
        "",
        "?",
    ):
        await ada.types(words)

    assert audit_of(caplog) == []


@pytest.mark.promise("S17")
@pytest.mark.usefixtures("logging_as_it_was")
async def test_no_name_forges_a_line_of_the_audit(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    forged = 'UADA\n{"event": "changed", "logger": "bot.audit", "user": "UBOSS"}'

    configure()
    await ask(world, f"add {UPS}", user=forged, channel=f"C1\r\n{forged}")

    lines = [line for line in capsys.readouterr().err.splitlines() if '"bot.audit"' in line]
    assert len(lines) == 1
    assert r"UADA\n" in lines[0]
