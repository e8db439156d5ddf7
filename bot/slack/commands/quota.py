"""`/track quota`: what the tracking account has left."""

from bot.services import Services
from bot.slack import messages
from bot.slack.command import command
from bot.slack.exchange import Reply, Request


@command("quota", aliases=("q",), summary="Show what is left of the tracking quota.", example="quota")
async def quota(request: Request, services: Services) -> Reply:  # noqa: ARG001 - the account is everybody's
    """Show the quota, and how the rounds are doing; asking is free.

    Raises:
        ProviderUnavailable: the provider does not answer.
    """
    left = (await services.tracker.quota()).left
    most = await services.sweep.most_quota(left)
    return Reply.to_asker(messages.quota(left, most, await services.sweep.health()))
