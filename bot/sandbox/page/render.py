"""Slack's messages as safe HTML: everything is escaped first, and only tokens that Slack knows become markup."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import emoji
import jinja2
from markupsafe import Markup, escape

# U+200B and U+2060 beside a delimiter switch it off: that is how bots keep a title's stars from becoming bold.
_GLUE = "\u200b\u2060"
_EMPHASIS = r"(?<![\w{0}{glue}])\{0}(?P<{1}>[^\s{glue}{0}](?:[^{0}\n]*[^\s{glue}{0}])?)\{0}(?![\w{0}{glue}])"
_TOKEN = re.compile(
    "|".join(
        [
            r"`(?P<code>[^`\n]+)`",
            r"<(?P<angle>[^<>\n]+)>",
            r"(?<![\w:]):(?P<emoji>[a-z0-9_+'-]{1,50}):",
            _EMPHASIS.format("*", "bold", glue=_GLUE),
            _EMPHASIS.format("_", "italic", glue=_GLUE),
            _EMPHASIS.format("~", "strike", glue=_GLUE),
            r"(?P<bare>\bhttps?://[^\s<>|]*[^\s<>|.,;:!?)\]'\"*_~])",
        ]
    )
)
_PRE = re.compile(r"\n?```\n?(.+?)\n?```\n?", re.DOTALL)
_DATE = re.compile(r"!date\^(?P<stamp>-?\d{1,11})\^(?P<format>[^^]+)(?:\^(?P<link>https?://\S+))?")
_QUOTE = re.compile(r"^(?:&gt;|>) ?")
_FLAG = re.compile(r"flag-([a-z])([a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who reads: the person's id, and the names that ids of people and channels stand for."""

    user: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


def text(value: Mapping[str, Any], viewer: Viewer) -> Markup:
    """Return a text object of Block Kit as HTML: `plain_text` knows emoji only, `mrkdwn` all of Slack's tokens."""
    words = str(value.get("text", ""))
    if value.get("type") == "plain_text":
        return escape(words) if value.get("emoji") is False else _plain(words)
    return mrkdwn(words, viewer, verbatim=bool(value.get("verbatim")))


def mrkdwn(words: str, viewer: Viewer, *, verbatim: bool = False) -> Markup:
    """Return mrkdwn as HTML. `verbatim` leaves bare addresses alone, as in Slack; tokens in `<…>` always count."""
    inline = partial(_inline, viewer=viewer, verbatim=verbatim)
    parts = _PRE.split(words)
    return Markup("").join(
        Markup("<pre>{}</pre>").format(_unescape(part)) if n % 2 else _quotes(part, inline)
        for n, part in enumerate(parts)
    )


def glyph(name: str) -> str:
    """Return the emoji of that name, or the name between its colons when there is none."""
    if flag := _FLAG.fullmatch(name):
        return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in flag.groups())
    return emoji.emojize(f":{name}:", language="alias")


def _unescape(words: str) -> str:
    """Return text with Slack's three entities decoded; Slack knows no others."""
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _plain(words: str) -> Markup:
    parts = re.split(r"(?<![\w:]):([a-z0-9_+'-]{1,50}):", words)
    return Markup("").join(_emoji(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def _quotes(words: str, inline: Callable[[str], Markup]) -> Markup:
    """Return lines as they are, and those that begin with `>` as quotes; after `>>>` all is quoted."""
    out = Markup("")
    lines = words.split("\n") if words else []
    while lines:
        quoted = bool(_QUOTE.match(lines[0]))
        if re.match(r"(?:&gt;|>){3}", lines[0]):
            body, lines = [re.sub(r"^(?:&gt;|>){3} ?", "", lines[0]), *lines[1:]], []
        else:
            end = next((n for n, line in enumerate(lines) if bool(_QUOTE.match(line)) is not quoted), len(lines))
            body, lines = [_QUOTE.sub("", line) if quoted else line for line in lines[:end]], lines[end:]
        shown = inline("\n".join(body))
        out += Markup("<blockquote>{}</blockquote>").format(shown) if quoted else shown
    return out


def _inline(words: str, *, viewer: Viewer, verbatim: bool) -> Markup:
    out, at = Markup(""), 0
    again = partial(_inline, viewer=viewer, verbatim=verbatim)
    for token in _TOKEN.finditer(words):
        kind = token.lastgroup or ""
        body = token[kind]
        out += escape(_unescape(words[at : token.start()]))
        at = token.end()
        match kind:
            case "code":
                out += Markup("<code>{}</code>").format(_unescape(body))
            case "angle":
                out += _angle(body, viewer)
            case "emoji":
                out += _emoji(body)
            case "bold":
                out += Markup("<b>{}</b>").format(again(body))
            case "italic":
                out += Markup("<i>{}</i>").format(again(body))
            case "strike":
                out += Markup("<s>{}</s>").format(again(body))
            case _:
                out += escape(_unescape(body)) if verbatim else _link(body, body)
    return out + escape(_unescape(words[at:]))


def _emoji(name: str) -> Markup:
    shown = glyph(name)
    if shown == f":{name}:":
        return escape(shown)
    return Markup('<span class="emoji" role="img" aria-label="{}">{}</span>').format(name.replace("_", " "), shown)


def _link(address: str, label: str) -> Markup:
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
        _unescape(address), _unescape(label)
    )


def _angle(body: str, viewer: Viewer) -> Markup:
    """Return what stands in `<…>`: a mention, a channel, a date, a link to the web, or the text as it was typed."""
    target, _, label = body.partition("|")
    if target.startswith("@"):
        name = viewer.people.get(target[1:], _unescape(label) or target[1:])
        mine = " me" if target[1:] == viewer.user else ""
        return Markup('<span class="mention{}">@{}</span>').format(mine, name.removeprefix("@"))
    if target.startswith("#"):
        name = viewer.channels.get(target[1:], _unescape(label) or target[1:])
        return Markup('<a class="mention" href="?channel={0}" data-channel="{0}">#{1}</a>').format(target[1:], name)
    if date := _DATE.fullmatch(target):
        return Markup('<time data-stamp="{}" data-format="{}">{}</time>').format(
            date["stamp"], date["format"], _unescape(label)
        )
    if target.startswith("!"):
        word = label or target[1:].partition("^")[0]
        return Markup('<span class="mention">@{}</span>').format(_unescape(word).removeprefix("@"))
    if re.match(r"https?://", target):
        return _link(target, label or target)
    if target.startswith(("mailto:", "tel:")):
        return escape(_unescape(label or target.partition(":")[2]))
    return escape(_unescape(f"<{body}>"))


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def message(shown: Mapping[str, Any], viewer: Viewer) -> str:
    """Return one message as an `<article>`, with its author, its blocks and the way into its thread."""
    return _TEMPLATES.get_template("message.html").render(m=shown, text=partial(text, viewer=viewer))


def summary(words: str, viewer: Viewer) -> str:
    """Return mrkdwn as one line of plain words."""
    return mrkdwn(words, viewer, verbatim=True).striptags()


def page() -> str:
    """Return the page itself: the frame that the browser fills and keeps fresh."""
    return _TEMPLATES.get_template("page.html").render()
