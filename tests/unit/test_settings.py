"""Every environment variable: read once, all mistakes reported together, no secret shown."""

import copy
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.errors import SettingsError
from bot.settings import Settings, read_settings

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-sandbox-token",
    "SLACK_SIGNING_SECRET": "sandbox-signing-secret",
    "TRACKINGMORE_API_KEY": "sandbox-key",
    "WAYBILL_KEY": "sandbox-sandbox-sandbox-sandbox-sandbox-sa0=",
}
OTHER_KEY = "sandbox-another-sandbox-another-sandbox-an4="
Read = Callable[..., Settings]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a reader of an environment that holds the good settings and those named; None takes one away."""

    def read_with(**more: str | None) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in {**GOOD, **more}.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return read_settings()

    return read_with


def mistakes(read: Read, **more: str | None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as wrong:
        read(**more)
    return wrong.value.mistakes


def test_four_settings_are_enough_and_the_rest_has_defaults(read: Read) -> None:
    settings = read()

    assert (settings.host, settings.port, settings.waybill_command) == ("127.0.0.1", 3000, "/track")
    assert (settings.sweep_every, settings.waybill_realtime_per_day) == (300, 50)
    assert (settings.slack_api_url, settings.trackingmore_api_url) == (
        "https://slack.com/api/",
        "https://api.trackingmore.com/v2",
    )
    assert (settings.waybill_data, settings.waybill_admins) == (Path("data"), ())


def test_an_app_token_stands_in_for_the_signing_secret(read: Read) -> None:
    settings = read(SLACK_SIGNING_SECRET=None, SLACK_APP_TOKEN="xapp-sandbox-token")

    assert settings.slack_signing_secret is None
    assert settings.slack_app_token


@pytest.mark.promise("S8")
def test_all_mistakes_are_listed_together_and_none_shows_a_value(read: Read) -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "canary-1",
        "SLACK_SIGNING_SECRET": None,
        "SLACK_APP_TOKEN": "canary-2",
        "TRACKINGMORE_API_KEY": "canary 3",
        "WAYBILL_KEY": "canary-7",
        "WAYBILL_KEEP_DAYS": "canary-11",
        "WAYBILL_COMMANDS_PER_MINUTE": "canary-12",
        "SLACK_API_URL": "ftp://canary-4",
        "TRACKINGMORE_API_URL": "http://canary-5.example.com",
        "WAYBILL_SWEEP_EVERY": "canary-6",
        "WAYBILL_REALTIME_PER_DAY": "-1",
        "WAYBILL_COMMAND": "canary-8",
        "WAYBILL_ADMINS": "canary-9",
        "WAYBILL_ALLOW_LOOPBACK": "canary-10",
        "PORT": "70000",
    }

    found = mistakes(read, **wrong)

    assert sorted(one.split()[0] for one in found) == sorted(wrong)
    assert "canary" not in "\n".join(found)
    assert all(re.fullmatch(r"[A-Z_]+ (is|must|should) [^\n]+", one) for one in found)


@pytest.mark.parametrize("value", ["", None])
def test_a_missing_key_is_one_clear_line(read: Read, value: str | None) -> None:
    assert mistakes(read, TRACKINGMORE_API_KEY=value) == ("TRACKINGMORE_API_KEY is missing",)


def test_an_empty_variable_counts_as_none(read: Read) -> None:
    settings = read(WAYBILL_SWEEP_EVERY="", PORT="", WAYBILL_ADMINS="", SLACK_APP_TOKEN="", WAYBILL_DATA="")

    assert (settings.sweep_every, settings.port, settings.waybill_data) == (300, 3000, Path("data"))


def test_without_either_way_in_the_message_names_both(read: Read) -> None:
    (found,) = mistakes(read, SLACK_SIGNING_SECRET=None)

    assert "SLACK_SIGNING_SECRET is missing" in found
    assert "SLACK_APP_TOKEN" in found


@pytest.mark.parametrize(
    ("asked", "loopback", "interval"),
    [
        ("60", None, 300),
        ("299", None, 300),
        ("301", None, 301),
        ("0", None, 300),
        ("1", "1", 1),
        ("0", "1", 1),
        ("299", "1", 299),
    ],
)
def test_a_shorter_interval_than_makes_sense_is_raised(
    read: Read, asked: str, loopback: str | None, interval: int
) -> None:
    assert read(WAYBILL_SWEEP_EVERY=asked, WAYBILL_ALLOW_LOOPBACK=loopback).sweep_every == interval


@pytest.mark.parametrize("host", ["127.0.0.1:8808", "localhost:8808", "[::1]:8808"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_on_this_machine_needs_the_development_flag(read: Read, scheme: str, host: str) -> None:
    address = f"{scheme}://{host}/api"

    assert "TRACKINGMORE_API_URL must not be on this machine" in mistakes(read, TRACKINGMORE_API_URL=address)[0]
    assert read(TRACKINGMORE_API_URL=address, WAYBILL_ALLOW_LOOPBACK="1").trackingmore_api_url == address


def test_addresses_end_as_their_clients_want_them(read: Read) -> None:
    settings = read(SLACK_API_URL="https://slack.com/api", TRACKINGMORE_API_URL="https://api.trackingmore.com/v2/")

    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.trackingmore_api_url == "https://api.trackingmore.com/v2"


@pytest.mark.promise("S8")
@pytest.mark.parametrize("key", ["sandbox key", "sandbox-key\n", "sandbox-ké", "\tsandbox"])
def test_a_key_that_no_header_can_carry_is_refused(read: Read, key: str) -> None:
    assert mistakes(read, TRACKINGMORE_API_KEY=key) == (
        "TRACKINGMORE_API_KEY must be printable characters without spaces",
    )


def test_admins_are_slack_user_ids(read: Read) -> None:
    assert read(WAYBILL_ADMINS="U012AB3CD, W99ZZ8YY7\nUADMIN1").waybill_admins == ("U012AB3CD", "W99ZZ8YY7", "UADMIN1")
    assert mistakes(read, WAYBILL_ADMINS="U012AB3CD,#general")


@pytest.mark.parametrize("command", ["track", "/Track", "/", "/tr ack", "/" + "x" * 32])
def test_the_command_is_one_slack_allows(read: Read, command: str) -> None:
    assert mistakes(read, WAYBILL_COMMAND=command)[0].startswith("WAYBILL_COMMAND should match")


@pytest.mark.promise("S8")
def test_no_secret_shows_in_what_the_settings_print(read: Read) -> None:
    settings = read(SLACK_APP_TOKEN="xapp-sandbox-token", WAYBILL_KEY=f"{GOOD['WAYBILL_KEY']},{OTHER_KEY}")

    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert not [secret for secret in settings.secrets() if secret in shown]
    assert set(settings.secrets()) == {*GOOD.values(), OTHER_KEY, "xapp-sandbox-token"}


@pytest.mark.promise("S8")
@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_handed_to_whoever_would_write_it(read: Read, write: Callable[[object], object]) -> None:
    settings = read()

    for one in (settings.slack_bot_token, settings.trackingmore_api_key, settings.waybill_key):
        with pytest.raises(TypeError, match="not to be written"):
            write(one)


@pytest.mark.promise("S9")
@pytest.mark.parametrize(
    "keys", [GOOD["WAYBILL_KEY"], f"{OTHER_KEY},{GOOD['WAYBILL_KEY']}", f"{OTHER_KEY}, \n{OTHER_KEY}"]
)
def test_one_sealing_key_or_several_are_taken(read: Read, keys: str) -> None:
    assert read(WAYBILL_KEY=keys).waybill_key


@pytest.mark.promise("S9")
@pytest.mark.parametrize("keys", [None, "", ",", "short", GOOD["WAYBILL_KEY"] + "=", f"{OTHER_KEY};{OTHER_KEY}"])
def test_what_is_no_sealing_key_is_named_with_the_way_to_make_one(read: Read, keys: str | None) -> None:
    (found,) = mistakes(read, WAYBILL_KEY=keys)

    assert found.startswith("WAYBILL_KEY ")
    assert "`waybill key new`" in found


def test_settings_do_not_change(read: Read) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read().port = 1


def test_the_traceback_of_a_bad_start_shows_no_value_either(read: Read) -> None:
    values = dict.fromkeys(("SLACK_BOT_TOKEN", "TRACKINGMORE_API_URL", "PORT"), "canary")

    with pytest.raises(SettingsError) as wrong:
        read(**values)

    assert "canary" not in "".join(traceback.format_exception(wrong.value))
    assert wrong.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "most"), [("WAYBILL_SWEEP_EVERY", 86_400), ("WAYBILL_REALTIME_PER_DAY", 10_000), ("PORT", 65_535)]
)
def test_each_number_has_an_end(read: Read, name: str, most: int) -> None:
    assert getattr(read(**{name: str(most)}), name.lower()) == most
    assert mistakes(read, **{name: str(most + 1)})[0].startswith(f"{name} should be less than or equal to {most}")
