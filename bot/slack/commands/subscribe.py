"""`/track subscribe`: what this channel hears of."""

from bot.domain.errors import CommandNotUnderstood
from bot.domain.status import Aloud, Preset
from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.commands.reading import options_of
from bot.slack.exchange import Reply, Request

ALSO_CALLED = {"problems": "quiet", "problem": "quiet", "default": "essentials", "all": "everything"}


@command(
    "subscribe [quiet | essentials | everything] [aloud:important|all|none]",
    aliases=("sub", "notify"),
    summary="Choose what this channel hears of.",
    example="subscribe essentials aloud:none",
    changes=True,
)
async def subscribe(request: Request, services: Services) -> Reply:
    """Show the rules to the asker, or change them and tell the channel.

    Raises:
        CommandNotUnderstood: a word is no preset.
    """
    words, options = options_of(request.rest, "aloud")
    named = [ALSO_CALLED.get(word, word) for word in words.casefold().split() if word != "only"]
    before = await services.tracker.subscribe(request.place, by=request.user)
    preset, aloud = _preset(named), _aloud(options.get("aloud", ""))
    if (preset or before.preset, aloud or before.aloud) == (before.preset, before.aloud):
        return Reply.to_asker(messages.subscription_now(before, request.command))
    after = await services.tracker.subscribe(request.place, by=request.user, preset=preset, aloud=aloud)
    return Reply.to_channel(messages.subscription_changed(after, by=request.user), changed=[request.place.channel])


def _preset(words: list[str]) -> Preset | None:
    if not words:
        return None
    if len(words) == 1 and words[0] in set(Preset):
        return Preset(words[0])
    raise CommandNotUnderstood(
        "I know `subscribe quiet` (problems only), `essentials` and `everything`; `help events` shows what they tell. "
        "Nothing was changed."
    )


def _aloud(word: str) -> Aloud | None:
    if not word:
        return None
    if word.casefold() in set(Aloud):
        return Aloud(word.casefold())
    raise CommandNotUnderstood("I know `aloud:important`, `aloud:all` and `aloud:none`. Nothing was changed.")
