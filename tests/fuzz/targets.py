"""All targets, and how much of a campaign each gets: the quicker and the more exposed, the more."""

from collections.abc import Callable, Mapping

from tests.fuzz.answers import Decoders
from tests.fuzz.campaign import Target
from tests.fuzz.commands import Parser
from tests.fuzz.guard import Guard
from tests.fuzz.messages import Renderer
from tests.fuzz.stores import Loader

TARGETS: Mapping[str, Callable[[], Target]] = {
    "parser": Parser,
    "guard": Guard,
    "decoders": Decoders,
    "renderer": Renderer,
    "loader": Loader,
}
SHARES = {"parser": 25, "guard": 25, "decoders": 30, "renderer": 10, "loader": 10}
