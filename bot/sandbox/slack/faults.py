"""What can be made to go wrong with Slack, by hand or by a test."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Rule:
    """An answer that calls get instead of the real one.

    Args:
        method: the method it is for, `*` for all.
        error: Slack's error code.
        status: the HTTP status; from 500 on the body is no JSON.
        channel: only for calls with this channel.
        after: how many calls are let through first.
        times: how many calls it is for; None until it is ended.
        stores: the call is carried out before it fails.
        drops: the connection is cut in the middle of the answer.
    """

    method: str
    error: str
    status: int = 200
    retry_after: int | None = None
    channel: str | None = None
    after: int = 0
    times: int | None = None
    stores: bool = False
    drops: bool = False
    used: int = 0


@dataclass(slots=True, kw_only=True)
class Faults:
    """The rules in force. `ack_delay` holds back the app's acknowledgements by so many seconds."""

    rules: list[Rule] = field(default_factory=list)
    ack_delay: float = 0.0

    def busy(
        self,
        *,
        times: int | None = None,
        retry_after: int = 3,
        channel: str | None = None,
        method: str = "chat.postMessage",
        after: int = 0,
    ) -> Rule:
        """Answer posts with 429, so many or until the rule is ended."""
        rule = Rule(method=method, error="ratelimited", status=429, channel=channel, times=times, after=after)
        rule.retry_after = retry_after
        return self.add(rule)

    def fail(
        self, method: str, error: str, *, channel: str | None = None, times: int | None = None, after: int = 0
    ) -> Rule:
        """Answer calls with `ok: false` and this error."""
        return self.add(Rule(method=method, error=error, channel=channel, times=times, after=after))

    def http_500(self, method: str = "chat.postMessage", *, after_store: bool = False, times: int | None = 1) -> Rule:
        """Answer with a page instead of JSON; with `after_store` what was asked is done all the same."""
        return self.add(Rule(method=method, error="http_500", status=500, stores=after_store, times=times))

    def drop(self, method: str = "chat.postMessage", *, times: int | None = 1) -> Rule:
        """Do what is asked, then cut the connection, so that the app can't know."""
        return self.add(Rule(method=method, error="dropped", stores=True, drops=True, times=times))

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force and return it."""
        self.rules.append(rule)
        return rule

    def end(self, rule: Rule) -> None:
        """Take a rule out of force."""
        self.rules = [other for other in self.rules if other is not rule]

    def clear(self) -> None:
        """Let everything work again."""
        self.rules = []
        self.ack_delay = 0.0

    def rule_for(self, method: str, channel: object) -> Rule | None:
        """Return the rule that this call meets, and count the call."""
        for rule in self.rules:
            if rule.method not in {"*", method} or rule.channel not in (None, channel):
                continue
            if rule.after:
                rule.after -= 1
            elif rule.times is None or rule.used < rule.times:
                rule.used += 1
                return rule
        return None
