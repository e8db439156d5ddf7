"""What can go wrong, named for what happened.

The class takes the facts and makes the sentence: what is wrong, what is unchanged, one way on.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

_MINUTES_FROM = 90
"""A wait of so many seconds is told in minutes."""


class BotError(Exception):
    """Everything we raise on purpose."""


class UserError(BotError):
    """The asker can fix it; its text is the reply, word for word."""


class CommandNotUnderstood(UserError):
    """The words after the command make no sense to us."""


class NotFollowed(UserError):
    """Nothing that this channel follows fits the reference."""

    def __init__(self, reference: str, *, hint: str = "") -> None:
        super().__init__(
            f"Nothing here matches `{reference}`. {hint or 'Nothing was changed. `list` shows what is here.'}"
        )
        self.reference = reference


class NoNumber(UserError):
    """A verb needs a parcel and none was named."""

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"Which parcel? Name it after `{verb}`: `P-142`, the number, its last four characters or its title."
        )


class NotHere(UserError):
    """The bot cannot post in the place the command came from."""

    def __init__(self, *, direct: bool = False) -> None:
        super().__init__(
            "I can't post in a direct message between people, so nothing was added. Use a channel or my own chat."
            if direct
            else "I am not in this channel, so nothing was added. Type `/invite @waybill`, then try again."
        )


class ProviderError(BotError):
    """The provider did not do what was asked; its text is one plain sentence for the asker."""

    def detail(self) -> str:
        """Return what the log should know beyond the sentence; never a key, a name or an address."""
        return ""


class ProviderUnavailable(ProviderError):
    """The provider does not answer, or not in time; every parcel stays as it was."""

    def __init__(self, why: str = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(
            "The tracking service is not answering. Nothing was changed or lost; try again in a few minutes."
        )
        self.why = why
        self.retry_after = retry_after

    def detail(self) -> str:
        """Return why it is away."""
        return self.why


class ProviderBusy(ProviderUnavailable):
    """The provider asked us to be silent for a while (429)."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("asked to wait", retry_after=retry_after)
        seconds = max(1, round(retry_after.total_seconds()))
        wait = f"{math.ceil(seconds / 60)} minutes" if seconds >= _MINUTES_FROM else f"{seconds} seconds"
        self.args = (f"The tracking service asked me to wait {wait}. Nothing was changed; try again after that.",)


class InDoubt(ProviderUnavailable):
    """The provider's answer to an act was lost, and so far it cannot be asked what it did."""

    def __init__(self, why: str = "", *, way_on: str) -> None:
        super().__init__(why)
        self.args = (
            f"The tracking service is not answering, so I don't know whether it took this. Nothing is lost; {way_on}",
        )


class ProviderRefused(ProviderError):
    """The provider understood and said no."""

    def __init__(self, sentence: str, *, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code

    def detail(self) -> str:
        """Return the provider's code."""
        return str(self.code)


class KeyRefused(ProviderRefused):
    """The provider does not accept our key (4001, 4002, 401, 403)."""


class QuotaSpent(ProviderRefused):
    """The account has no quota left (4019, 4021, 402)."""


class DayFull(QuotaSpent):
    """A workspace has asked for as many new parcels as it may in a day; the provider was not asked."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This workspace has asked for {most:,} new parcels today, as many as it may. This one was not added; "
            "try again tomorrow, or have an admin raise `WAYBILL_CREATES_PER_DAY`."
        )


class QuotaKept(QuotaSpent):
    """What is left of the quota is kept for the parcels already followed; nothing was created."""

    def __init__(self, left: int) -> None:
        super().__init__(
            f"The tracking quota is down to {left:,}, which is kept for the parcels already followed. This one was "
            "not added; try again after a top-up."
        )


class FeatureNotActive(ProviderRefused):
    """The account must have this feature switched on first (4018)."""


class AlreadyExists(ProviderRefused):
    """The provider has this parcel already (4016): a success for whoever follows it."""


class Missing(ProviderRefused):
    """The provider has no such parcel (4017, 4031)."""


class NumberRefused(ProviderRefused):
    """The provider does not accept the tracking number (4013, 4014)."""


class CarrierRefused(ProviderRefused):
    """The provider does not accept the carrier (4015), or cannot tell it (4032)."""


class FieldMissing(ProviderRefused):
    """The provider wants a field that was not given (4012)."""


class OverTheLimit(ProviderRefused):
    """The provider did it, but beyond what the account may ask for (202)."""


class RequestRefused(ProviderRefused):
    """The provider takes no such request: a fault of ours, or of its own (400, 404, 405)."""


class InConflict(ProviderRefused):
    """The provider was changing the same parcel itself (409)."""


class TooManyAtOnce(ProviderRefused):
    """The provider takes fewer parcels in one request (4020)."""


class StatusRefused(ProviderRefused):
    """The provider lets nobody set this status (4033)."""


class AnswerNotUnderstood(ProviderError):
    """The provider's answer is not of the agreed shape; says where."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__("The tracking service gave an answer I can't read. Nothing was changed; I will ask again.")
        self.where = where
        self.why = why

    def detail(self) -> str:
        """Return where the answer went wrong and how, for the log."""
        return f"{self.where}: {self.why}"


class AnswerTooBig(AnswerNotUnderstood):
    """The answer is larger than its limit; a list is asked again with half the page."""


class MessengerError(BotError):
    """Only the outbox sees it."""


class MessengerBusy(MessengerError):
    """Slack asks us to slow down; nothing was posted."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"asked to wait {retry_after}")
        self.retry_after = retry_after


class MessengerUnavailable(MessengerError):
    """Nothing was posted and a later try may succeed."""


class MessengerDoubtful(MessengerError):
    """The message may or may not have been posted."""


class PlaceGone(MessengerError):
    """We can no longer post in this channel; the reason is Slack's word."""


class WorkspaceGone(MessengerError):
    """Our token no longer works in this workspace; the reason is Slack's word."""


class MessageGone(MessengerError):
    """The message to be redrawn is no longer there."""


class MessageRefused(MessengerError):
    """Slack refuses the message itself: our fault, and never repeated as it is."""


class InboxFull(BotError):
    """More requests wait than we take; this one was not kept."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting:,} requests wait already. This one was not kept; it may be made again.")


class StoreError(BotError):
    """The store could not do it; what is stored is as it was."""


class RevisionMoved(StoreError):
    """Somebody saved this parcel between our reading and our saving."""


class SettingsError(BotError):
    """All that is wrong with the environment, in one list."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)
