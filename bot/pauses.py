"""Python's search for garbage, kept short: it holds everybody up, and what is remembered for ever is not garbage.

A full search goes through all objects there are. With 100,000 parcels that takes a quarter of a second, so what is
there at the start is set aside, and later what has come to it whenever a search takes long again. What is set aside
still goes when nobody holds it any more; only a ring of objects that hold each other would stay.
"""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

LONG = 0.004
"""Seconds."""
YOUNG = 10_000
"""So many new objects are searched at once, in about a millisecond: those of a page of the list are gone before."""
_OLDEST = 2


@contextmanager
def short_pauses() -> Iterator[None]:
    """Keep the searches short as long as this is open."""
    began = 0.0

    def note(phase: str, facts: Mapping[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        elif facts["generation"] == _OLDEST and time.perf_counter() - began > LONG:
            gc.freeze()

    gc.collect()
    gc.freeze()
    gc.collect()  # with next to nothing left: after how much growth the next one comes goes by this
    gc.callbacks.append(note)
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG, *usual[1:])
    try:
        yield
    finally:
        gc.callbacks.remove(note)
        gc.set_threshold(*usual)
        gc.unfreeze()
