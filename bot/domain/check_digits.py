"""The check digits that carriers print at the end of a number: each function says whether one fits.

A number comes in capitals and matches its form already. Letters count as UPS and OnTrac count them: A is 2, I is 0.
"""

from collections.abc import Callable, Sequence

Check = Callable[[str], bool]

_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod10(last: int, next_to_last: int, *, skip: int = 0, prefix: str = "") -> Check:
    """Return a check of sums to a whole ten; the two weights take turns, counted from the end.

    The first `skip` characters do not count; `prefix` counts although the number does not show it.
    """

    def fits(number: str) -> bool:
        digits = [_value(char) for char in reversed(prefix + number[skip:-1])]
        total = last * sum(digits[::2]) + next_to_last * sum(digits[1::2])
        return (total + int(number[-1])) % 10 == 0

    return fits


def luhn(number: str) -> bool:
    """Say whether the number passes Luhn's test, as payment cards do."""
    doubled = (divmod(2 * int(digit), 10) for digit in number[-2::-2])
    return (sum(map(int, number[::-2])) + sum(tens + ones for tens, ones in doubled)) % 10 == 0


def mod7(number: str) -> bool:
    """Say whether the last digit is the rest of the others divided by seven (DHL Express, carriers in Japan)."""
    return int(number[:-1]) % 7 == int(number[-1])


def fedex(start: int, digits: int) -> Check:
    """Return FedEx's check, modulo eleven, of so many digits from `start`; the last of them is the check digit."""
    weights = (1, 3, 7)

    def fits(number: str) -> bool:
        part = number[start:][:digits] if start >= 0 else number[start:]
        total = sum(int(digit) * weights[place % 3] for place, digit in enumerate(reversed(part[:-1])))
        return total % 11 % 10 == int(part[-1])

    return fits


def identcode(number: str) -> bool:
    """Say whether the check digit of Deutsche Post's identcode fits: weights four and nine."""
    total = sum(int(digit) * (9 if place % 2 else 4) for place, digit in enumerate(number[:-1]))
    return (total + int(number[-1])) % 10 == 0


def s10(number: str) -> bool:
    """Say whether the check digit of the Universal Postal Union's S10 numbers fits."""
    return weighted_mod11(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7)) == int(number[10])


def weighted_mod11(digits: str, weights: Sequence[int]) -> int:
    """Return the S10 check digit: what is missing to a multiple of eleven; ten becomes 0, eleven 5."""
    missing = 11 - sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return {10: 0, 11: 5}.get(missing, missing)


def mod37_36(number: str) -> bool:
    """Say whether the last character fits by ISO 7064 MOD 37,36 (DPD)."""
    rest = 36
    for char in number[:-1]:
        rest = (rest + _36.index(char)) % 36 or 36
        rest = rest * 2 % 37
    return (rest + _36.index(number[-1])) % 36 == 1


def _value(char: str) -> int:
    return int(char) if char.isdigit() else (ord(char) - ord("?")) % 10
