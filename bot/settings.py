"""Every environment variable, read once, all mistakes reported together."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.errors import SettingsError
from bot.domain.records import Doubt

SLOWEST_FLOOR = 300
"""The provider refreshes parcels at different moments; asking more often than every five minutes finds nothing more."""
LOCAL_FLOOR = 1


OWNERS = {"slack_api_url": "slack.com", "trackingmore_api_url": "trackingmore.com"}
"""Where keys go: these names, and names below them."""
_PLAIN, _NAME = re.compile(r"[!#-\[\]-~]+"), re.compile(r"[a-z0-9.-]+")
KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class Secret(SecretStr):
    """A token or key: masked wherever it is shown or written as JSON, refused to whoever would pickle or copy it."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not to be written anywhere.")


def _secret(prefix: str) -> Callable[[Secret | None], Secret | None]:
    def check(secret: Secret | None) -> Secret | None:
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


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, plainly written: an IPv4 address in an IPv6 one is not."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None  # Python 3.13 looks through the latter


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
    slack_app_token: Annotated[Secret | None, AfterValidator(_secret("xapp-"))] = Field(
        default=None, description="The app-level token, `xapp-…`. When set, Socket Mode is used instead of HTTP."
    )
    slack_bot_token: Annotated[Secret | None, AfterValidator(_secret("xoxb-"))] = Field(
        default=None, description="The bot's token, `xoxb-…`. Required."
    )
    slack_signing_secret: Annotated[Secret | None, AfterValidator(_secret(""))] = Field(
        default=None, description="Proves that requests come from Slack. Required without `SLACK_APP_TOKEN`."
    )
    slack_api_url: str = Field(default="https://slack.com/api/", description="Slack's Web API.")
    trackingmore_api_key: Annotated[Secret | None, AfterValidator(_secret(""))] = Field(
        default=None, description="The key of the TrackingMore account. Required."
    )
    trackingmore_api_url: str = Field(default="https://api.trackingmore.com/v2", description="The TrackingMore v2 API.")
    waybill_data: Path = Field(
        default=Path("data"), description="The folder in which Waybill remembers; it must be kept."
    )
    waybill_key: Secret | None = Field(
        default=None,
        description="Seals what is stored of people: made with `waybill key new`; several, the newest first, "
        "while keys change. Required.",
    )
    waybill_keep_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days after which a parcel that has ended, or was archived, and that nobody touched is forgotten.",
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
    waybill_creates_per_day: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="New parcels that a workspace may ask for in a day (UTC).",
    )
    waybill_quota_reserve: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Quota that is kept for parcels already followed: with no more left, none is added.",
    )
    waybill_grace_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="Days after which the data of a workspace that took the app out is erased.",
    )
    waybill_quiet: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds of silence after which a message that Slack never confirmed can no longer arrive there.",
    )
    waybill_doubt: Doubt = Field(
        default=Doubt.REPEAT,
        description="What becomes of such a message where the channel's history can't be read: "
        "`repeat` tells it again, `hold` sets it aside.",
    )
    waybill_command: str = Field(
        default="/track", pattern=r"^/[a-z0-9_-]{1,31}$", description="The slash command, as in the manifest."
    )
    waybill_commands_per_minute: int = Field(
        default=10,
        ge=0,
        le=10_000,
        description="Commands a person may give in a minute, a channel six times and all together thirty times as "
        "many; 0 sets no limit.",
    )
    waybill_admins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(),
        description="Slack user ids (`U…`) that are told of key, quota and store trouble, once a day a kind.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on for HTTP.")
    port: int = Field(
        default=3000,
        ge=0,
        le=65_535,
        description="The port to listen on for HTTP; with `SLACK_APP_TOKEN` it is used when set, for health alone.",
    )

    @field_validator("waybill_admins")
    @classmethod
    def _are_user_ids(cls, admins: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[UW][A-Z0-9]{2,20}", admin) for admin in admins):
            raise ValueError("must be Slack user ids such as U012AB3CD, separated by commas")
        return admins

    @field_validator("slack_bot_token", "trackingmore_api_key")
    @classmethod
    def _is_there(cls, secret: Secret | None) -> Secret | None:
        if secret is None:
            raise ValueError("is missing")
        return secret

    @field_validator("waybill_key")
    @classmethod
    def _are_keys(cls, keys: Secret | None) -> Secret | None:
        words = _words(keys.get_secret_value()) if keys else ()
        if not words:
            raise ValueError("is missing; make one with `waybill key new`, and keep it: without it the store is lost")
        if any(not KEY.fullmatch(word) for word in words):
            raise ValueError("must be a key made by `waybill key new`, or several separated by commas")
        return keys

    @field_validator("slack_signing_secret")
    @classmethod
    def _is_there_for_http(cls, secret: Secret | None, info: ValidationInfo) -> Secret | None:
        if secret is None and info.data.get("slack_app_token") is None:
            raise ValueError("is missing (or set SLACK_APP_TOKEN, for Socket Mode)")
        return secret

    @field_validator("slack_api_url", "trackingmore_api_url")
    @classmethod
    def _is_address(cls, address: str, info: ValidationInfo) -> str:
        parts = urlsplit(address)
        own, host = OWNERS[str(info.field_name)], parts.hostname or ""
        with_more = parts.username or parts.password or parts.query or parts.fragment or parts.port == 0
        if parts.scheme not in {"http", "https"} or not _PLAIN.fullmatch(address) or not host or with_more:
            raise ValueError("must be an address such as https://host/path, without user or query")
        if is_loopback(host):
            if not info.data.get("waybill_allow_loopback"):
                raise ValueError("must not be on this machine (WAYBILL_ALLOW_LOOPBACK=1 allows it)")
        elif parts.scheme != "https" or not _NAME.fullmatch(host) or not f".{host}".endswith(f".{own}"):
            raise ValueError(f"must be https and of {own}, since a key is sent there")
        return address.rstrip("/") + ("/" if info.field_name == "slack_api_url" else "")

    @property
    def sweep_every(self) -> int:
        """Seconds between two sweeps, raised to the floor."""
        return max(self.waybill_sweep_every, LOCAL_FLOOR if self.waybill_allow_loopback else SLOWEST_FLOOR)

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be written anywhere."""
        held = (self.slack_bot_token, self.slack_signing_secret, self.slack_app_token, self.trackingmore_api_key)
        keys = _words(self.waybill_key.get_secret_value()) if self.waybill_key else ()
        return (*(one.get_secret_value() for one in held if one), *keys)


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
