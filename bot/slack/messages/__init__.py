"""What the bot says: pure functions that return a message."""

from bot.slack.messages.answers import (
    added_many,
    archived,
    deleted,
    followed,
    marked,
    not_a_verb,
    our_fault,
    quota,
    refreshed,
    restored,
    result_line,
    returned_is_said_by_carriers,
    sorry,
    unarchived,
)
from bot.slack.messages.asking import (
    carrier_choice,
    carrier_unknown,
    check_digit_doubt,
    delete_sure,
    many_at_once,
    pick,
    postcode_wanted,
)
from bot.slack.messages.card import parcel_card
from bot.slack.messages.channel import introduction, notice, subscription_changed, subscription_now
from bot.slack.messages.digest import digest
from bot.slack.messages.help import help_all, help_events, help_verb
from bot.slack.messages.lists import GROUP_WORDS, Group, channel_status, group_of, list_page, menu, timeline
from bot.slack.messages.news import news
from bot.slack.messages.words import STATUS_WORDS, status_words

__all__ = [
    "GROUP_WORDS",
    "STATUS_WORDS",
    "Group",
    "added_many",
    "archived",
    "carrier_choice",
    "carrier_unknown",
    "channel_status",
    "check_digit_doubt",
    "delete_sure",
    "deleted",
    "digest",
    "followed",
    "group_of",
    "help_all",
    "help_events",
    "help_verb",
    "introduction",
    "list_page",
    "many_at_once",
    "marked",
    "menu",
    "news",
    "not_a_verb",
    "notice",
    "our_fault",
    "parcel_card",
    "pick",
    "postcode_wanted",
    "quota",
    "refreshed",
    "restored",
    "result_line",
    "returned_is_said_by_carriers",
    "sorry",
    "status_words",
    "subscription_changed",
    "subscription_now",
    "timeline",
    "unarchived",
]
