"""The system's clock as people elsewhere have it set."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def in_tokyo() -> Iterator[None]:
    """Let local time be nine hours ahead: what is written with a `Z` must not notice."""
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()
