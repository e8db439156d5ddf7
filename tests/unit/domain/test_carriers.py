"""The table of carriers: found by code, by what people call them, by what they begin to type, by web address."""

import pytest

from bot.domain.carriers import (
    NEEDS_POSTCODE,
    UnknownCarrier,
    carrier,
    carrier_of_host,
    carriers,
    find_carrier,
    nearest_carriers,
    post_of,
)


def code_of(words: str) -> str | None:
    found = find_carrier(words)
    return found.code if found else None


def test_the_table_has_all_carriers_of_the_provider_each_once() -> None:
    codes = [one.code for one in carriers()]

    assert len(codes) == len(set(codes)) == 663
    assert all(code == code.lower() and one.name for code, one in zip(codes, carriers(), strict=True))
    assert all(one.country is None or len(one.country) == 2 for one in carriers())


def test_a_carrier_is_found_by_its_exact_code_only() -> None:
    found = carrier("royal-mail")

    assert found is not None
    assert (found.name, found.country, found.homepage) == ("Royal Mail", "GB", "http://www.royalmail.com")
    assert carrier("Royal-Mail") is None
    assert carrier("royal mail") is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("UPS", "ups"),
        ("dhl", "dhl"),
        ("dhl express", "dhl"),
        ("DHL-Express", "dhl"),
        ("dhl ecommerce", "dhlglobalmail"),
        ("DHL Paket", "dhl-germany"),
        ("deutsche post", "deutsche-post"),
        ("royal mail", "royal-mail"),
        ("  Royal   MAIL ", "royal-mail"),
        ("sf", "sf-express"),
        ("evri", "hermes-uk"),
        ("australia post", "australia-post"),
        ("la poste", "laposte"),
        ("usps", "usps"),
        ("US Postal Service", "usps"),
        ("postnl", "postnl-parcels"),
        ("an post", "an-post"),
        ("FedEx", "fedex"),
        ("yamato", "taqbin-jp"),
        ("česká pošta", "czech-post"),
        ("ceska posta", "czech-post"),
        ("seur", "international-seur"),
        ("S.F. Express", "sf-express"),
        ("mondial relay", "mondialrelay"),
        ("pitney bowes", "pitneybowes"),
    ],
)
def test_people_find_a_carrier_by_code_name_or_common_alias(words: str, code: str) -> None:
    assert code_of(words) == code


@pytest.mark.parametrize("words", ["", "   ", "!!", "fedexx", "no such carrier", "ups" + " " * 300 + "x", "postnord"])
def test_what_no_carrier_or_more_than_one_is_called_finds_none(words: str) -> None:
    assert find_carrier(words) is None


def test_a_near_miss_names_the_nearest_carriers_first() -> None:
    assert nearest_carriers("fedexx")[0].code == "fedex"
    assert nearest_carriers("evry")[0].code == "hermes-uk"
    assert nearest_carriers("qqqqqqqqqq") == ()
    assert len(nearest_carriers("dhl", limit=2)) == 2


def test_no_carrier_of_that_name_asks_did_you_mean() -> None:
    error = UnknownCarrier("fedexx", nearest_carriers("fedexx", limit=1))

    assert str(error) == "I have no carrier called `fedexx`. Nothing was added. Did you mean *FedEx* (`fedex`)?"
    assert len(str(UnknownCarrier("x" * 500))) < 200


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("www.ups.com", "ups"),
        ("UPS.com", "ups"),
        ("wwwapps.ups.com:443", "ups"),
        ("tools.usps.com", "usps"),
        ("nolp.dhl.de", "dhl-germany"),
        ("www.canadapost-postescanada.ca", "canada-post"),
        ("track.yw56.com.cn", "yanwen"),
    ],
)
def test_the_host_of_a_tracking_page_tells_its_carrier(host: str, code: str) -> None:
    found = carrier_of_host(host)

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("host", ["", ".", "com", "example.com", "ups.com.example.com", "notups.com", "t.17track.net"])
def test_a_host_that_only_looks_like_a_carrier_tells_nothing(host: str) -> None:
    assert carrier_of_host(host) is None


def test_the_post_of_each_country_is_one_carrier_and_express_mail_may_be_another() -> None:
    posts = {country: post.code for country in ("CN", "GB", "US", "JP", "CH", "FR") if (post := post_of(country))}

    assert posts == {
        "CN": "china-post",
        "GB": "royal-mail",
        "US": "usps",
        "JP": "japan-post",
        "CH": "swiss-post",
        "FR": "laposte",
    }
    assert post_of("CN", express=True) == carrier("china-ems")
    assert post_of("JP", express=True) == carrier("japan-post")
    assert post_of("XY") is None


def test_carriers_that_need_more_than_a_number_are_in_the_table() -> None:
    assert {one.code for one in carriers()} >= NEEDS_POSTCODE
