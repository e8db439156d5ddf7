"""Every row of the service's code table has a class of ours and a sentence for whoever asked."""

from datetime import timedelta

import httpx
import pytest

from bot.domain import errors
from bot.providers.trackingmore.codes import error_of
from tests.unit.providers.trackingmore.network import MUGS, Network, bad

TABLE: list[tuple[int, type[errors.ProviderError]]] = [
    (202, errors.OverTheLimit),
    (400, errors.RequestRefused),
    (401, errors.KeyRefused),
    (402, errors.QuotaSpent),
    (403, errors.KeyRefused),
    (404, errors.RequestRefused),
    (405, errors.RequestRefused),
    (409, errors.InConflict),
    (429, errors.ProviderBusy),
    (500, errors.ProviderUnavailable),
    (503, errors.ProviderUnavailable),
    (4001, errors.KeyRefused),
    (4002, errors.KeyRefused),
    (4012, errors.FieldMissing),
    (4013, errors.NumberRefused),
    (4014, errors.NumberRefused),
    (4015, errors.CarrierRefused),
    (4016, errors.AlreadyExists),
    (4017, errors.Missing),
    (4018, errors.FeatureNotActive),
    (4019, errors.QuotaSpent),
    (4020, errors.TooManyAtOnce),
    (4021, errors.QuotaSpent),
    (4031, errors.Missing),
    (4032, errors.CarrierRefused),
    (4033, errors.StatusRefused),
]
IDS = [str(code) for code, _ in TABLE]


@pytest.mark.parametrize(("code", "error"), TABLE, ids=IDS)
@pytest.mark.parametrize("http", [200, 400, 404, 500])
async def test_the_code_alone_decides_whatever_the_http_status(
    code: int, error: type[errors.ProviderError], http: int
) -> None:
    async with Network(httpx.Response(http, json=bad(code))) as network:
        with pytest.raises(errors.ProviderError) as raised:
            await network.client.get(MUGS)

    assert type(raised.value) is error
    assert getattr(raised.value, "code", code) == code


@pytest.mark.parametrize("code", [code for code, _ in TABLE])
def test_the_sentence_says_what_is_wrong_and_one_way_on(code: int) -> None:
    sentence = str(error_of(code))

    assert sentence.startswith("The tracking service ")
    assert sentence.endswith(".")
    assert 40 < len(sentence) < 200
    assert any(
        word in sentence for word in ("Nothing was changed", "nothing was changed", "not done", "kept", "`quota`")
    )


def test_who_asks_without_quota_reads_of_the_quota() -> None:
    assert all("quota" in str(error_of(code)) for code in (402, 4019, 4021))


def test_who_asks_with_a_refused_key_reads_of_the_key_and_is_not_blamed() -> None:
    assert all("refuses our key. Nobody did anything wrong" in str(error_of(code)) for code in (401, 403, 4001, 4002))


def test_a_code_not_met_before_is_a_refusal_that_names_it() -> None:
    error = error_of(4999)

    assert type(error) is errors.ProviderRefused
    assert "4999" in str(error)


@pytest.mark.parametrize("code", [502, 504, 520])
def test_all_five_hundreds_are_an_outage(code: int) -> None:
    assert type(error_of(code)) is errors.ProviderUnavailable


def test_too_many_requests_tells_how_long_to_wait() -> None:
    error = error_of(429, retry_after=timedelta(seconds=7))

    assert isinstance(error, errors.ProviderBusy)
    assert error.retry_after == timedelta(seconds=7)
    assert "7 seconds" in str(error)
