"""Every environment variable, read once, all mistakes reported together."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.errors import SettingsError

SLOWEST_FLOOR = 300
"""The provider refreshes parcels at different moments; asking more often than every five minutes finds nothing more."""
LOCAL_FLOOR = 1


def _secret(prefix: str) -> Callable[[SecretStr | None], SecretStr | None]:
    def check(secret: SecretStr | None) -> SecretStr | None:
        text = secret.get_secret_value() if secret else ""
        if not text:
            return None
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("must be printable characters without spaces")
        if not text.startswith(prefix):
            raise ValueError(f"must start with `{prefix}`")
        return secret

    return check


def _words(text: Any) -> Any:  # noqa: ANN401 - pydantic hands over what the environment holds
    return tuple(word for word in re.split(r"[\s,]+", text) if word) if isinstance(text, str) else text


def is_local(host: str) -> bool:
    """Return whether a host is this machine or a private network: no place for a key to go."""
    host = host.rstrip(".").lower()
    if host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A name of one word is resolved nearby; a number in any other spelling (2130706433, 0x7f.1) hides an address.
        return "." not in host or host.rpartition(".")[2][0].isdigit()
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global


class Settings(BaseSettings):
    """What the environment says. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        validate_default=True,
        env_prefix="",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # The two that others are judged by come first.
    waybill_allow_loopback: bool = Field(
        default=False, description="`1` allows API addresses on this machine, for the sandbox and for tests."
    )
    slack_app_token: Annotated[SecretStr | None, AfterValidator(_secret("xapp-"))] = Field(
        default=None, description="The app-level token, `xapp-…`. When set, Socket Mode is used instead of HTTP."
    )
    slack_bot_token: Annotated[SecretStr | None, AfterValidator(_secret("xoxb-"))] = Field(
        default=None, description="The bot's token, `xoxb-…`. Required."
    )
    slack_signing_secret: Annotated[SecretStr | None, AfterValidator(_secret(""))] = Field(
        default=None, description="Proves that requests come from Slack. Required without `SLACK_APP_TOKEN`."
    )
    slack_api_url: str = Field(default="https://slack.com/api/", description="Slack's Web API.")
    trackingmore_api_key: Annotated[SecretStr | None, AfterValidator(_secret(""))] = Field(
        default=None, description="The key of the TrackingMore account. Required."
    )
    trackingmore_api_url: str = Field(default="https://api.trackingmore.com/v2", description="The TrackingMore v2 API.")
    waybill_data: Path = Field(
        default=Path("data"), description="The folder in which Waybill remembers; it must be kept."
    )
    waybill_sweep_every: int = Field(
        default=SLOWEST_FLOOR,
        le=86_400,
        description="Seconds between two looks at what moved; less than 300 is raised to 300.",
    )
    waybill_realtime_per_day: int = Field(
        default=50,
        ge=0,
        le=10_000,
        description="Closer looks a day at parcels that should have moved; 0 switches them off.",
    )
    waybill_command: str = Field(
        default="/track", pattern=r"^/[a-z0-9_-]{1,31}$", description="The slash command, as in the manifest."
    )
    waybill_admins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(),
        description="Slack user ids (`U…`) that are told of key, quota and store trouble, once a day a kind.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on for HTTP.")
    port: int = Field(default=3000, ge=0, le=65_535, description="The port to listen on for HTTP.")

    @field_validator("waybill_admins")
    @classmethod
    def _are_user_ids(cls, admins: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[UW][A-Z0-9]{2,20}", admin) for admin in admins):
            raise ValueError("must be Slack user ids such as U012AB3CD, separated by commas")
        return admins

    @field_validator("slack_bot_token", "trackingmore_api_key")
    @classmethod
    def _is_there(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            raise ValueError("is missing")
        return secret

    @field_validator("slack_signing_secret")
    @classmethod
    def _is_there_for_http(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is None and info.data.get("slack_app_token") is None:
            raise ValueError("is missing (or set SLACK_APP_TOKEN, for Socket Mode)")
        return secret

    @field_validator("slack_api_url", "trackingmore_api_url")
    @classmethod
    def _is_address(cls, address: str, info: ValidationInfo) -> str:
        parts = urlsplit(address)
        with_more = parts.username or parts.password or parts.query or parts.fragment or parts.port == 0
        if parts.scheme not in {"http", "https"} or not parts.hostname or with_more:
            raise ValueError("must be an address such as https://host/path, without user or query")
        if is_local(parts.hostname):
            if not info.data.get("waybill_allow_loopback"):
                raise ValueError(
                    "must not be on this machine or a private network (WAYBILL_ALLOW_LOOPBACK=1 allows it)"
                )
        elif parts.scheme != "https":
            raise ValueError("must be https, since a key is sent there")
        return address.rstrip("/") + ("/" if info.field_name == "slack_api_url" else "")

    @property
    def sweep_every(self) -> int:
        """Seconds between two sweeps, raised to the floor."""
        return max(self.waybill_sweep_every, LOCAL_FLOOR if self.waybill_allow_loopback else SLOWEST_FLOOR)

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be written anywhere."""
        held = (self.slack_bot_token, self.slack_signing_secret, self.slack_app_token, self.trackingmore_api_key)
        return tuple(one.get_secret_value() for one in held if one)


def read_settings() -> Settings:
    """Return the settings in the environment.

    Raises:
        SettingsError: everything that is wrong, one sentence each, naming the variable and never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError([_sentence(one) for one in error.errors(include_input=False, include_url=False)]) from None


def _sentence(mistake: ErrorDetails) -> str:
    said = re.sub(r"^(Value error, |(Input|String|Value) (?=should))", "", mistake["msg"])
    return f"{str(mistake['loc'][0]).upper()} {said}"
