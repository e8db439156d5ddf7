"""What people paste after `/track add`, from Slack's delivery to what the service is asked and the channel sees.

Long, since each habit of theirs is a test of its own.

Over 300 lines: people paste numbers in many ways.
"""

from dataclasses import dataclass

import pytest

from tests.contract.answers import CREATE, DETECT, READS, bad, good, record
from tests.contract.whole import Whole

MAIL = "RB400013711GB"


@dataclass(frozen=True, kw_only=True)
class Paste:
    """What somebody pasted, and what it means."""

    text: str
    number: str
    carrier: str
    title: str = ""


PASTED = {
    "blanks as printed": Paste(
        text="9400 1000 0000 0010 0000 10 Printer ink",
        number="9400100000000010000010",
        carrier="usps",
        title="Printer ink",
    ),
    "dashes": Paste(text="1Z-X00001-03-00000016", number="1ZX000010300000016", carrier="ups"),
    "characters nobody sees": Paste(
        text="\ufeffRB\u200b4000\u00a013711GB\u2060 Mug", number=MAIL, carrier="royal-mail", title="Mug"
    ),
    "full width": Paste(
        text="".join(chr(ord(char) + 0xFEE0) for char in "LK500027191CN"),
        number="LK500027191CN",
        carrier="china-post",
    ),
    "small letters": Paste(text="1zx000020300000023", number="1ZX000020300000023", carrier="ups"),
    "a telephone link": Paste(
        text="<tel:700000001017|700000001017> Shelf", number="700000001017", carrier="fedex", title="Shelf"
    ),
    "a web address": Paste(
        text="<https://www.ups.com/track?loc=en_US&amp;tracknum=1ZX000030300000030&amp;requester=WT/trackdetails"
        "|ups.com/track> Boots",
        number="1ZX000030300000030",
        carrier="ups",
        title="Boots",
    ),
    "marks around it": Paste(text="(RB400109689GB).", number="RB400109689GB", carrier="royal-mail"),
    "emoji": Paste(
        text=":package: RR600009111SE 🎁 gift :tada:",
        number="RR600009111SE",
        carrier="sweden-posten",
        title=":package: 🎁 gift :tada:",
    ),
    "an apostrophe in the title": Paste(
        text="RB400027429GB Mum's lamp", number="RB400027429GB", carrier="royal-mail", title="Mum's lamp"
    ),
    "curly quotes": Paste(
        text="RB400041139GB “Blue chair”", number="RB400041139GB", carrier="royal-mail", title="Blue chair"
    ),
    "a form that only the carrier knows": Paste(
        text="ups 802269000000000017", number="802269000000000017", carrier="ups"
    ),
    "a carrier named": Paste(text="fedex 700000001017 Chair", number="700000001017", carrier="fedex", title="Chair"),
    "a carrier in capitals": Paste(text="UPS 1ZX000050300000054", number="1ZX000050300000054", carrier="ups"),
    "a carrier's whole name": Paste(text='"DHL Express" 7000011115', number="7000011115", carrier="dhl"),
}


@pytest.mark.parametrize("paste", PASTED.values(), ids=PASTED)
async def test_a_number_is_followed_however_it_was_pasted(whole: Whole, paste: Paste) -> None:
    answer = await whole.types(f"add {paste.text}")

    [sent] = whole.sent(CREATE)
    assert (sent["tracking_number"], sent["carrier_code"]) == (paste.number, paste.carrier)
    assert sent.get("title", "") == paste.title
    assert await whole.followed() == [paste.number]
    assert (await whole.subscription(paste.number)).title == paste.title
    assert whole.asked(DETECT) == 0
    assert answer.startswith("Added *")
    assert paste.number in answer
    assert paste.title in answer
    assert len(whole.posts()) == 1
    assert paste.number in whole.posts()[0]


async def test_a_sheets_apostrophe_goes_and_its_zeros_stay(whole: Whole) -> None:
    answer = await whole.types("add '0073938000123459 Lamp")

    [sent] = whole.sent(CREATE)
    assert (sent["tracking_number"], sent["title"]) == ("0073938000123459", "Lamp")
    assert "`0073938000123459`" in answer


async def test_the_same_number_in_small_letters_is_the_same_parcel(whole: Whole) -> None:
    await whole.types("add RB400041139GB")

    answer = await whole.types("add rb400041139gb")

    assert "Already followed here" in answer
    assert "Not looked at yet" in answer
    assert await whole.followed() == ["RB400041139GB"]
    assert whole.asked(CREATE) == 1


# --- many at once


async def test_each_line_has_its_own_result(whole: Whole) -> None:
    await whole.follows("1ZX000040300000047", "transit")

    answer = await whole.types(
        "add\n1ZX000040300000047\n1ZX000050300000054\n1ZX000060300000061\nRB400068557GB\nRB400082266GB"
    )

    results = [line.split("`")[1:3] for line in answer.splitlines() if line[0] in "✅☑⚠"]
    assert [(number, result.split(" ·")[0].split(" as")[0]) for number, result in results] == [
        ("1ZX000040300000047", " already here"),
        ("1ZX000050300000054", " added"),
        ("1ZX000060300000061", " added"),
        ("RB400068557GB", " not added: the check digit is wrong for Royal Mail; one digit may be mistyped"),
        ("RB400082266GB", " added"),
    ]
    assert len(await whole.followed()) == 4
    assert whole.asked(CREATE) == 3


async def test_each_distinct_number_is_added_once_whatever_stands_between_them(whole: Whole) -> None:
    answer = await whole.types("add RB400068556GB,RB400082266GB;RB400068556GB\tRB400095976GB ,")

    assert await whole.followed() == ["RB400068556GB", "RB400082266GB", "RB400095976GB"]
    assert whole.asked(CREATE) == 3
    assert answer.count("repeat") == 1


async def test_good_and_bad_numbers_of_one_carrier_are_told_apart(whole: Whole) -> None:
    whole.service.put("RB400027429GB", "royal-mail", status="transit")

    answer = await whole.types("add royal-mail RB400013711GB RB400027429GB BAD1")

    assert await whole.followed() == ["RB400013711GB", "RB400027429GB"]
    assert whole.service.quota.spent == 1
    first, second, third = answer.splitlines()[1:4]
    assert "RB400013711GB` added" in first
    assert "RB400027429GB` added" in second
    assert "BAD1` not added" in third


async def test_spent_quota_ends_a_list_at_once(whole: Whole) -> None:
    whole.service.script(CREATE, good(record("1ZX000090300000092", "pending")), times=1)
    whole.service.script(CREATE, bad(4021, "Remaining quota is deficient"))

    answer = await whole.types("add\n1ZX000090300000092\n1ZX000100300000106\n1ZX000010300000016")

    assert await whole.followed() == ["1ZX000090300000092"]
    assert whole.asked(CREATE) == 2
    assert "Added 1 parcel." in answer
    assert "quota" in answer
    assert "Not added: `1ZX000100300000106`, `1ZX000010300000016`" in answer


# --- what is no number


@pytest.mark.parametrize(
    "words",
    ["add this parcel", "add   ", "  ADD", "add <@U012AB3CD|sam> <#C012AB3CD|orders>", "add 9.4001E+21 Kettle", ""],
)
async def test_what_holds_no_number_gets_help_and_asks_nobody(whole: Whole, words: str) -> None:
    answer = await whole.types(words)

    assert "add" in answer
    assert await whole.followed() == []
    assert whole.service.calls == []
    assert whole.posts() == []


async def test_a_number_that_a_sheet_shortened_is_explained_and_never_made_up(whole: Whole) -> None:
    answer = await whole.types("add 9.4001E+21 Kettle")

    assert "spreadsheet" in answer
    assert "format the column as text" in answer
    assert "9400100000000000000000" not in answer


async def test_a_very_long_number_is_refused_in_a_short_answer(whole: Whole) -> None:
    answer = await whole.types(f"add {'7' * 4000}")

    assert "64 characters" in answer
    assert len(answer) < 300
    assert whole.service.calls == []
    assert "Added" in await whole.types("add 1ZX000010300000016")


async def test_a_wrong_check_digit_is_asked_about_before_anything_is_spent(whole: Whole) -> None:
    answer = await whole.types("add 1ZX000010300000017")

    assert "does not add up for UPS: a digit may be mistyped. Nothing was added." in answer
    assert "[Track it anyway]" in answer
    assert whole.service.calls == []


# --- titles


async def test_a_title_calls_nobody_and_shows_as_typed(whole: Whole) -> None:
    answer = await whole.types("add 1ZX000020300000023 &lt;!channel&gt; sofa")
    listed = await whole.types("list")

    for text in (answer, listed, *whole.posts()):
        assert "<!channel>" not in text
        assert "&lt;!channel&gt; sofa" in text


async def test_marks_of_formatting_in_a_title_stay_in_the_title(whole: Whole) -> None:
    await whole.types("add RB400013711GB *big* _box_ `x` ~y~")
    await whole.types("add 1ZX000020300000023 Sofa")

    listed = await whole.types("list")

    row = next(text for text in listed.splitlines() if "big" in text)
    assert "box" in row
    assert row.count("*") == 2  # those around the whole title
    assert not set("_`~") & set(row)
    assert "*Sofa* · 🕓" in listed


async def test_colons_in_a_title_stay_readable(whole: Whole) -> None:
    await whole.types("add 1ZX000080300000085 Room 10:30:45 :100: set")

    assert "*Room 10:30:45 :100: set*" in await whole.types("list")


# --- whose number it is


async def test_a_number_that_fits_several_carriers_is_created_with_none_of_them(whole: Whole) -> None:
    answer = await whole.types("add 700000001019")

    assert "Which one carries it?" in answer
    assert answer.count("[") > 1
    assert whole.service.calls == []


async def test_when_the_service_names_several_the_asker_chooses_and_nothing_is_created(whole: Whole) -> None:
    found = [{"name": "USPS", "code": "usps"}, {"name": "FedEx", "code": "fedex"}]
    whole.service.script(DETECT, good(found))

    answer = await whole.types("add 9400100000000040000042 detect:yes")

    assert "[USPS]\n[FedEx]" in answer
    assert "looking it up used 0.2 of the quota" in answer
    assert (whole.asked(DETECT), whole.asked(CREATE)) == (1, 0)
    assert await whole.followed() == []


async def test_a_sure_number_is_created_once_and_never_looked_up(whole: Whole) -> None:
    names = (("China EMS", "china-ems"), ("China Post", "china-post"), ("Cainiao", "cainiao"))
    whole.service.script(DETECT, good([{"name": name, "code": code} for name, code in names]))

    await whole.types("add LK500027191CN")

    assert (whole.asked(DETECT), whole.asked(CREATE)) == (0, 1)


async def test_a_carrier_is_looked_up_once_and_kept(whole: Whole) -> None:
    whole.service.script(DETECT, good([{"name": "UPS", "code": "ups"}]))
    await whole.types("add ZZ99887766XY detect:yes")

    await whole.polls()
    first = await whole.types("status ZZ99887766XY")
    await whole.polls()
    second = await whole.types("list")

    assert all("UPS" in answer for answer in (first, second))
    assert (whole.asked(DETECT), whole.asked(CREATE)) == (1, 1)


@pytest.mark.parametrize("nothing", [good([]), bad(4032, "Cannot detect courier")], ids=["empty", "4032"])
async def test_when_nobody_can_tell_the_carrier_the_asker_is_asked_to_name_it(whole: Whole, nothing: object) -> None:
    whole.service.script(DETECT, nothing)

    offered = await whole.types("add ZZ99887766XY")
    answer = await whole.types("add ZZ99887766XY detect:yes")

    assert "carrier:dhl" in offered
    assert "The tracking service can't tell, either. Name it: `/track add ZZ99887766XY carrier:dhl`" in answer
    assert "Look it up" not in answer
    assert await whole.followed() == []
    assert whole.asked(CREATE) == 0


async def test_a_misspelt_carrier_is_asked_about(whole: Whole) -> None:
    answer = await whole.types("add fedexx 700000002024")

    assert "Did you mean *FedEx*" in answer
    assert "[FedEx]" in answer
    assert whole.service.calls == []


async def test_a_carrier_that_wants_a_postcode_is_sent_one(whole: Whole) -> None:
    asked = await whole.types("add mondialrelay 12345678")
    before = len(whole.service.calls)

    await whole.types("add mondialrelay 12345678 postcode=75011")

    assert "postcode" in asked
    assert before == 0
    assert whole.sent(CREATE)[-1]["tracking_postal_code"] == "75011"
    assert await whole.followed() == ["12345678"]


async def test_a_field_that_the_service_misses_is_named(whole: Whole) -> None:
    whole.service.script(CREATE, bad(4012, "missing required parameter tracking_postal_code"))

    answer = await whole.types("add fedex 700000001017")

    assert "some carriers want a postcode" in answer
    assert await whole.followed() == []


async def test_a_label_without_a_scan_is_no_error_and_no_news(whole: Whole) -> None:
    number = "1ZX000070300000078"
    whole.service.script(CREATE, good(record(number, "pending")))
    answer = await whole.types(f"add {number}")

    await whole.polls(record(number, "notfound", substatus="notfound001"))
    status = await whole.types(f"status {number}")

    assert len(whole.posts()) == 1
    assert "No carrier news yet. That is normal" in status
    assert not [word for word in ("invalid", "error") if word in (answer + status).lower()]
    assert await whole.followed() == [number]


async def test_status_and_rounds_read_parcels_and_look_nothing_up(whole: Whole) -> None:
    await whole.types("add 1ZX000010300000016")

    for _ in range(2):
        await whole.polls()
        assert "UPS" in await whole.types("status 1ZX000010300000016")

    assert whole.asked(*READS) > 0
    assert whole.asked(DETECT) == 0
