"""What is too long is known by its length, before anything looks for a form in it."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.domain import formats
from bot.domain.errors import UserError
from bot.domain.found_numbers import LONGEST_NUMBER
from bot.domain.numbers import LONGEST_PASTE, LONGEST_TITLE, MOST_NUMBERS, PastedTooMuch, read_pasted
from tests.unit.domain.test_numbers import HOSTILE, UPS

LOOKS = ("strength", "as_printed", "check_digit_fault", "likely_carriers", "mistyped_for")


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that holds the length of every text in which a form of number is looked for."""
    seen: list[int] = []

    def watched(real: Callable[[str], object]) -> Callable[[str], object]:
        def looks(text: str) -> object:
            seen.append(len(text))
            return real(text)

        return looks

    for name in LOOKS:
        monkeypatch.setattr(formats, name, watched(getattr(formats, name)))
    return seen


@pytest.mark.promise("S12")
@pytest.mark.parametrize(
    "hostile", [*HOSTILE, lambda size: "A1" * size, lambda size: "1Z " + "9" * size, lambda _: UPS]
)
def test_no_form_is_looked_for_in_more_than_a_number_can_have(
    lengths: list[int], hostile: Callable[[int], str]
) -> None:
    with suppress(UserError):
        read_pasted(hostile(20_000))

    assert max(lengths, default=0) <= LONGEST_NUMBER


@pytest.mark.promise("S12")
def test_a_list_too_long_is_refused_before_a_word_of_it_is_read(lengths: list[int]) -> None:
    for text in (f"{UPS} " * (LONGEST_PASTE // len(UPS)), "包" * LONGEST_PASTE):
        with pytest.raises(PastedTooMuch):
            read_pasted(text)

    assert lengths == []


@pytest.mark.promise("S12")
def test_so_many_numbers_are_read_and_one_more_is_too_much() -> None:
    numbers = [f"SF{serial:012}" for serial in range(MOST_NUMBERS + 1)]

    assert len(read_pasted(" ".join(numbers[:-1])).numbers) == MOST_NUMBERS
    with pytest.raises(PastedTooMuch):
        read_pasted(" ".join(numbers))


@pytest.mark.promise("S12")
def test_a_field_is_cut_at_its_length() -> None:
    pasted = read_pasted(f'{UPS} "{"t" * 5000}" order:{"o" * 5000}')

    assert len(pasted.title or "") == LONGEST_TITLE
    assert len(pasted.options["order"]) == 256
