"""`waybill manifest` prints what Slack takes."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.cli import main
from bot.cli.manifest import manifest_for

SCHEMA = json.loads((Path(__file__).parents[2] / "recordings/slack/manifest.schema.json").read_text())


@pytest.mark.parametrize("url", [None, "https://waybill.example.com"], ids=["socket", "http"])
def test_the_manifest_passes_slacks_own_schema(url: str | None) -> None:
    manifest = manifest_for(url=url)

    jsonschema.validate(manifest, SCHEMA)


def test_over_http_every_request_goes_to_one_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["manifest", "--url", "https://waybill.example.com/", "--command", "/parcel"])

    manifest = yaml.safe_load(capsys.readouterr().out)
    events = "https://waybill.example.com/slack/events"
    assert ended.value.code == 0
    assert manifest["features"]["slash_commands"][0]["command"] == "/parcel"
    assert manifest["features"]["slash_commands"][0]["url"] == events
    assert manifest["settings"]["interactivity"]["request_url"] == events
    assert manifest["settings"]["event_subscriptions"]["request_url"] == events
    assert manifest["settings"]["socket_mode_enabled"] is False


def test_in_socket_mode_no_address_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["manifest", "--socket"])

    printed = capsys.readouterr().out
    assert yaml.safe_load(printed)["settings"]["socket_mode_enabled"] is True
    assert "https://" not in printed


def test_an_address_without_tls_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["manifest", "--url", "http://waybill.example.com"])

    assert ended.value.code == 2
    assert "https://" in capsys.readouterr().err
