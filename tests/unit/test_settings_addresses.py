"""Where keys may be sent: nowhere but to whom they belong."""

import socket
from collections.abc import Mapping

import pytest

from bot.app import hooks_of
from bot.domain.errors import SettingsError
from bot.providers.trackingmore.transport import check_address
from bot.settings import OWNERS, read_settings
from bot.stores.sealing import new_key

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-sandbox-0001",
    "SLACK_SIGNING_SECRET": "sandbox-secret-0001",
    "TRACKINGMORE_API_KEY": "sandbox-key-0001",
    "WAYBILL_KEY": new_key(),
}
NEAR = (
    *("localhost.", "a.localhost", "localhost.localdomain", "printer.local", "db.internal", "intranet", "[::]"),
    *("127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "0.0.0.0", "0", "[::ffff:127.0.0.1]"),  # noqa: S104 - an address to refuse
    *("10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fd00:ec2::254]", "[fe80::1]"),
    *("metadata.google.internal", "kubernetes.default.svc", "127.0.0.1.nip.io", "localtest.me"),
)
FAR = (
    *("evil.example", "8.8.8.8", "[2606:4700::1111]", "{own}.evil.example", "evil{own}", "evil.example/{own}"),
    *(
        "{own}@evil.example",
        "evil.example#@{own}",
        "evil.example?@{own}",
        "evil.example\\@{own}",
        "{own}\\.evil.example",
    ),
    *("user:word@{own}", "{own}:0", "{own}:99999", "{own}.", "evil.example%2f.{own}", "evil.example%00.{own}"),
    *("evil.example\t.{own}", "evil.example\n{own}", "ev\u0131l.{own}", "{own}\u3002evil.example", "\uff0f.{own}", ""),
)
SCHEMES = (
    *(
        "http://{own}/api",
        "ftp://{own}/api",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://{own}/",
        "//{own}/",
    ),
    *("data:text/plain,x", "unix:///var/run/docker.sock", "{own}/api", "https:{own}", "https:/{own}", "https://[::1"),
)
HOSTILE = [*(f"https://{host}/api" for host in NEAR + FAR), *SCHEMES]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what names were looked up and what addresses called."""
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *who, **_: asked.append(who))
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: asked.append(where))
    return asked


def environment(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    given: Mapping[str, str] = GOOD | more
    for name, value in given.items():
        monkeypatch.setenv(name, value)


def test_there_are_at_least_fifty_of_them() -> None:
    assert len(set(HOSTILE)) >= 50


@pytest.mark.promise("S7")
@pytest.mark.parametrize("variable", ["SLACK_API_URL", "TRACKINGMORE_API_URL"])
@pytest.mark.parametrize("loopback", ["0", "1"])
@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, asked: list[object], url: str, loopback: str, variable: str
) -> None:
    own = OWNERS[variable.lower()]
    environment(monkeypatch, WAYBILL_ALLOW_LOOPBACK=loopback, **{variable: url.format(own=own)})

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert [mistake.split()[0] for mistake in refused.value.mistakes] == [variable]
    assert asked == []


@pytest.mark.promise("S7")
@pytest.mark.parametrize("variable", ["SLACK_API_URL", "TRACKINGMORE_API_URL"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://localhost:1/x", "https://[::1]:1/x", "http://127.8.8.8/x"]
)
def test_this_machine_needs_the_development_flag(monkeypatch: pytest.MonkeyPatch, url: str, variable: str) -> None:
    environment(monkeypatch, **{variable: url})

    with pytest.raises(SettingsError, match="WAYBILL_ALLOW_LOOPBACK"):
        read_settings()

    environment(monkeypatch, WAYBILL_ALLOW_LOOPBACK="1", **{variable: url})
    assert read_settings().host


def test_their_owners_may_move_them_to_another_name_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(
        monkeypatch, SLACK_API_URL="https://eu.slack.com/api/", TRACKINGMORE_API_URL="https://api.trackingmore.com/v3"
    )

    settings = read_settings()

    check_address(settings.trackingmore_api_url, allow_loopback=False)
    assert settings.slack_api_url == "https://eu.slack.com/api/"


@pytest.mark.promise("H4")
def test_it_listens_on_this_machine_alone_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)

    assert read_settings().host == "127.0.0.1"


@pytest.mark.promise("S7")
@pytest.mark.parametrize(
    ("api", "hooks"),
    [
        ("https://slack.com/api/", "https://hooks.slack.com"),
        ("https://eu.slack.com/api/", "https://hooks.slack.com"),
        ("http://127.0.0.1:4000/api/", "http://127.0.0.1:4000"),
    ],
)
def test_answers_go_to_slacks_own_hooks_by_https_or_to_a_slack_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, api: str, hooks: str
) -> None:
    environment(monkeypatch, SLACK_API_URL=api, WAYBILL_ALLOW_LOOPBACK="1")

    assert hooks_of(read_settings()) == hooks
