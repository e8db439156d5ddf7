"""What the service's codes mean to us: the class of each, and the sentence for whoever asked.

Errors come inside an HTTP 200 as often as not, so `meta.code` alone decides; 200 and 201 are the only good ones.
"""

from datetime import timedelta

from bot.domain import errors

GOOD = frozenset({200, 201})
CREATED = 201
NOTHING_THERE = 4031
TOO_MANY_REQUESTS = 429
SILENCE = timedelta(seconds=120)  # how long the service wants to hear nothing from us after a 429

_KEY = "refuses our key. Nobody did anything wrong here and nothing was changed; an admin has to set a new key."
_QUOTA = "has no quota left for us, so this was not done. The parcels already followed go on; try again after a top-up."
_MISSING = "has no such parcel, or no longer. What is known here is kept; `add` it again (may use 1 of the quota)."
_NOT_DONE = "did not take this (code {code}). Nothing was changed; please tell an admin of this app."

# Each sentence begins with "The tracking service".
_REFUSALS: dict[int, tuple[type[errors.ProviderRefused], str]] = {
    202: (errors.OverTheLimit, "did this, but over the account's limit. Look at `quota` before you ask for more."),
    400: (errors.RequestRefused, _NOT_DONE),
    401: (errors.KeyRefused, _KEY),
    402: (errors.QuotaSpent, _QUOTA),
    403: (errors.KeyRefused, _KEY),
    404: (errors.RequestRefused, _NOT_DONE),
    405: (errors.RequestRefused, _NOT_DONE),
    409: (errors.InConflict, "was just changing this parcel itself. Nothing was changed by us; try again."),
    4001: (errors.KeyRefused, _KEY),
    4002: (errors.KeyRefused, _KEY),
    4012: (errors.FieldMissing, "needs more than it got. Nothing was changed; some carriers want a postcode or date."),
    4013: (errors.NumberRefused, "got no tracking number. Nothing was changed; name the parcel again."),
    4014: (errors.NumberRefused, "refuses this number. Nothing was changed; copy it again without labels or spaces."),
    4015: (errors.CarrierRefused, "has no such carrier. Nothing was changed; name another one after the number."),
    4016: (errors.AlreadyExists, "has this parcel already. Nothing was changed and no quota used; `add` follows it."),
    4017: (errors.Missing, _MISSING),
    4018: (errors.FeatureNotActive, "has not switched this on for us. Nothing was changed; an admin can ask for it."),
    4019: (errors.QuotaSpent, _QUOTA),
    4020: (errors.TooManyAtOnce, "takes fewer parcels at a time. Nothing was changed; try again with some of them."),
    4021: (errors.QuotaSpent, _QUOTA),
    NOTHING_THERE: (errors.Missing, _MISSING),
    4032: (errors.CarrierRefused, "can't tell whose number this is. Nothing was changed; name the carrier after it."),
    4033: (
        errors.StatusRefused,
        "can't set this status. Nothing was changed; `delivered` and `exception` can be set.",
    ),
}


def error_of(code: int, *, retry_after: timedelta = SILENCE) -> errors.ProviderError:
    """Return the error that a code is; its text is one plain sentence for the asker."""
    if code == TOO_MANY_REQUESTS:
        return errors.ProviderBusy(retry_after)
    if code in range(500, 600):
        return errors.ProviderUnavailable(f"code {code}")
    error, sentence = _REFUSALS.get(code, (errors.ProviderRefused, _NOT_DONE))
    return error(f"The tracking service {sentence.format(code=code)}", code=code)
