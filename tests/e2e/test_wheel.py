"""The wheel: what people install elsewhere holds all that Waybill needs."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the files in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=TOP,
        check=True,
        capture_output=True,
        timeout=50,
    )
    (path,) = folder.glob("waybill-*.whl")
    with ZipFile(path) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_bot(wheel: set[str]) -> None:
    ours = {
        path.relative_to(TOP).as_posix()
        for path in (TOP / "bot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert ours - wheel == set()


def test_the_manifest_travels_in_the_wheel(wheel: set[str]) -> None:
    assert "bot/manifest.yml" in wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    outside = {name.partition("/")[0] for name in wheel}

    assert {name for name in outside if not name.endswith(".dist-info")} == {"bot"}
