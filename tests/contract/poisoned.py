"""A process that tells what waits in a store, and whose writing of one parcel's news ends it: `poisoned FOLDER FILE`.

What it posts it appends to the file, which is its Slack. It ends with 0 when nothing is left that it can tell.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.domain.parcel import Parcel
from bot.services.outbox import Outbox
from bot.slack import messages
from bot.slack.messenger import SlackMessenger
from bot.stores.sealing import Sealer
from bot.stores.tinydb import open_store
from tests.fakes import FakeClock

POISON = "1ZX000000000000002"
DIED = 9
KEY = "bm90LWEtcmVhbC1rZXktanVzdC1mb3ItdGVzdHMtMDE="


class FileSlack:
    """A Slack that is a file: what is posted is a line of it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def chat_postMessage(self, **body: Any) -> Any:  # noqa: ANN401, N802 - Slack's own
        """Post a message."""
        ts = f"{1_700_000_000 + len(self.posted())}.000001"
        with self._file.open("a") as file:
            file.write(json.dumps({"ts": ts, **body}) + "\n")
        return SimpleNamespace(data={"ok": True, "ts": ts})

    async def chat_update(self, **_: Any) -> Any:  # noqa: ANN401 - Slack's own
        """Redraw a message."""
        return SimpleNamespace(data={"ok": True})

    async def conversations_history(self, **_: Any) -> Any:  # noqa: ANN401 - Slack's own
        """Return what was posted."""
        return SimpleNamespace(data={"ok": True, "messages": self.posted()})

    conversations_replies = conversations_history

    def posted(self) -> list[dict[str, Any]]:
        """Return what was posted by all processes."""
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []


def deadly(write: Callable[..., Any], parcels: Callable[..., Iterable[Parcel]]) -> Callable[..., Any]:
    """Return the writer of a message that ends the process when it comes to one parcel."""

    def written(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - the writer's own
        if any(parcel.key.number == POISON for parcel in parcels(*args)):
            os._exit(DIED)
        return write(*args, **more)

    return written


async def tell(folder: Path, file: Path) -> None:
    """Tell everything, with time passing as fast as it can."""
    messages.news = deadly(messages.news, lambda _rows, parcel, _subscription: [parcel])
    messages.digest = deadly(messages.digest, lambda news: [one.parcel for one in news])
    store, clock = await open_store(folder, Sealer(KEY)), FakeClock()
    slack, clock = cast("Any", FileSlack(file)), FakeClock()
    messenger = SlackMessenger(slack, cast("Any", None), clock=clock, command="/track", hooks="")
    outbox = Outbox(store=store, messenger=messenger, clock=clock)
    for _ in range(60):
        await outbox.tell_due()
        clock.move(seconds=5)
    await store.close()


if __name__ == "__main__":
    asyncio.run(tell(Path(sys.argv[1]), Path(sys.argv[2])))
