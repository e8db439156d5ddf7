"""Searches for garbage are kept short while the bot runs, and are as before when it has stopped."""

import gc

from bot.pauses import short_pauses


def test_what_is_there_at_the_start_is_searched_no_more_and_comes_back_at_the_end() -> None:
    usual = gc.get_threshold(), list(gc.callbacks)
    there = [[[at]] for at in range(1000)]

    with short_pauses():
        set_aside = gc.get_freeze_count()
        searched = {id(one) for one in gc.get_objects()}

    assert set_aside > len(there)
    assert searched.isdisjoint(map(id, there))
    assert gc.get_freeze_count() == 0
    assert (gc.get_threshold(), list(gc.callbacks)) == usual


def test_a_search_that_takes_long_sets_aside_what_it_left() -> None:
    with short_pauses():
        grown = [[at] for at in range(500_000)]
        gc.collect()
        searched = len(gc.get_objects())

    assert searched < len(grown)
