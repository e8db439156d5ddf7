"""The kinds of fault: what goes wrong at a crash point, and for how long."""

from collections.abc import Callable, Mapping

from tests.faults.life import Death
from tests.faults.loop import VirtualLoop
from tests.faults.slack import BUSY, CODES
from tests.faults.world import World

Kind = Callable[[World], None]


def _for_a_while(world: World) -> float:
    return world.fate.choice((15.0, 60.0, 200.0))


def _often(world: World) -> float:
    return world.fate.choice((1.0, 1.0, 0.5))


def _kill(world: World) -> None:
    world.kill()
    raise Death


def _cut_power(world: World) -> None:
    world.cut_power()
    raise Death


def _cut_power_early(world: World) -> None:
    world.cut_power(all_of_it=True)
    raise Death


def _tear(world: World) -> None:
    world.disk.tears = world.cut_power


def _freeze(world: World) -> None:
    assert isinstance(world.loop, VirtualLoop)
    world.loop.jump(world.fate.choice((5.0, 40.0, 300.0)))


def _disk(fault: str) -> Kind:
    def breaks(world: World) -> None:
        world.disk.fault = fault
        world.loop.call_later(_for_a_while(world), _mend_disk, world)

    return breaks


def _mend_disk(world: World) -> None:
    world.disk.fault = ""


def _slack(fault: str) -> Kind:
    return lambda world: world.slack.breaks(fault, _for_a_while(world), _often(world))


def _provider(fault: str) -> Kind:
    return lambda world: world.account.breaks(fault, _for_a_while(world), _often(world))


def _both(fault: str) -> Kind:
    def breaks(world: World) -> None:
        _slack(fault)(world)
        _provider(fault)(world)

    return breaks


def _disorder(world: World) -> None:
    world.account.disordered_until = world.loop.time() + _for_a_while(world)


def _twice(world: World) -> None:
    """Slack repeats what it did not see acknowledged: so does this world, from now on."""
    world.repeats = True


def _answer_lost_and_killed(world: World) -> None:
    world.slack.breaks("reset", 20)
    world.loop.call_later(world.fate.uniform(0, 20), world.kill)


KINDS: Mapping[str, Kind] = {
    "kill": _kill,
    "power cut": _cut_power,
    "early power cut": _cut_power_early,
    "torn write": _tear,
    "SIGTERM": World.terminate,
    "freeze": _freeze,
    "answers lost and kill": _answer_lost_and_killed,
    "second process": World.start_another,
    "disk full": _disk("full"),
    "write error": _disk("write error"),
    "sync error": _disk("sync error"),
    "clock +1 h": lambda world: world.set_clock(hours=1),
    "clock -1 h": lambda world: world.set_clock(hours=-1),
    "clock +1 day": lambda world: world.set_clock(days=1),
    "clock -1 day": lambda world: world.set_clock(days=-1),
    **{f"both {fault}": _both(fault) for fault in ("refused", "hang", "drip", "reset", "server fault", "garbage")},
    **{f"both {fault}": _both(fault) for fault in ("wrong shape", "oversize")},
    **{f"Slack {fault}": _slack(fault) for fault in (*BUSY, *CODES)},
    **{f"provider {fault}": _provider(fault) for fault in ("busy", "key", "quota")},
    "reports in disorder": _disorder,
    "requests repeated": _twice,
}
