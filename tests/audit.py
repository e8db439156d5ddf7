"""`make audit`: does our code do what it should not, is a library known to be unsafe, and what are we made of?

Bandit reads the code. pip-audit asks the public index about each locked version; where that cannot be reached it says
nothing wrong of anything, so what it did not look at is counted here and said. The list of parts (SBOM, CycloneDX) is
made of the lock alone: `build/sbom.cyclonedx.json`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from bot import __version__

TOP = Path(__file__).parents[1]
LOCK = TOP / "requirements.txt"
PARTS = TOP / "build" / "sbom.cyclonedx.json"
_PART = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\\n]+)[^\n]*((?:\n\s+--hash=sha256:[0-9a-f]{64}[ \\]*)+)", re.MULTILINE)


def main() -> int:
    """Do all three; return 0 when nothing was found."""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    parts = parts_of(LOCK.read_text())
    PARTS.parent.mkdir(exist_ok=True)
    PARTS.write_text(json.dumps(bill(parts), indent=1) + "\n")
    console.print(f"Parts: {len(parts)} libraries in {PARTS.relative_to(TOP)}")
    code = _run("bandit", "--quiet", "--recursive", "bot", "--configfile", "pyproject.toml")
    console.print(code.stdout if code.returncode else "Code: bandit finds nothing.")
    known, said = unsafe()
    console.print(said)
    return 1 if code.returncode or known else 0


def unsafe() -> tuple[bool, str]:
    """Return whether a library is known to be unsafe, and what is to be said of it."""
    asked = _run("pip-audit", "--requirement", str(LOCK), "--require-hashes", "--disable-pip", "--format", "json")
    try:
        found = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return False, "Libraries: NOT audited, since the index of known faults cannot be reached."
    skipped = [one["name"] for one in found if "skip_reason" in one]
    bad = {
        f"{one['name']} {one['version']}": [fault["id"] for fault in one["vulns"]] for one in found if one.get("vulns")
    }
    if len(skipped) == len(found):
        return False, "Libraries: NOT audited, since the index of known faults cannot be reached."
    said = [f"Libraries: {len(found) - len(skipped)} audited, {len(bad)} with known faults."]
    said += [f"  {name}: {', '.join(ids)}" for name, ids in bad.items()]
    said += [f"  NOT audited: {', '.join(skipped)}"] if skipped else []
    return bool(bad), "\n".join(said)


def parts_of(lock: str) -> list[dict[str, Any]]:
    """Return the libraries in a lock, as CycloneDX names them."""
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": one} for one in re.findall(r"[0-9a-f]{64}", hashes)],
        }
        for name, version, hashes in _PART.findall(lock)
    ]


def bill(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the list of parts as a CycloneDX document; the same lock makes the same one."""
    own = {
        "type": "application",
        "name": "waybill",
        "version": __version__,
        "bom-ref": f"pkg:pypi/waybill@{__version__}",
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own},
        "components": parts,
    }


def _run(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    here = Path(sys.executable).parent / tool
    return subprocess.run([str(here), *words], cwd=TOP, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
