"""A folder for a store, and its file."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def main(folder: Path) -> Path:
    return folder / "waybill.json"
