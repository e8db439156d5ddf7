"""Small truths about the house itself: locks, Procfile, Makefile, papers."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import bot

TOP = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
WITH_ADDRESSES = re.compile(
    r"--(extra-)?index-url|pypi\.org|pythonhosted\.org|npmjs\.org"
    r"|https?://[^\s\"']*/simple\b|(registry|index) *= *\"?http"
)
# What looks like a key, whatever it is called, or like a token of Slack's: those of the sandbox are written otherwise.
LIKE_A_KEY = re.compile(
    r"(api[-_]?key|token|secret)\s*[:=]\s*['\"][0-9A-Za-z-]{20,}|\bxox[a-z]-\d{6,}|\bxapp-\d-\w",
    re.IGNORECASE,
)
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())


def own_files() -> list[Path]:
    """Return the project's files, without environments, caches and Git's own."""
    top = [path for path in TOP.iterdir() if path.is_file()]
    below = [path for folder in ("bot", "tests", "docs", ".ci", "deploy") for path in (TOP / folder).rglob("*")]
    return [path for path in (*top, *below) if path.is_file() and "__pycache__" not in path.parts]


def pins(lock: str) -> dict[str, str]:
    """Return what a lock file pins: name to version."""
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (TOP / lock).read_text(), flags=re.MULTILINE))


def name_of(requirement: str) -> str:
    """Return the name of the library in a requirement."""
    return re.split(r"[<>=\[ ]", requirement, maxsplit=1)[0]


@pytest.mark.promise("S16")
@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_is_vouched_for_by_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (TOP / lock).read_text().strip())

    assert [entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+( ;.+)? \\\n +--hash=sha256:", entry)] == []


def test_no_file_names_a_registry() -> None:
    guilty = [
        path.relative_to(TOP)
        for path in own_files()
        if path != Path(__file__) and WITH_ADDRESSES.search(path.read_text(errors="ignore"))
    ]

    assert guilty == []


def test_no_file_holds_a_key() -> None:
    found = [
        f"{path.relative_to(TOP)}: {hit[0][:20]}…"
        for path in own_files()
        if (hit := LIKE_A_KEY.search(path.read_text(errors="ignore")))
    ]

    assert found == []


def test_tests_run_on_the_versions_that_people_run() -> None:
    runtime, development = map(pins, LOCKS)

    assert runtime.items() <= development.items()


@pytest.mark.promise("S16")
def test_every_library_we_ask_for_is_locked_and_has_its_reason() -> None:
    asked = {name_of(line) for line in PROJECT["project"]["dependencies"]}
    tools = {name_of(line) for line in PROJECT["dependency-groups"]["dev"]}
    reasons = set(re.findall(r"`([a-z0-9-]+)`", (TOP / "docs/decisions/0001-libraries.md").read_text()))

    assert asked <= pins("requirements.txt").keys()
    assert tools <= pins("requirements-dev.txt").keys()
    assert asked | tools <= reasons


def test_the_version_stands_in_one_place() -> None:
    assert version("waybill") == bot.__version__


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{bot.__version__}]" in (TOP / "CHANGELOG.md").read_text()


def test_make_alone_explains_every_target() -> None:
    makefile = (TOP / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    assert phony

    explained = re.findall(r"^([a-z]+):.*## \S", makefile, flags=re.MULTILINE)

    assert phony[1].split() == explained


def test_the_procfile_is_valid() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "honcho", "-f", "Procfile", "check"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert answer.returncode == 0, answer.stderr
    assert "(web)" in answer.stderr


def test_a_long_file_says_in_its_head_why() -> None:
    long = [path for path in own_files() if path.suffix == ".py" and len(path.read_text().splitlines()) > 300]

    heads = {path.relative_to(TOP).as_posix(): path.read_text().split('"""')[1] for path in long}

    assert [name for name, head in heads.items() if "Over 300 lines:" not in head] == []
