"""The table that all benchmarks share."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.table import Figures


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """Return the table; it is printed when the last figure stands in it."""
    figures = Figures()
    yield figures
    figures.show()
