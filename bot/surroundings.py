"""What the machine has set up that Waybill does not go along with: said once, at start."""

import contextlib
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
FORGETFUL = frozenset({"tmpfs", "ramfs", "overlay"})
DYNO = "DYNO"
"""Heroku sets it; a dyno's disk is thrown away at each restart: https://devcenter.heroku.com/articles/dynos"""
MOUNTS = Path("/proc/mounts")


def warn_of_surroundings(folder: Path, *, asked: int, interval: int, mounts: Path = MOUNTS) -> bool:
    """Log a line for each: proxies, an interval that was raised, a data folder that goes with the machine.

    Return whether the data folder is kept.
    """
    for name in PROXIES:
        if os.environ.get(name):
            logger.warning("a proxy variable is set and not used: calls go out directly", extra={"variable": name})
    if asked != interval:
        logger.warning("the interval was raised to the minimum", extra={"asked": asked, "interval": interval})
    kind = file_system(folder, mounts)
    kept = kind not in FORGETFUL and not os.environ.get(DYNO)
    if not kept:
        logger.warning(
            "the storage is not kept when this machine or container goes: put WAYBILL_DATA on a volume",
            extra={"folder": str(folder), "file_system": kind},
        )
    return kept


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that holds the folder, "" when that cannot be told."""
    best, kind = "", ""
    with contextlib.suppress(OSError, RuntimeError):  # Python 3.11 and 3.12 say RuntimeError of links in a circle
        path = str(folder.resolve())  # a link may lead from a disk that is thrown away to one that is kept
        for line in mounts.read_text(errors="replace").splitlines():
            _, point, type_, *_ = line.split(" ")
            point = point.replace("\\040", " ")  # as the kernel writes it
            if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
                best, kind = point, type_
    return kind
