"""What all tests share: the browser that they drive."""

import os
import shutil
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


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the machine's own Chromium: Playwright's download of one is never needed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and "CI" not in os.environ:
        pytest.skip(f"No browser here: install one of {', '.join(BROWSERS)} to test the pages.")
    return {"executable_path": path, "args": list(QUIET)}
