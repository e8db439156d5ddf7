"""A stage on firm ground: the services live in the test itself, so that all they hold can be counted.

Any call that the bot makes can be stopped at its most awkward moment: when it has come in, or when it was carried out
and its answer is about to leave.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.domain.errors import StoreError
from bot.sandbox.slack import Message as Posted
from bot.sandbox.trackingmore import Checkpoint
from bot.sandbox.world import World
from bot.stores.tinydb.journal import Damaged
from bot.stores.tinydb.reading import put_together
from tests.e2e.stage import Stage
from tests.serving import serving

CARRIER = "yunexpress"  # its numbers have no check digit, so there are as many as a test wants
STANDS = (
    *("transit001", "pickup001", "undelivered", "pickup002", "delivered001", "exception010", "transit003"),
    *("exception009", "transit001", "pickup001", "delivered004"),
)
"""Where a parcel stands from scan to scan: each is told in a line of its own."""
_NUMBER = re.compile(r"YT\d{16}")
_TOLD = re.compile(r"\n> scan (\d+)\b")
_MORE = re.compile(r"(?:;| ·) and (\d+) more$")
_TOLD_IN_DIGEST = re.compile(r"· scan (\d+)\b")
_MARKED = " marked it "


@dataclass(kw_only=True)
class Trap:
    """Acts at a call whose path ends so, after so many others, when it is carried out, if it is at all.

    The caller gets an answer only if one is to be given, so many seconds later.
    """

    path: str
    act: Callable[[], None]
    skips: int = 0
    carried_out: bool = True
    answers_after: float | None = None
    sprung: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A call that was answered: its path, and when it came in and its answer had left (monotonic seconds)."""

    path: str
    came: float
    left: float


class Wire:
    """Passes everything on to an application, but for what its trap catches; notes when what passed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.trap: Trap | None = None
        self.passed: list[Passed] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trap = self._caught(scope)
        if trap is None:
            came = time.monotonic()
            await self._app(scope, receive, send)
            self.passed.append(Passed(path=scope["path"], came=came, left=time.monotonic()))
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        if trap.carried_out:
            await self._app(scope, receive, keep)
        trap.act()
        trap.sprung.set()
        if trap.answers_after is None:
            kept = [{"type": "http.response.start", "status": 503}, {"type": "http.response.body"}]
        else:
            await asyncio.sleep(trap.answers_after)
        for message in kept:
            await send(message)

    def _caught(self, scope: Scope) -> Trap | None:
        trap = self.trap
        if trap is None or scope["type"] != "http" or not scope["path"].endswith(trap.path):
            return None
        if trap.skips:
            trap.skips -= 1
            return None
        self.trap = None
        return trap


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message in a parcel's thread: the newest scan that it tells of, and of how many it tells."""

    newest: int
    tells_of: int


class Ground(Stage):
    """A stage whose services are at hand: `world` has them, `wire` is where the bot's calls come in."""

    world: World
    wire: Wire

    def __init__(self, folder: Path, *, by: str = "socket", sweep_every: int = 1) -> None:
        super().__init__(folder, by=by, sweep_every=sweep_every)
        self.scans: dict[str, int] = {}
        self._served = AsyncExitStack()

    async def start_sandbox(self) -> None:
        """Serve the services here; the carrier clock runs as ours does."""
        request_url = f"http://127.0.0.1:{self.bot_port}/slack/events" if self.by == "http" else None
        self.world = World(request_url=request_url)
        self.world.trackingmore.faults.rate_limits = (
            False  # a busy machine looks like haste; the pace is tested elsewhere
        )
        self.wire = Wire(self.world.app)
        self.url = await self._served.enter_async_context(serving(self.wire))
        self.world.stand_at(self.url)

    async def stop(self) -> None:
        """End everything."""
        await super().stop()
        self.world.page.close()
        await self._served.aclose()

    # ── carriers ───────────────────────────────────────────────────────────────────────────────────────────────

    def prints(self) -> str:
        """Return the number of a parcel that no carrier has scanned yet."""
        number = f"YT24{len(self.scans):014d}"
        self.world.trackingmore.life(CARRIER, number).tell([])
        self.scans[number] = 0
        return number

    def scan(self, number: str) -> None:
        """Let the carrier scan the parcel, so that it stands elsewhere, and the service see it at once."""
        service = self.world.trackingmore
        self.scans[number] += 1
        stands = STANDS[self.scans[number] % len(STANDS)]
        status = stands.rstrip("0123456789")
        point = Checkpoint(
            at=service.now,
            text=f"scan {self.scans[number]:04d}",
            status=status,
            substatus=stands if stands != status else "",
        )
        life = service.life(CARRIER, number)
        life.tell([*life.events, point])
        service.touch(number)

    # ── what the services hold ─────────────────────────────────────────────────────────────────────────────────

    def by_bot(self, channel: str, kind: str) -> list[Posted]:
        """Return what the bot posted in a channel under this kind of stamp, oldest first."""
        found = [one for one in self.world.slack.messages.values() if one.channel == channel and one.by_bot]
        return [one for one in found if (one.metadata or {}).get("event_type") == kind]

    def cards(self, channel: str) -> dict[str, list[Posted]]:
        """Return the cards in a channel by the number of their parcel."""
        found: dict[str, list[Posted]] = {}
        for card in self.by_bot(channel, "waybill_card"):
            if number := _NUMBER.search(card.text):
                found.setdefault(number[0], []).append(card)
        return found

    def news(self, channel: str, number: str) -> list[Posted]:
        """Return the messages in the threads of a parcel's cards, oldest first."""
        threads = {card.ts for card in self.cards(channel).get(number, [])}
        return [one for one in self.by_bot(channel, "waybill_news") if one.thread_ts in threads]

    def lines(self, channel: str, number: str) -> list[Line]:
        """Return what was told of a parcel's scans in a channel, in order."""
        alone = [(one.ts, line) for one in self.news(channel, number) if (line := _line(one.blocks))]
        together = [
            (one.ts, line)
            for one in self.by_bot(channel, "waybill_digest")
            if (line := _line_in_digest(one.blocks, number))
        ]
        return [line for _, line in sorted(alone + together, key=lambda one: one[0])]

    def marks(self, channel: str, number: str) -> int:
        """Return how many marks were told of a parcel of which there is nothing else to tell."""
        alone = [said for one in self.news(channel, number) for said in _said(one.blocks)]
        together = [_digest_line(one.blocks, number) for one in self.by_bot(channel, "waybill_digest")]
        return sum(said.count(_MARKED) + _more(said) for said in (*alone, *together))

    def told(self, channel: str, number: str) -> int:
        """Return the newest scan of the parcel that was told in the channel."""
        return max((line.newest for line in self.lines(channel, number)), default=0)

    def stamps(self) -> list[tuple[str, str]]:
        """Return the stamps of everything the bot posted, each with its kind."""
        posted = [one.metadata for one in self.world.slack.messages.values() if one.metadata]
        return [(one["event_type"], one["event_payload"]["id"]) for one in posted]

    def charged(self) -> float:
        """Return what the account has spent."""
        return self.world.trackingmore.quota.spent

    def undone(self) -> list[Mapping[str, Any]]:
        """Return the requests that the bot has kept and not done, as it stored them."""
        return [item for item in self._stored("inbox") if item.get("done_at") is None]

    def untold(self) -> list[Mapping[str, Any]]:
        """Return the rows that the bot has still to tell, as it stored them."""
        return [row for row in self._stored("outbox") if row["progress"] != "set aside"]

    def _stored(self, table: str) -> list[Mapping[str, Any]]:
        """Read the snapshot and its journals; while the bot writes all anew, once more."""
        folder = self.folder / "data"
        for left in reversed(range(5)):
            try:
                whole = put_together(partial(_content, folder), [file.name for file in folder.iterdir()])
            except (Damaged, StoreError):
                if not left:
                    raise
                time.sleep(0.01)
            else:
                return [json.loads(row) for row in whole.tables.get(table, {}).values()]
        return []


def _content(folder: Path, name: str) -> bytes | None:
    file = folder / name
    return file.read_bytes() if file.exists() else None


def _line_in_digest(blocks: Sequence[Mapping[str, Any]], number: str) -> Line | None:
    """Read what a digest tells of one parcel; None when it tells of no scan of it."""
    line = _digest_line(blocks, number)
    told = _TOLD_IN_DIGEST.search(line)
    return Line(newest=int(told[1]), tells_of=1 + _more(line)) if told else None


def _digest_line(blocks: Sequence[Mapping[str, Any]], number: str) -> str:
    return next((line for said in _said(blocks) for line in said.split("\n") if number in line), "")


def _said(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    return [part["text"] for one in blocks for part in (one.get("text"), *one.get("elements", ())) if part]


def _more(said: str) -> int:
    """Return how many changes are only counted."""
    more = _MORE.search(said)
    return int(more[1]) if more else 0


def _line(blocks: Sequence[Mapping[str, Any]]) -> Line | None:
    """Read a message of news; None when it quotes no scan."""
    told = _TOLD.search(blocks[0]["text"]["text"])
    if told is None:
        return None
    tells_of = 1
    if len(blocks) > 1:
        before = blocks[1]["elements"][0]["text"]
        tells_of += len(_MORE.sub("", before).split("; ")) + _more(before)
    return Line(newest=int(told[1]), tells_of=tells_of)
