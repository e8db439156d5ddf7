"""What the machine has set up that Waybill does not go along with: said once, at start."""

import contextlib
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
FORGETFUL = frozenset({"tmpfs", "ramfs", "overlay"})
MOUNTS = Path("/proc/mounts")


def warn_of_surroundings(folder: Path, *, asked: int, interval: int, mounts: Path = MOUNTS) -> None:
    """Log a line for each: proxies, an interval that was raised, a data folder that goes with the container."""
    for name in PROXIES:
        if os.environ.get(name):
            logger.warning("a proxy variable is set and not used: calls go out directly", extra={"variable": name})
    if asked != interval:
        logger.warning("the interval was raised to the minimum", extra={"asked": asked, "interval": interval})
    kind = file_system(folder, mounts)
    if kind in FORGETFUL:
        logger.warning(
            "the storage is not kept when this machine or container goes: put WAYBILL_DATA on a volume",
            extra={"folder": str(folder), "file_system": kind},
        )


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that holds the folder, "" when that cannot be told."""
    path = str(folder.absolute())
    best, kind = "", ""
    with contextlib.suppress(OSError):
        for line in mounts.read_text(errors="replace").splitlines():
            _, point, type_, *_ = line.split(" ")
            if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
                best, kind = point, type_
    return kind
