"""What a campaign has done, kept so that one that was stopped goes on from there.

It counts only for the code it was done with: a campaign of other code begins anew.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "soak"


def code() -> str:
    """Return what tells this code from any other."""
    digest = hashlib.blake2b(digest_size=6)
    for folder in ("bot", "tests/faults", "tests/soak", "tests/e2e"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


class Memory:
    """Lines of JSON, each something that was done, under the name it was done by."""

    def __init__(self, kind: str, folder: Path = FOLDER) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{kind}-{code()}.jsonl"

    def known(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what was done, by name. A line that was not finished does not count."""
        return dict(self._read())

    def keep(self, name: str, what: Mapping[str, Any]) -> None:
        """Keep that this was done."""
        with self._file.open("a") as file:
            file.write(json.dumps({"name": name, **what}) + "\n")

    def _read(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for line in self._file.read_text().splitlines() if self._file.exists() else ():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            yield str(found.pop("name")), found
