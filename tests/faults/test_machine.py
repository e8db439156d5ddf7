"""Whatever people, carriers, clocks and faults do, in whatever order, every promise is kept in the end."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.check import Verdict, check
from tests.faults.disk import often_written_anew
from tests.faults.history import begin, noting, settle
from tests.faults.loop import VirtualLoop, same_luck
from tests.faults.slack import BUSY
from tests.faults.world import CHANNELS, World

channels = st.sampled_from(sorted(CHANNELS))
seconds = st.sampled_from([1.0, 10.0, 60.0, 300.0])
SLACK = ("refused", "hang", "drip", "reset", "server fault", *BUSY)
PROVIDER = ("refused", "hang", "drip", "reset", "garbage", "busy", "quota")


class Histories(RuleBasedStateMachine):
    """One world in virtual time; each rule is something that happens in it."""

    def __init__(self) -> None:
        super().__init__()
        self._held = contextlib.ExitStack()
        self._held.enter_context(same_luck("machine"))
        self._held.callback(often_written_anew())
        self._noted = self._held.enter_context(noting())
        self._runner = self._held.enter_context(asyncio.Runner(loop_factory=VirtualLoop))
        self._numbers: list[str] = []

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        self._runner.run(work)

    @initialize(history=st.booleans(), seed=st.integers(0, 1000))
    def opens(self, history: bool, seed: int) -> None:  # noqa: FBT001 - hypothesis names it
        async def open_world() -> None:
            self.world = World(f"machine {seed}", history=history)
            await begin(self.world)
            self._numbers = list(self.world.shown)

        self._do(open_world())

    @rule(at=st.integers(0, 9))
    def scan(self, at: int) -> None:
        async def scanned() -> None:
            self.world.scan(self._numbers[at % len(self._numbers)])

        self._do(scanned())

    @rule(channel=channels, again=st.integers(1, 3))
    def add(self, channel: str, again: int) -> None:
        self._numbers.append(self.world.prints())
        self._do(self.world.adds(self._numbers[-1], channel, again=again))

    @rule(channel=channels, words=st.sampled_from(["list", "help", "nonsense", "quota"]))
    def ask(self, channel: str, words: str) -> None:
        self._do(self.world.types(words, channel))

    @rule(wait=seconds)
    def time_passes(self, wait: float) -> None:
        self._do(asyncio.sleep(wait))

    @rule(hours=st.sampled_from([-24, -1, 1, 24]))
    def clock_is_set(self, hours: int) -> None:
        self.world.set_clock(hours=hours)

    @rule()
    def crash(self) -> None:
        async def crashed() -> None:
            self.world.kill()

        self._do(crashed())

    @rule()
    def power_cut(self) -> None:
        async def cut() -> None:
            self.world.cut_power()

        self._do(cut())

    @rule()
    def restart(self) -> None:
        async def restarted() -> None:
            self.world.terminate()
            await asyncio.sleep(12)

        self._do(restarted())

    @rule(fault=st.sampled_from(SLACK), wait=seconds)
    def slack_fails(self, fault: str, wait: float) -> None:
        async def fails() -> None:
            self.world.slack.breaks(fault, wait)

        self._do(fails())

    @rule(fault=st.sampled_from(PROVIDER), wait=seconds)
    def provider_fails(self, fault: str, wait: float) -> None:
        async def fails() -> None:
            self.world.account.breaks(fault, wait)

        self._do(fails())

    @rule(fault=st.sampled_from(["full", "write error", "sync error", ""]))
    def disk_fails(self, fault: str) -> None:
        self.world.disk.fault = fault

    def teardown(self) -> None:
        """Let everything recover, and hold what happened against what was promised."""

        async def judged() -> Verdict:
            try:
                verdict = Verdict(unsettled=not await settle(self.world))
                self.world.truth.unhandled += self._noted.lines
                return check(self.world, verdict)
            finally:
                await self.world.close()

        try:
            verdict = self._runner.run(judged()) if hasattr(self, "world") else Verdict()
        finally:
            self._held.close()
        assert verdict.faultless, "\n".join(verdict.notes)


@pytest.mark.promise("R1", "R7", "R28", "R36")
def test_in_any_order_of_events_every_promise_is_kept() -> None:
    run_state_machine_as_test(
        Histories, settings=settings(max_examples=15, stateful_step_count=12, deadline=None, derandomize=True)
    )
