"""`/track add`: following a parcel, and every question that comes before anything is spent.

Over 300 lines: adding asks back in many ways.
"""

from collections.abc import Sequence

import pytest

from bot.domain.carriers import Carrier, carrier
from bot.domain.errors import CarrierRefused, PlaceGone, ProviderUnavailable, QuotaSpent
from bot.domain.parcel import NewParcel, ParcelKey
from bot.domain.status import Status
from bot.slack.blocks import escape
from tests.fakes import FakeProvider
from tests.unit.slack.conftest import UPS, UPS_MISTYPED, UPS_TOO, Conversation, World

FITS_SEVERAL = "700000001019"
MONDIAL = "12345678"


def created(world: World) -> list[ParcelKey]:
    return [new.key for new in world.provider.created]


def known(*codes: str) -> Sequence[Carrier]:
    return [found for code in codes if (found := carrier(code))]


async def test_a_sure_number_is_followed_at_once_and_shown_as_a_card(ada: Conversation) -> None:
    answer = await ada.types(f'/track add {UPS} "Blue mugs" order:1042')

    assert answer.only_asker_sees_it
    assert "Added *Blue mugs*" in answer.text
    assert "1 of the quota used" in answer.text
    assert "Not looked at yet* · Blue mugs" in ada.card.shown
    assert "The tracking service has not asked UPS yet." in ada.card.shown
    assert f"UPS `{UPS}` · order 1042 · P-1" in ada.card.shown


async def test_the_channel_is_told_once_what_will_be_posted_in_it(ada: Conversation) -> None:
    await ada.follows(UPS)
    await ada.follows(UPS_TOO)

    assert len(ada.world.messenger.introductions) == 1


@pytest.mark.parametrize("verb", ["a", "NEW", "watch", "+", "Add:", "\u200badd", "add\u00a0"])
async def test_the_verb_has_short_forms_and_letter_case_does_not_matter(ada: Conversation, verb: str) -> None:
    answer = await ada.types(f"  {verb}  {UPS}")

    assert "Added" in answer.text


async def test_the_person_it_is_for_is_kept_and_shown(ada: Conversation) -> None:
    card = await ada.follows(UPS, "for:<@UBEN|ben>")

    assert "for <@UBEN>" in card.shown


async def test_for_somebody_who_is_not_in_slack_is_refused_before_anything_is_spent(ada: Conversation) -> None:
    answer = await ada.types(f"add {UPS} for:Anna")

    assert "`for:` wants a person" in answer.text
    assert created(ada.world) == []


async def test_an_option_that_add_does_not_know_is_refused_and_not_swallowed(ada: Conversation) -> None:
    answer = await ada.types(f"add {UPS} notify:everything")

    assert "I can't use `notify:`" in answer.text
    assert created(ada.world) == []


async def test_the_same_number_again_costs_nothing_and_says_who_added_it(ada: Conversation, ben: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')

    answer = await ben.types(f"add {UPS.lower()}")

    assert "Already followed here as *Blue mugs*" in answer.text
    assert "added by <@UADA>" in answer.text
    assert "No quota used" in answer.text
    assert len(created(ada.world)) == 1


@pytest.mark.promise("S4")
async def test_a_second_channel_costs_nothing_and_learns_nothing_of_the_first(ada: Conversation) -> None:
    await ada.in_("GSECRET").follows(UPS, '"Surprise for Ben"')

    answer = await ada.in_("CRETURNS").types(f"add {UPS}")

    assert "No quota used." in answer.text
    assert len(ada.in_("CRETURNS").cards) == 1
    for word in ("SECRET", "Surprise", "channel", "too"):
        assert word not in answer.shown


async def test_when_several_carriers_fit_the_asker_chooses(ada: Conversation) -> None:
    answer = await ada.types(f'add {FITS_SEVERAL} "Blue mugs" order:1042')

    assert answer.only_asker_sees_it
    assert "Nothing was added or spent." in answer.text
    assert len(answer.buttons) > 1
    assert set(answer.buttons.values()) >= {f'add {FITS_SEVERAL} title:"Blue mugs" order:"1042" carrier:gls'}
    assert created(ada.world) == []


async def test_choosing_a_carrier_keeps_title_order_and_person(ada: Conversation) -> None:
    asked = await ada.types(f'add {FITS_SEVERAL} "Salt & <b>pepper</b>" order:1042 for:<@UBEN>')

    answer = await ada.presses("Aramex", asked)

    assert "Added *Salt &amp; &lt;b&gt;pepper&lt;/b&gt;*" in answer.text
    assert "order 1042 · for <@UBEN>" in ada.card.shown
    assert created(ada.world) == [ParcelKey("aramex", FITS_SEVERAL)]


async def test_choosing_twice_follows_once(ada: Conversation) -> None:
    asked = await ada.types(f"add {FITS_SEVERAL}")

    await ada.presses("Aramex", asked)
    answer = await ada.presses("Aramex", asked)

    assert "Already followed here" in answer.text
    assert len(created(ada.world)) == 1


async def test_a_number_of_no_known_form_asks_for_the_carrier_and_names_the_price_of_looking_it_up(
    ada: Conversation,
) -> None:
    answer = await ada.types("add ZZ99887766XY")

    assert "carrier:dhl" in answer.text
    assert answer.buttons == {"Look it up (0.2 of the quota)": "add ZZ99887766XY detect:yes"}
    assert "detect" not in ada.world.provider.names()


async def test_looking_it_up_follows_the_parcel_when_one_carrier_comes_back(ada: Conversation) -> None:
    ada.world.provider.carriers["ZZ99887766XY"] = known("ups")
    asked = await ada.types('add ZZ99887766XY "Lamp"')

    answer = await ada.presses("Look it up (0.2 of the quota)", asked)

    assert "Added *Lamp*" in answer.text
    assert ada.world.provider.names().count("detect") == 1


async def test_looking_it_up_asks_when_several_come_back(ada: Conversation) -> None:
    ada.world.provider.carriers["ZZ99887766XY"] = known("china-ems", "china-post", "cainiao")

    answer = await ada.types("add ZZ99887766XY detect:yes")

    assert answer.buttons["China Post"] == "add ZZ99887766XY carrier:china-post"
    assert len(answer.buttons) == 3
    assert created(ada.world) == []


@pytest.mark.parametrize("fault", [None, CarrierRefused("It cannot tell the carrier.", code=4032)])
async def test_looking_it_up_in_vain_asks_for_the_name(ada: Conversation, fault: CarrierRefused | None) -> None:
    if fault:
        ada.world.provider.faults["detect"] = fault

    answer = await ada.types("add ZZ99887766XY detect:yes")

    assert "I can't tell which carrier" in answer.text
    assert created(ada.world) == []


async def test_a_misspelt_carrier_gets_the_nearest_names(ada: Conversation) -> None:
    answer = await ada.types("add fedexx 700000002024 Chair")

    assert "I have no carrier called `fedexx`" in answer.text
    assert answer.buttons["FedEx"] == 'add 700000002024 title:"Chair" carrier:fedex'
    assert created(ada.world) == []


async def test_the_carrier_that_a_person_names_is_used(ada: Conversation) -> None:
    await ada.types('add "DHL Express" 7000011115 Chair')

    assert created(ada.world) == [ParcelKey("dhl", "7000011115")]


async def test_a_wrong_check_digit_is_said_before_anything_is_spent(ada: Conversation) -> None:
    answer = await ada.types(f"add {UPS_MISTYPED} Vase")

    assert "does not add up for UPS: a digit may be mistyped. Nothing was added." in answer.text
    assert answer.buttons == {"Track it anyway": f'add {UPS_MISTYPED} title:"Vase" anyway:yes'}
    assert created(ada.world) == []


async def test_track_it_anyway_goes_to_the_carrier_whose_form_it_is(ada: Conversation) -> None:
    asked = await ada.types(f"add {UPS_MISTYPED} Vase")

    answer = await ada.presses("Track it anyway", asked)

    assert "Added *Vase*" in answer.text
    assert created(ada.world) == [ParcelKey("ups", UPS_MISTYPED)]


async def test_a_carrier_that_wants_a_postcode_gets_one(ada: Conversation) -> None:
    asked = await ada.types(f"add mondialrelay {MONDIAL}")
    nothing_yet = created(ada.world)

    await ada.types(f"add mondialrelay {MONDIAL} postcode=75011")

    assert "postcode" in asked.text
    assert nothing_yet == []
    assert ada.world.provider.created[0].postcode == "75011"


async def test_the_postcode_can_be_skipped(ada: Conversation) -> None:
    asked = await ada.types(f"add mondialrelay {MONDIAL} Shelf")

    await ada.presses("Skip", asked)

    assert ada.world.provider.created[0].postcode == ""
    assert ada.world.provider.created[0].title == "Shelf"


async def test_each_of_several_numbers_has_a_result_of_its_own(ada: Conversation) -> None:
    await ada.follows(UPS)

    answer = await ada.types(f"add\n{UPS}\n{UPS_TOO}\nRB400068557GB\n{FITS_SEVERAL}\n{UPS_TOO}")

    lines = {line.split("`")[1]: line for line in answer.shown.splitlines() if "`" in line}
    assert "already here" in lines[UPS]
    assert "added" in lines[UPS_TOO]
    assert "check digit" in lines["RB400068557GB"]
    assert "not added" in lines[FITS_SEVERAL]
    assert "Added 1 parcel. 1 repeat left out." in answer.shown
    assert answer.buttons[f"Choose for {FITS_SEVERAL}"] == f"add {FITS_SEVERAL}"
    assert len(created(ada.world)) == 2


class OneLeft(FakeProvider):
    """A provider whose quota ends after one parcel."""

    async def create(self, parcel: NewParcel) -> bool:
        if self.created:
            self.faults["create"] = QuotaSpent("The tracking quota is used up.", code=4021)
        return await super().create(parcel)


async def test_spent_quota_ends_a_list_and_says_what_was_added_and_what_not() -> None:
    ada = Conversation(World(OneLeft))

    answer = await ada.types("add\n1ZX000090300000092\n1ZX000100300000106\n1ZX000010300000016")

    assert "Added 1 parcel." in answer.shown
    assert "The tracking quota is used up. Not added: `1ZX000100300000106`, `1ZX000010300000016`" in answer.shown
    assert ada.world.provider.names().count("create") == 2


async def test_many_numbers_are_asked_about_before_they_are_spent(ada: Conversation) -> None:
    numbers = [f"RB{serial:08}{_s10_digit(serial)}GB" for serial in range(21)]

    asked = await ada.types(f"add {' '.join(numbers)}")
    nothing_yet = len(created(ada.world))
    answer = await ada.presses("Add all 21", asked)

    assert nothing_yet == 0
    assert "up to 21 of the quota" in asked.text
    assert "Added 21 parcels." in answer.shown


async def test_a_list_that_fits_no_button_is_sent_in_groups(ada: Conversation) -> None:
    numbers = [f"RB{serial:08}{_s10_digit(serial)}GB" for serial in range(200)]

    answer = await ada.types(f"add {' '.join(numbers)}")

    assert "groups of at most 20" in answer.text
    assert answer.buttons == {}
    assert created(ada.world) == []


@pytest.mark.parametrize("words", ["add", "  ADD"])
async def test_add_alone_asks_which_number(ada: Conversation, words: str) -> None:
    answer = await ada.types(words)

    assert answer.text == 'Which number? Paste one or more: `/track add 1Z… "Blue mugs"`.'
    assert ada.world.provider.calls == []


@pytest.mark.parametrize("words", ["add this parcel", "add <@U012AB3CD|sam> <#C012AB3CD|orders>"])
async def test_without_a_number_nothing_happens_but_help(ada: Conversation, words: str) -> None:
    answer = await ada.types(words)

    assert answer.only_asker_sees_it
    assert "no tracking number" in answer.text
    assert "`/track add 1ZX000010300000016" in answer.text
    assert answer.buttons == {"Help": "help add"}
    assert ada.world.provider.calls == []


@pytest.mark.parametrize("number", ["9.4001E+21 Kettle", "7" * 4000])
async def test_what_can_be_no_number_is_refused_in_one_short_sentence(ada: Conversation, number: str) -> None:
    answer = await ada.types(f"add {number}")

    assert "Nothing was added" in answer.text
    assert len(answer.text) < 300
    assert ada.world.provider.calls == []


async def test_a_title_calls_nobody_and_formats_nothing(ada: Conversation) -> None:
    await ada.types(f"add {UPS} &lt;!channel&gt; *big* _box_ `x`")

    listed = await ada.types("list")

    assert escape("<!channel> *big* _box_ `x`") in listed.shown
    assert "*big*" not in listed.shown
    assert "<!channel>" not in ada.card.shown + listed.text


async def test_a_time_in_a_title_stays_readable(ada: Conversation) -> None:
    card = await ada.follows(UPS, "Room 10:30:45 :100: set")

    assert "Room 10:30:45 :100: set" in card.shown


async def test_where_the_bot_may_not_post_nothing_is_added(ada: Conversation) -> None:
    ada.world.messenger.closed[ada.channel] = PlaceGone("not_in_channel")

    answer = await ada.types(f"add {UPS}")

    assert "/invite @waybill" in answer.text
    assert created(ada.world) == []


async def test_where_the_bot_may_not_post_a_list_ends_at_once(ada: Conversation) -> None:
    ada.world.messenger.closed[ada.channel] = PlaceGone("not_in_channel")

    answer = await ada.types(f"add {UPS} {UPS_TOO}")

    assert answer.text.startswith("I am not in this channel")
    assert answer.text.count("invite") == 1


async def test_in_a_direct_message_between_people_it_says_where_it_works(ada: Conversation) -> None:
    ada.world.messenger.closed["DADABEN"] = PlaceGone("channel_not_found")

    answer = await ada.in_("DADABEN").types(f"add {UPS}")

    assert "direct message" in answer.text
    assert created(ada.world) == []


async def test_without_quota_nothing_is_added_and_it_says_so(ada: Conversation) -> None:
    ada.world.provider.faults["create"] = QuotaSpent("The tracking quota is used up, so nothing was added.", code=4021)

    answer = await ada.types(f"add {UPS}")

    assert "quota is used up" in answer.text
    assert ada.cards == []


async def test_when_the_provider_is_away_the_same_words_can_be_tried_again(ada: Conversation) -> None:
    ada.world.provider.fault = ProviderUnavailable("dns")
    away = await ada.types(f"add {UPS} “Blue &amp; green” for:<@UBEN|ben>")
    ada.world.provider.fault = None

    answer = await ada.presses("Try again", away)

    assert "not answering" in away.text
    assert "Added *Blue &amp; green*" in answer.text
    assert "for <@UBEN>" in ada.card.shown


async def test_an_archived_parcel_comes_back_without_cost(ada: Conversation) -> None:
    await ada.follows(UPS, '"Blue mugs"')
    await ada.types("archive P-1")

    answer = await ada.types(f"add {UPS}")

    assert "Added *Blue mugs*" in answer.text
    assert "No quota used" in answer.text
    assert len(created(ada.world)) == 1


async def test_a_parcel_that_the_provider_lost_can_be_added_again_from_its_card(ada: Conversation) -> None:
    card = await ada.follows(UPS)
    del ada.world.provider.reports[ParcelKey("ups", UPS)]
    for _ in range(2):
        await ada.presses("Refresh", card)
    lost = ada.card

    answer = await ada.presses("Add again", lost)

    assert "no longer has this parcel" in lost.shown
    assert "1 of the quota used" in answer.text
    assert "Delivered" in ada.card.buttons


async def test_a_parcel_added_with_history_shows_it_and_tells_none_of_it(ada: Conversation) -> None:
    ada.world.provider.has(ParcelKey("ups", UPS), Status.IN_TRANSIT)

    card = await ada.follows(UPS)

    assert "In transit" in card.shown
    assert ada.thread == []


def _s10_digit(serial: int) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(f"{serial:08}", (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
