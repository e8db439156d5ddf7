"""The guard: mutated requests at the web application, signed and unsigned, with the real Bolt behind it."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from bot.web.door import Door
from tests.fuzz import mutators
from tests.unit.site import FORM, SECRET, Line, Site, signature

FOLDER = Path(__file__).parents[1] / "recordings" / "slack"
JSON = "application/json"
ANSWERS = frozenset({0, 200, 400, 401, 404, 405, 408, 413})
"""What may be answered; 0 is nothing, to what is not yet a request."""
STATUS = re.compile(rb"HTTP/\d\.\d (\d{3}) ")
OTHER_HEADERS = ("Transfer-Encoding", "Content-Encoding", "Expect", "Connection", "Upgrade", "Cookie", "X")
COMMANDS = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("slash_command.*.json"))]
PAYLOADS = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("block_actions.*.json"))]
EVENTS = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("event.*.json"))]
EVENTS.append({"type": "url_verification", "token": "sandbox", "challenge": "3eZbrw1aB"})
PARTS = [*PAYLOADS, *EVENTS, *COMMANDS]
OTHER_PATHS = ("/", "/healthz", "/readyz", "/metrics", "/slack/events/", "/slack//events", "/slack/events/../x", "/%00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What comes over a connection, piece by piece; `signed` says that Slack itself would have sent this signature."""

    pieces: Sequence[bytes]
    signed: bool


class Guard:
    """Asks what Slack asks, and nearly that, over connections of its own."""

    def __init__(self) -> None:
        self._site: Site | None = None
        self._door: Door | None = None

    def make(self, luck: Random) -> Asked:
        """Return a request: most are signed, since the guard refuses the others before it reads them."""
        body, kind = _body(luck)
        signed = luck.random() < 0.7
        proof = {name.replace("_", "-"): value for name, value in signature(body).items()}
        if not signed:
            proof = _spoilt_proof(luck, proof, body)
        headers = {"Host": "waybill.example", "Content-Type": kind, "Content-Length": str(len(body)), **proof}
        if luck.random() < 0.2:
            name = luck.choice((*(one for one in headers if one not in proof), *OTHER_HEADERS))
            headers[name] = mutators.text(luck, headers.get(name, luck.choice(("1", "chunked", "gzip", "close"))))
        method = "POST" if luck.random() < 0.95 else luck.choice(("GET", "PUT", "HEAD", "CONNECT", "BREW", ""))
        path = "/slack/events" if luck.random() < 0.95 else mutators.text(luck, luck.choice(OTHER_PATHS))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        raw = "\r\n".join([*lines, "", ""]).encode(errors="surrogatepass") + body
        if not signed and luck.random() < 0.3:
            raw = mutators.octets(luck, raw)
        cut = luck.randrange(len(raw) + 1)
        return Asked(pieces=luck.choice(((raw,), (raw[:cut], raw[cut:]), (raw[:cut],), (raw, raw))), signed=signed)

    async def run(self, given: Asked) -> None:
        """Ask; nothing but a signed request comes through, and no answer is a failure of ours."""
        if self._site is None or self._door is None:
            self._site = Site()
            self._door = self._site.web.door()
        site = self._site
        site.kept.clear()
        site.reopened.clear()
        line = Line(self._door())
        for piece in given.pieces:
            line.says(piece)
            await _settled(line)
        line.close()
        await asyncio.sleep(0)
        written = bytes(line.written)
        found = STATUS.match(written)
        assert found is not None or not written, f"no HTTP: {written[:80]!r}"
        status = int(found[1]) if found is not None else 0
        assert status in ANSWERS, f"HTTP {status}"
        assert given.signed or not site.kept, "an unsigned request came through"
        assert given.signed or not site.reopened, "an unsigned event came through"
        assert SECRET.encode() not in written, "the secret was answered"
        assert not self._door.strangers, "a connection was left over"
        for item in site.kept:
            item.words.encode()
            assert item.id, "an item without an id"


async def _settled(line: Line) -> None:
    """Let the loop turn until there is an answer, or nothing more is to be expected."""
    before = len(line.written)
    for _ in range(20):
        await asyncio.sleep(0)
        if len(line.written) > before:
            break


def _body(luck: Random) -> tuple[bytes, str]:
    """Return a spoilt request of Slack's and its type."""
    match luck.randrange(10):
        case 0 | 1 | 2:
            fields = mutators.value(luck, luck.choice(COMMANDS), PARTS)
            return _form(luck, fields if isinstance(fields, dict) else {"text": str(fields)}), FORM
        case 3 | 4 | 5 | 6:
            payload = mutators.written(luck, mutators.value(luck, luck.choice(PAYLOADS), PARTS))
            return _form(luck, {"payload": payload}), FORM
        case 7 | 8:
            event = mutators.written(luck, mutators.value(luck, luck.choice(EVENTS), PARTS))
            return event, luck.choice((JSON, JSON, FORM))
        case _:
            return luck.randbytes(luck.randrange(200)), luck.choice((FORM, JSON, "text/plain", ""))


def _form(luck: Random, fields: dict[str, Any]) -> bytes:
    pairs = [(_bytes(name), _bytes(value)) for name, value in fields.items()]
    if luck.random() < 0.1:
        pairs += pairs[: luck.randrange(4)]
    body = urlencode(pairs).encode()
    return mutators.octets(luck, body) if luck.random() < 0.15 else body


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


def _spoilt_proof(luck: Random, proof: dict[str, str], body: bytes) -> dict[str, str]:
    """Return a signature that Slack would not have sent for this body now."""
    match luck.randrange(6):
        case 0:
            return {}
        case 1:
            digest = proof["x-slack-signature"]
            at = luck.randrange(3, len(digest))
            return proof | {"x-slack-signature": f"{digest[:at]}{'0' if digest[at] != '0' else '1'}{digest[at + 1 :]}"}
        case 2:
            wrong = signature(body, secret="another-secret")
        case 3:
            wrong = signature(body, age=luck.choice((400, -400, 10**6)))
        case 4:
            wrong = signature(body + b"x")
        case _:
            stamp = mutators.text(luck, str(round(time.time())))
            return proof | {"x-slack-request-timestamp": f"{stamp}x"}
    return {name.replace("_", "-"): value for name, value in wrong.items()}
