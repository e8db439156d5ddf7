"""What can go wrong at the simulated service: switched on and off while it runs, or scripted answer by answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self


@dataclass(slots=True)
class Faults:
    """The faults that are on; all off is a service in good health."""

    down: bool = False  # a gateway says 502 in HTML
    slow: float = 0.0  # real seconds before each answer
    hang: bool = False  # no answer until this is off or the caller gives up
    drop: bool = False  # the connection ends in the middle of the answer
    rate_limited: bool = False  # every call answers 429
    retry_after: str = ""  # the header that comes with 429; "" for none
    rate_limits: bool = True  # one call a second an operation, three real-time looks
    penalty_box: bool = True  # whoever gets a 429 gets nothing else for 120 s
    http_status: str = "documented"  # or "all 200", or "real": a status for each code
    key_refused: int = 0  # 4001 or 4002
    quota_gone: bool = False  # what costs, and real-time looks, answer 4021
    trial_over: bool = False  # everything but getuserinfo answers 4021
    not_activated: bool = False  # real-time looks and paid look-ups answer 4018
    empty_body: bool = False
    code_as_string: bool = False
    data_null: bool = False
    too_big: bool = False  # lists of more than 1,000 come with 33 MiB, other answers with 5 MiB
    empty_list: str = "object"  # what a page without parcels is: "object", "list" or "4031"
    existing_is_201: bool = False  # creating what is there answers 201 and [] instead of 4016
    realtime_twice_is_429: bool = False  # a second look within two hours; else what was seen before
    realtime_costs: bool = False  # a look costs one of the quota
    only: str = ""  # these faults meet this operation only
    _planned: "list[_Planned]" = field(default_factory=list, repr=False)

    def set(self, name: str, value: object) -> None:
        """Switch a fault by its name; text, as a form sends it, is read as the fault's own type.

        Raises:
            ValueError: there is no such fault, or it takes no such value.
        """
        old = self.state().get(name)
        if old is None:
            raise ValueError(f"There is no fault {name!r}; there are {', '.join(self.state())}.")
        kind: Callable[..., object] = type(old)
        if kind is bool and isinstance(value, str):
            value = value.lower() in {"1", "true", "on", "yes"}
        setattr(self, name, kind(value or kind()))

    def state(self) -> dict[str, object]:
        """Return every fault with its value, for the panel."""
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.name.startswith("_")}

    def clear(self) -> None:
        """Switch everything off."""
        for fault in fields(self):
            if fault.name != "_planned":
                setattr(self, fault.name, fault.default)
        self._planned.clear()

    def next(self, calls: int, operation: str = "", **values: Any) -> None:  # noqa: ANN401 - whatever the faults take
        """Let the next calls, of one operation or of any, meet these faults; then all is as before."""
        for name, value in values.items():
            Faults().set(name, value)
        self._planned.append(_Planned(calls, tidy(operation), values))

    def meeting(self, operation: str) -> Self:
        """Return the faults that this call meets, and count it."""
        met = self
        if self.only and tidy(self.only) != operation:
            met = type(self)(rate_limits=self.rate_limits, penalty_box=self.penalty_box)
        for plan in self._planned:
            if plan.calls > 0 and plan.operation in {"", operation}:
                plan.calls -= 1
                return replace(met, **plan.values)
        return met


@dataclass(slots=True)
class _Planned:
    calls: int
    operation: str
    values: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Scripted:
    """An exact answer that a test has ordered."""

    operation: str
    body: Any
    http: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    where: str = ""  # text that the call's address or body must hold


class Script:
    """The answers that were ordered: those for some calls first, then the newest of those for good."""

    def __init__(self) -> None:
        self._answers: list[Scripted] = []

    def add(self, answer: Scripted) -> None:
        """Order an answer."""
        answer.operation = tidy(answer.operation)
        self._answers.append(answer)

    def clear(self) -> None:
        """Forget all orders."""
        self._answers.clear()

    def take(self, operation: str, said: str) -> Scripted | None:
        """Return the answer ordered for a call in which this was said, if there is one."""
        fits = [answer for answer in self._answers if answer.operation == operation and answer.where in said]
        for answer in fits:
            if answer.times:
                answer.times -= 1
                return answer
        return next((answer for answer in reversed(fits) if answer.times is None), None)


def tidy(operation: str) -> str:
    """Return an operation as the service names it: without version, with its own words for carrier and number."""
    operation = operation.replace(" /v2/", " /")
    return re.sub(r"\{[^}]*\}/\{[^}]*\}.*", "{carrier_code}/{tracking_number}", operation)
