"""The README says what the code does."""

import re
from pathlib import Path

import pytest
import yaml

from bot.domain.status import Status
from bot.settings import Settings
from bot.slack.commands import COMMANDS
from bot.slack.messages.words import STATUS_WORDS
from bot.slack.scopes import OPTIONAL, REQUIRED, left_out, missing
from tests import audit

TOP = Path(__file__).parents[2]


def table(name: str) -> list[list[str]]:
    """Return the cells of the README's table between the two comments of this name."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", (TOP / "README.md").read_text(), re.DOTALL)
    assert found
    rows = [line.strip().strip("|") for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)] for row in rows[2:]]


def test_the_readme_lists_every_command_with_its_words() -> None:
    expected = [
        [f"`{one.usage}`", ", ".join(f"`{alias}`" for alias in one.aliases), one.summary, f"`{one.example}`"]
        for one in COMMANDS
    ]

    assert table("commands") == expected


def test_the_readme_lists_every_setting_with_its_default() -> None:
    expected = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, (), False) else f"`{field.default}`"
        expected.append([f"`{name.upper()}`", default, field.description or ""])

    assert sorted(table("settings")) == sorted(expected)


@pytest.mark.promise("S16")
def test_the_list_of_parts_names_every_locked_library_with_its_hashes() -> None:
    lock = (TOP / "requirements.txt").read_text()

    parts = audit.parts_of(lock)

    assert {f"{one['name']}=={one['version']}" for one in parts} == set(
        re.findall(r"^\S+==[^ ;\\]+", lock, re.MULTILINE)
    )
    assert sum(len(one["hashes"]) for one in parts) == lock.count("--hash=sha256:")


@pytest.mark.promise("S19")
def test_each_optional_scope_is_explained_by_what_is_missing_without_it() -> None:
    granted = [*REQUIRED, *OPTIONAL]

    assert missing(granted) == ([], [])
    for scope, buys in OPTIONAL.items():
        assert missing([one for one in granted if one != scope]) == ([], [scope])
        assert left_out([scope]) == f"without {scope}: no {buys}"
    assert missing([]) == (list(REQUIRED), list(OPTIONAL))


@pytest.mark.promise("S19")
def test_the_manifest_asks_for_exactly_the_scopes_that_the_code_declares() -> None:
    scopes = yaml.safe_load((TOP / "manifest.yml").read_text())["oauth_config"]["scopes"]

    assert scopes == {"bot": list(REQUIRED), "bot_optional": list(OPTIONAL)}


def test_no_two_commands_share_a_name() -> None:
    names = [name for one in COMMANDS for name in one.names]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words(status: Status) -> None:
    assert STATUS_WORDS[status]
