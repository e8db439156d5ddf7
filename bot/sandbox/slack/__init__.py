"""A Slack of our own: a workspace whose Web API, commands, buttons and sockets behave as Slack's do."""

from bot.sandbox.slack.faults import Faults, Rule
from bot.sandbox.slack.limits import Limits
from bot.sandbox.slack.model import ApiCall, Change, Channel, Delivery, Json, Message, Refused, User
from bot.sandbox.slack.slack import Slack

__all__ = [
    "ApiCall",
    "Change",
    "Channel",
    "Delivery",
    "Faults",
    "Json",
    "Limits",
    "Message",
    "Refused",
    "Rule",
    "Slack",
    "User",
]
