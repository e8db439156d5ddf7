"""What the machine has set up, said in one line each at start."""

import logging
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.stores.sealing import new_key
from bot.surroundings import DYNO, PROXIES, file_system, warn_of_surroundings

MOUNTS = """\
tmpfs /tmp tmpfs rw 0 0
/dev/sda1 /srv/data ext4 rw 0 0
/dev/sdb1 /srv/data/deep ext4 rw 0 0
/dev/sdc1 /srv/my\\040data ext4 rw 0 0
overlay / overlay rw 0 0
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Begin on a machine that has nothing of it set up."""
    for name in (*PROXIES, DYNO):
        monkeypatch.delenv(name, raising=False)
    caplog.set_level(logging.INFO)


def warn(tmp_path: Path, folder: str, *, asked: int = 300, interval: int = 300) -> bool:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    return warn_of_surroundings(Path(folder), asked=asked, interval=interval, mounts=mounts)


def test_on_a_machine_that_keeps_its_disk_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = warn(tmp_path, "/srv/data/deep/waybill")

    assert kept
    assert caplog.records == []


@pytest.mark.parametrize("folder", ["/srv/data", "/srv/my data/waybill", "/srv/other/../data/waybill"])
def test_a_disk_that_is_kept_is_known_however_its_folder_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: str
) -> None:
    warn(tmp_path, folder)

    assert caplog.records == []


def test_a_link_to_a_disk_that_is_kept_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    link = tmp_path / "data"
    link.symlink_to("/srv/data/waybill")

    warn(tmp_path, str(link))

    assert caplog.records == []


def test_links_in_a_circle_do_not_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    link = tmp_path / "data"
    link.symlink_to(link)

    assert file_system(link, tmp_path / "mounts") in {"", "tmpfs", "overlay"}


@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy"])
def test_a_proxy_that_is_not_used_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "socks://127.0.0.1:7890")

    warn(tmp_path, "/srv/data")

    [said] = caplog.records
    assert vars(said)["variable"] == name
    assert "7890" not in str(vars(said))


def test_an_interval_that_was_raised_is_said_with_both_numbers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn(tmp_path, "/srv/data", asked=60, interval=300)

    [said] = caplog.records
    assert "interval was raised to the minimum" in said.message
    assert (vars(said)["asked"], vars(said)["interval"]) == (60, 300)


@pytest.mark.parametrize("folder", ["/app/data", "/tmp/waybill", "/srv/other", "/srv/database"])  # noqa: S108 - nothing is written
def test_a_disk_that_is_thrown_away_is_said_with_the_setting_that_helps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: str
) -> None:
    kept = warn(tmp_path, folder)

    assert not kept
    [said] = caplog.records
    assert "the storage is not kept" in said.message
    assert "put WAYBILL_DATA on a volume" in said.message
    assert vars(said)["folder"] == folder


def test_a_dyno_throws_every_disk_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DYNO, "web.1")

    kept = warn(tmp_path, "/srv/data")

    assert not kept
    assert "the storage is not kept" in caplog.text


def test_a_system_that_does_not_tell_its_mounts_is_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    warn_of_surroundings(Path("/srv/data"), asked=300, interval=300, mounts=tmp_path / "none")

    assert caplog.records == []


@pytest.mark.parametrize(
    ("asked", "loopback", "interval"), [(60, False, 300), (300, False, 300), (900, False, 900), (1, True, 1)]
)
def test_rounds_never_come_more_often_than_the_service_has_news(asked: int, *, loopback: bool, interval: int) -> None:
    settings = Settings.model_validate(
        {
            "slack_bot_token": "xoxb-sandbox-0001",
            "slack_app_token": "xapp-sandbox-0001",
            "trackingmore_api_key": "sandbox-key-0001",
            "waybill_key": new_key(),
            "waybill_allow_loopback": loopback,
            "waybill_sweep_every": asked,
        }
    )

    assert settings.sweep_every == interval
