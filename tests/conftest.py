"""What all tests share: the browser that they drive, and logging as it was."""

import logging
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("waybill", deadline=None)  # no test depends on how fast the machine is
settings.load_profile("waybill")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Chromium keeps to itself: without these it calls home at each start.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Put back afterwards what a test makes of logging, for loggers too that came only meanwhile."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in list(logging.Logger.manager.loggerDict)}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the machine's own Chromium: Playwright's download of one is never needed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and "CI" not in os.environ:
        pytest.skip(f"No browser here: install one of {', '.join(BROWSERS)} to test the pages.")
    return {"executable_path": path, "args": list(QUIET)}
