"""The forms of tracking numbers: which carriers could have a number, how sure that is, and what is wrong with it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from bot.domain import carriers
from bot.domain.carriers import Carrier
from bot.domain.check_digits import Check, fedex, identcode, luhn, mod7, mod10, mod37_36, s10

SURE = 0.9
"""From this confidence on a carrier may be taken without asking, when it is the only one."""

CLEAR = 0.98  # letters or a beginning that only this carrier uses
PLAIN = 0.9  # digits alone, with a check digit that fits: one string of digits in ten fits it by chance
LIKELY = 0.6  # a form that others may have, too
LOOSE = 0.25  # so many digits, and no check digit
_WEAKER = {PLAIN: 0.4, LIKELY: 0.3, LOOSE: 0.1}  # beside a better fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A carrier that could have the number, how likely from 0 to 1, and why."""

    carrier: Carrier
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    name: str
    codes: tuple[str, ...]  # empty: a known form of a carrier that the provider does not have
    pattern: re.Pattern[str]
    weight: float
    check: Check | None
    tells_faults: bool  # who sees the form sees whose number it is, even when the check digit is wrong


def likely_carriers(number: str) -> tuple[Guess, ...]:
    """Return the carriers that could have the number, best first. Pure: asks nobody and costs nothing."""
    fits = [(form, carrier) for form in fitting(number) for carrier in _carriers_of(form, compact(number))]
    best = max((form.weight for form, _ in fits), default=0.0)
    rivals = len({carrier.code for form, carrier in fits if form.weight == best}) > 1
    guesses: dict[str, Guess] = {}
    for form, carrier in fits:
        confidence = form.weight if form.weight == best else _WEAKER[form.weight]
        if rivals and form.weight == best == PLAIN:
            confidence = LIKELY  # two check digits fit, and one of them by chance
        if carrier.code not in guesses or guesses[carrier.code].confidence < confidence:
            reason = f"check digit fits {form.name}" if form.check else f"has the form of {form.name}"
            guesses[carrier.code] = Guess(carrier=carrier, confidence=confidence, reason=reason)
    return tuple(sorted(guesses.values(), key=lambda guess: (-guess.confidence, guess.carrier.name)))


def sure(guesses: Iterable[Guess]) -> Carrier | None:
    """Return the one carrier that may be taken without asking, if exactly one is sure."""
    certain = [guess.carrier for guess in guesses if guess.confidence >= SURE]
    return certain[0] if len(certain) == 1 else None


def check_digit_fault(number: str) -> str | None:
    """Return what is wrong with the number, to stand behind it: "the check digit is wrong for UPS; …".

    None when nothing can be said: its form is unknown, or another form fits.
    """
    fault, whose = _mistyped(number)
    names = " or ".join(carrier.name for carrier in whose)
    return fault.format(names) if whose else None


def mistyped_for(number: str) -> tuple[Carrier, ...]:
    """Return whose number this would be if it had no fault; none when it has none that we know."""
    return _mistyped(number)[1]


def _mistyped(number: str) -> tuple[str, tuple[Carrier, ...]]:
    plain = compact(number)
    if fitting(number):
        return "", ()
    for form in _by_length().get(len(plain), ()):
        if form.tells_faults and form.pattern.fullmatch(plain):
            return "the check digit is wrong for {}; one digit may be mistyped", tuple(_carriers_of(form, plain))
    for pattern, code, missing in _NEARLY:
        if found := pattern.fullmatch(plain):
            carrier = carriers.post_of(found[1]) if code == "s10" else carriers.carrier(code)
            return f"one character {'short' if missing else 'too long'} for {{}}", (carrier,) if carrier else ()
    return "", ()


def fitting(number: str) -> list[_Form]:
    """Return the forms that the number has, check digits included."""
    return [
        form
        for text in dict.fromkeys((number.upper().replace(" ", ""), compact(number)))
        for form in _by_length().get(len(text), ())
        if form.pattern.fullmatch(text) and (form.check is None or form.check(text))
    ]


def strength(number: str) -> float:
    """Return how well the number fits the best of the known forms: CLEAR, PLAIN, LIKELY, LOOSE or 0."""
    return max((form.weight for form in fitting(number)), default=0.0)


def as_printed(number: str) -> str:
    """Return the number as its carrier writes it: without dashes, except where a known form has them."""
    text = number.upper()
    if "-" not in text or any(form.pattern.fullmatch(text) for form in _by_length().get(len(text), ())):
        return text
    return compact(text) if fitting(text) or check_digit_fault(text) else text


def compact(number: str) -> str:
    """Return the number in capitals without blanks and dashes."""
    return number.upper().replace(" ", "").replace("-", "")


def _carriers_of(form: _Form, number: str) -> list[Carrier]:
    if form.codes != ("s10",):
        return [found for code in form.codes if (found := carriers.carrier(code))]
    country, service = number[-2:], number[0]
    if country == "DE" and service not in "CE":  # letters go by Deutsche Post, parcels by DHL
        return [found for code in ("dhl-germany", "deutsche-post") if (found := carriers.carrier(code))]
    post = carriers.post_of(country, express=service == "E")
    return [post] if post else []


@cache
def _by_length() -> dict[int, tuple[_Form, ...]]:
    """Return the forms by the lengths that their numbers can have: a look tries a few, not all."""
    lengths: dict[int, list[_Form]] = defaultdict(list)
    for name, codes, lengths_text, pattern, weight, check in _FORMS:
        shortest, _, longest = lengths_text.partition("-")
        form = _Form(
            name=name,
            codes=tuple(codes.split()),
            pattern=re.compile(pattern),
            weight=weight,
            check=check,
            tells_faults=weight == CLEAR and check is not None,
        )
        for length in range(int(shortest), int(longest or shortest) + 1):
            lengths[length].append(form)
    return {length: tuple(forms) for length, forms in lengths.items()}


# One character too few or too many for a form that is known at sight. USPS has 22 digits, and 26: hence 21 and 23 only.
_NEARLY = (
    (re.compile(r"1Z[0-9A-Z]{15}"), "ups", True),
    (re.compile(r"1Z[0-9A-Z]{17}"), "ups", False),
    (re.compile(r"[A-Z]{2}\d{8}([A-Z]{2})"), "s10", True),
    (re.compile(r"[A-Z]{2}\d{10}([A-Z]{2})"), "s10", False),
    (re.compile(r"9[2-5]\d{19}"), "usps", True),
    (re.compile(r"9[2-5]\d{21}"), "usps", False),
)

_GS1 = mod10(3, 1)  # the most common check digit: of goods and pallets everywhere

# What it is called, whose it is, how long, how it looks, how sure, and its check digit. The length is looked at first:
# no pattern can be slow.
_FORMS: tuple[tuple[str, str, str, str, float, Check | None], ...] = (
    ("UPS 1Z", "ups", "18", r"1Z[0-9A-Z]{15}\d", CLEAR, mod10(1, 2, skip=2)),
    ("UPS waybills", "ups", "11", r"[AHJKTV]\d{10}", PLAIN, mod10(1, 2, skip=1)),
    ("UPU S10", "s10", "13", r"[A-Z]{2}\d{9}[A-Z]{2}", CLEAR, s10),
    ("USPS IMpb", "usps", "22-26", r"9[1-5]\d{20}(?:\d{4})?", CLEAR, _GS1),
    ("USPS IMpb with ZIP", "usps", "30-34", r"420\d{5}9[1-5]\d{20}(?:\d{4})?", CLEAR, mod10(3, 1, skip=8)),
    ("USPS IMpb with ZIP+4", "usps", "34-38", r"420\d{9}9[1-5]\d{20}(?:\d{4})?", CLEAR, mod10(3, 1, skip=12)),
    ("USPS 20", "usps", "20", r"(?!00)\d{20}", PLAIN, _GS1),
    ("FedEx 12", "fedex", "12", r"\d{12}", PLAIN, fedex(0, 12)),
    ("FedEx Ground", "fedex", "15", r"\d{15}", PLAIN, _GS1),
    ("FedEx SSCC-18", "fedex", "18", r"0[0124]\d{16}", PLAIN, _GS1),
    ("FedEx SmartPost", "fedex", "22", r"92612\d{17}", CLEAR, _GS1),
    ("FedEx SmartPost", "fedex", "20", r"612\d{17}", PLAIN, mod10(3, 1, prefix="92")),
    ("FedEx Ground 96", "fedex", "22", r"96\d{20}", CLEAR, mod10(3, 1, skip=7)),
    ("FedEx ASTRA", "fedex", "32", r"\d{32}", PLAIN, fedex(16, 12)),
    ("FedEx 34", "fedex", "34", r"(?:1[01]|96)\d{32}", CLEAR, fedex(-14, 14)),
    ("FedEx door tags", "fedex", "14", r"DT\d{12}", CLEAR, None),
    ("DHL Express", "dhl", "10-11", r"\d{10,11}", PLAIN, mod7),
    ("DHL Express pieces", "dhl", "12-23", r"J?JD0(?:00[014-9]|0[1-9]\d|[1-9]\d\d)\d{6,16}", CLEAR, None),
    ("DHL Germany pieces", "dhl-germany", "16-23", r"J?JD0003\d{10,16}", CLEAR, None),
    ("DHL Germany", "dhl-germany", "20", r"00340434\d{12}", CLEAR, _GS1),
    ("DHL Germany 12", "dhl-germany", "12", r"\d{12}", LIKELY, identcode),
    ("DHL Netherlands", "dhl-parcel-nl", "20-24", r"JVGL\d{16,20}", CLEAR, None),
    ("DHL eCommerce", "dhlglobalmail", "18-22", r"GM[0-9A-F]{16,20}", CLEAR, None),
    ("DHL eCommerce 14", "dhlglobalmail", "14", r"\d{14}", LOOSE, None),
    ("Yodel", "yodel", "18-19", r"J?JD0002\d{12}", CLEAR, None),
    ("DPD 28", "dpd", "28", r"\d{27}[0-9A-Z]", PLAIN, mod37_36),
    ("DPD with check character", "dpd", "15", r"\d{14}[A-Z]", CLEAR, mod37_36),
    ("DPD with check digit", "dpd", "15", r"\d{15}", PLAIN, mod37_36),
    ("DPD", "dpd", "14", r"\d{13}[0-9A-Z]", LOOSE, None),
    ("GLS", "gls", "11-12", r"\d{11,12}", LOOSE, None),
    ("Royal Mail 21", "royal-mail", "21", r"(?=\d{0,20}[A-F])[0-9A-F]{21}", LIKELY, None),
    ("Evri", "hermes-uk", "16", r"[HT]0\d[0-9A-Z]{13}", LIKELY, None),
    ("Evri 16", "hermes-uk", "16", r"\d{16}", LOOSE, None),
    ("Canada Post", "canada-post", "16", r"\d{16}", PLAIN, _GS1),
    ("Purolator", "purolator", "12", r"[0-5]\d{11}", PLAIN, luhn),
    ("Purolator PIN", "purolator", "12", r"[A-Z]{3}\d{9}", LIKELY, None),
    ("Canpar", "canpar", "22", r"[DLS]\d{21}", CLEAR, None),
    ("Old Dominion", "old-dominion", "11", r"[078]\d{10}", PLAIN, luhn),
    ("OnTrac", "ontrac", "15", r"[CD]\d{14}", CLEAR, mod10(2, 1)),
    ("LaserShip", "lasership", "10", r"L[A-Z][12]\d{7}", CLEAR, None),
    ("LaserShip 1LS", "lasership", "15", r"1LS(?:7[12]\d{10}|CX[0-9A-Z]{10})", CLEAR, None),
    ("LaserShip 1LS", "lasership", "18", r"1LS7[12]\d{2}01[1-4]\d{6}-1", CLEAR, None),
    ("Landmark Global", "landmark-global", "13", r"LTN\d{8}N1", CLEAR, None),
    ("Spee-Dee", "speedee", "20", r"SP\d{18}", CLEAR, None),
    ("Amazon", "", "15", r"TB[ACM]\d{12}", CLEAR, None),
    ("GOFO", "", "18", r"GFUS\d{14}", CLEAR, None),
    ("Australia Post", "australia-post", "18-23", r"(?:33|34|99)[0-9A-Z]{3}\d{13,18}", LOOSE, None),
    ("SF Express", "sf-express", "14-15", r"SF\d{12,13}", CLEAR, None),
    ("SF Express 12", "sf-express", "12", r"\d{12}", LOOSE, None),
    ("YunExpress", "yunexpress", "18", r"YT\d{16}", CLEAR, None),
    ("YTO", "yto", "15", r"YT\d{13}", CLEAR, None),
    ("STO", "sto", "12-13", r"77\d{10,11}", LOOSE, None),
    ("JD", "jd", "13-17", r"JD[A-Z]{1,2}\d{10,13}", CLEAR, None),
    ("4PX", "4px", "15-23", r"4PX\d{10,18}CN", CLEAR, None),
    ("Cainiao", "cainiao", "16-20", r"(?:LP\d{14,16}|CNG\d{14,17})", CLEAR, None),
    ("Yanwen", "yanwen", "13", r"U[A-Z]\d{9}YP", CLEAR, None),
    ("CNE", "cnexps", "13", r"3A5V\d{9}", CLEAR, None),
    ("PostNL 3S", "postnl-parcels postnl-3s", "13-18", r"3S[0-9A-Z]{4}\d{7,12}", LIKELY, None),
    ("bpost", "belgium-post", "24", r"323\d{21}", LIKELY, None),
    ("Colissimo", "colissimo", "13", r"[5-9][A-Z]\d{11}", LIKELY, None),
    ("La Poste", "laposte", "13", r"[1-4][A-Z]\d{11}", LIKELY, None),
    ("Mondial Relay", "mondialrelay", "8", r"\d{8}", LOOSE, None),
    ("Correos", "correos-spain", "23", r"P[0-9A-Z]\d[0-9A-Z]{19}[A-Z]", LIKELY, None),
    ("InPost", "inpost-paczkomaty", "24", r"[56]\d{23}", LIKELY, None),
    ("Swiss Post", "swiss-post", "18", r"99\d{16}", LIKELY, None),
    ("Nova Poshta", "nova-poshta", "14", r"(?:20|59)\d{12}", LOOSE, None),
    ("Venipak", "venipak", "14", r"V\d{5}E\d{7}", CLEAR, None),
    ("TNT", "tnt", "13", r"G[DE]\d{9}WW", CLEAR, None),
    ("TNT 9", "tnt", "9", r"\d{9}", LOOSE, None),
    ("Aramex", "aramex", "11-12", r"\d{11,12}", LOOSE, None),
    ("Yamato", "taqbin-jp", "12", r"\d{12}", LOOSE, mod7),
    ("Sagawa", "sagawa", "12", r"\d{12}", LOOSE, mod7),
)
