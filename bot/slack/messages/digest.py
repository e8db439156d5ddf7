"""The news of many parcels of one channel as one message: a line each, and the cards are redrawn afterwards."""

from collections.abc import Sequence

from bot.domain.records import News
from bot.slack.blocks import SECTION_MAX, context, escape, person, section
from bot.slack.exchange import Message
from bot.slack.messages.news import CONCERNS_THE_PERSON, in_short, others, spoken_of, what_happened
from bot.slack.messages.words import label

TEXT_MAX = 600
"""Lock screens show less."""


def digest(news: Sequence[News], *, more: int = 0) -> Message:
    """Tell what happened to each parcel in a line; of `more` parcels the news is still to come."""
    head = f"*News of {len(news)} parcels*" if len(news) > 1 else "*News of a parcel*"
    lines = [_line(one) for one in news]
    follows = f"And {more:,} more follow." if more else ""
    notes = [follows, "_Slack never said whether some of this was told before._"] if _again(news) else [follows]
    sections, size = [[head]], len(head)
    for line in lines:
        if size + len(line) + 1 > SECTION_MAX:
            sections.append([])
            size = 0
        sections[-1].append(line)
        size += len(line) + 1
    blocks = [section("\n".join(one)) for one in sections]
    text = " · ".join([head, *(line.removeprefix("• ") for line in lines)]).replace("*", "").replace("`", "")
    return Message(
        text=text if len(text) <= TEXT_MAX else f"{head.strip('*')}: {', '.join(_names(news))}"[:TEXT_MAX],
        blocks=[*blocks, context(*notes)] if any(notes) else blocks,
    )


def _line(news: News) -> str:
    """Return what happened to one parcel: the newest in words, of what was before it only the number."""
    rows = sorted((row for row in news.rows if row.event), key=lambda row: row.revision, reverse=True)
    newest, spoken = rows[0], spoken_of(rows[0])
    before = len(others(newest, rows[1:], news.parcel, told=spoken))
    what, said = what_happened(newest, news.parcel), in_short(spoken) if spoken and spoken.text else ""
    parts = [
        what,
        said if said not in what else "",
        f"For {person(news.subscription.person)}"
        if newest.event in CONCERNS_THE_PERSON and news.subscription.person
        else "",
        f"and {before} more" if before else "",
    ]
    return f"• *{label(news.subscription)}* `{escape(news.parcel.short_id)}` {' · '.join(filter(None, parts))}"


def _names(news: Sequence[News]) -> list[str]:
    return [label(one.subscription) for one in news]


def _again(news: Sequence[News]) -> bool:
    return any(row.again for one in news for row in one.rows)
