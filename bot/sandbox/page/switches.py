"""What the panel can make go wrong, by the names on its switches."""

from typing import NamedTuple

from bot.sandbox.slack import Rule, Slack
from bot.sandbox.trackingmore import TrackingMore

Value = bool | float | str


class Switch(NamedTuple):
    """One switch: whose fault, its name, its words, and what it is set to when it is on and when it is off."""

    service: str
    name: str
    words: str
    on: Value = True
    off: Value = False


SWITCHES = (
    Switch("TrackingMore", "down", "Down (HTTP 502)"),
    Switch("TrackingMore", "hang", "Does not answer at all"),
    Switch("TrackingMore", "slow", "Slow (4 s an answer)", 4.0, 0.0),
    Switch("TrackingMore", "rate_limited", "Too many calls (429)"),
    Switch("TrackingMore", "quota_gone", "Quota used up (4021)"),
    Switch("TrackingMore", "key_refused", "Key refused (4001)", 4001, 0),
    Switch("Slack", "busy", "Busy (429, wait 3 s)"),
    Switch("Slack", "down", "Down (HTTP 500)"),
    Switch("Slack", "late", "Answers reach Slack after 4 s", 4.0, 0.0),
)


class Faults:
    """The faults of both services, set and read by name."""

    def __init__(self, trackingmore: TrackingMore, slack: Slack) -> None:
        self._trackingmore, self._slack = trackingmore.faults, slack.faults
        self._rules: dict[str, Rule] = {}

    def set(self, service: str, name: str, value: Value) -> None:
        """Set a fault: on or off with `true` and `false`, or to a value of its own.

        Raises:
            ValueError: there is no such fault, or it takes no such value.
        """
        switch = next((s for s in SWITCHES if (s.service.lower(), s.name) == (service.lower(), name)), None)
        if switch and isinstance(value, bool):
            value = switch.on if value else switch.off
        if service.lower() == "trackingmore":
            self._trackingmore.set(name, value)
        elif switch is None:
            raise ValueError(f"There is no fault {name!r} of {service!r}.")
        elif name == "late":
            self._slack.ack_delay = float(value)
        else:
            self._set_rule(name, on=bool(value))

    def _set_rule(self, name: str, *, on: bool) -> None:
        if rule := self._rules.pop(name, None):
            self._slack.end(rule)
        if on:
            busy = Rule(method="*", error="ratelimited", status=429, retry_after=3)
            self._rules[name] = self._slack.add(busy if name == "busy" else Rule(method="*", error="down", status=500))

    def shown(self) -> list[dict[str, Value]]:
        """Return every switch with what it stands at."""
        return [
            {"service": switch.service, "name": switch.name, "words": switch.words, "value": self._value(switch)}
            for switch in SWITCHES
        ]

    def _value(self, switch: Switch) -> Value:
        if switch.service == "TrackingMore":
            return bool(getattr(self._trackingmore, switch.name))
        if switch.name == "late":
            return bool(self._slack.ack_delay)
        rule = self._rules.get(switch.name)
        return rule is not None and any(rule is other for other in self._slack.rules)
