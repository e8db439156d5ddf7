"""The demo: on this machine, with nothing real."""

import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path

import pytest

from bot.cli import demo
from bot.sandbox.world import APP_TOKEN, BOT_TOKEN, KEY, SIGNING_SECRET, CannotServe, World

REAL_SHAPES = {
    "SLACK_BOT_TOKEN": "-".join(["xoxb", "1234567890", "1234567890", "a" * 24]),
    "SLACK_APP_TOKEN": "-".join(["xapp", "1", "A0", "123", "a" * 64]),
    "SLACK_SIGNING_SECRET": "0123456789abcdef" * 2,
    "TRACKINGMORE_API_KEY": "01234567-89ab-cdef-0123-456789abcdef",
    "SLACK_API_URL": "https://slack.com/api/",
    "TRACKINGMORE_API_URL": "https://api.trackingmore.com/v2",
}


def run(*words: str) -> int:
    parser = ArgumentParser()
    demo.add_arguments(parser)
    return demo.main(parser.parse_args(["--no-browser", "--port", "0", *words]))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REAL_SHAPES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.promise("S15")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.9", "example.com", ""])  # noqa: S104 - addresses to refuse
def test_the_demo_serves_no_other_machine(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--host", host) == 2
    assert "this machine only" in capsys.readouterr().err


@pytest.mark.promise("S15")
@pytest.mark.parametrize("name", REAL_SHAPES)
def test_the_demo_does_not_start_beside_anything_real(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, REAL_SHAPES[name])

    assert run() == 2
    said = capsys.readouterr().err
    assert name in said
    assert REAL_SHAPES[name] not in said


@pytest.mark.promise("S15")
def test_what_the_sandbox_calls_a_token_is_not_taken_for_a_real_one() -> None:
    made_up = dict(zip(demo.TOKENS, (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, KEY), strict=True))

    assert demo.real_things(made_up | {"SLACK_API_URL": "http://127.0.0.1:8808/slack/api/"}) == []
    assert demo.real_things(REAL_SHAPES) == list(REAL_SHAPES)


@pytest.mark.promise("S15")
def test_the_bot_in_the_demo_knows_nothing_but_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1-real")

    environment = demo.environment("http://127.0.0.1:8808", tmp_path)

    assert environment["SLACK_BOT_TOKEN"] == BOT_TOKEN
    assert demo.real_things(environment) == []


@pytest.mark.promise("S15")
@pytest.mark.parametrize("url", ["https://example.com/slack/events", "http://10.0.0.1/", "file:///x", "example.com"])
def test_the_sandbox_sends_requests_to_this_machine_alone(url: str) -> None:
    with pytest.raises(CannotServe, match="this machine only"):
        World(request_url=url)


@pytest.mark.promise("S15")
def test_nothing_of_the_bot_but_the_demo_can_import_the_sandbox() -> None:
    contracts = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [sandbox] = [one for one in contracts if one.get("protected_modules") == ["bot.sandbox"]]
    code = "import sys, bot.cli.run, bot.app; sys.exit(any(one.startswith('bot.sandbox') for one in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert sandbox["allowed_importers"] == ["bot.cli.demo"]
    assert done.returncode == 0
