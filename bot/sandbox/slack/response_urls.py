"""The addresses at which an app may answer later, without a token: five times in half an hour."""

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.sandbox.slack.methods import content, thread_of
from bot.sandbox.slack.model import BOT_USER, TEAM, Failed, Json, Message
from bot.sandbox.slack.web_api import read_arguments
from bot.sandbox.slack.workspace import Workspace

USES, LIFE_SECONDS = 5, 30 * 60


@dataclass(slots=True, kw_only=True)
class _Address:
    channel: str
    user: str
    ends_at: float
    original_ts: str | None
    thread_ts: str | None
    used: int = 0


class ResponseUrls:
    """Makes these addresses and takes what is posted to them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._made: dict[str, _Address] = {}

    def make(self, kind: str, *, user: str, channel: str, message: Message | None = None) -> str:
        """Return a new address for a command, or for something pressed in a message."""
        key = f"{kind}/{TEAM}/{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
        self._made[key] = _Address(
            channel=channel,
            user=user,
            ends_at=self._workspace.now() + LIFE_SECONDS,
            original_ts=message.ts if message else None,
            thread_ts=message.thread_ts if message else None,
        )
        return f"{self._workspace.base_url}/{key}"

    async def handle(self, request: Request) -> Response:
        """Answer one post."""
        args: Json = {}
        error, status = None, 200
        try:
            args = await read_arguments(request)
            self._take(request.url.path, args)
        except Failed as failed:
            error = failed.error
            status = 404 if error in {"used_url", "expired_url", "no_such_url"} else 400
        self._workspace.note_call("response_url", args, error, status)
        return JSONResponse({"ok": True} if error is None else {"ok": False, "error": error}, status)

    def _take(self, path: str, args: Json) -> None:
        if rule := self._workspace.faults.rule_for("response_url", None):
            raise Failed(rule.error)
        address = self._made.get("/".join(path.split("/")[-4:]))
        if address is None:
            raise Failed("no_such_url")
        if self._workspace.now() > address.ends_at:
            raise Failed("expired_url")
        if address.used >= USES:
            raise Failed("used_url")
        original = self._workspace.messages.get((address.channel, address.original_ts or ""))
        deletes = bool(args.get("delete_original"))
        if not deletes or args.keys() & {"text", "blocks", "attachments"}:
            self.show(args, user=address.user, channel=address.channel, original=original, thread_ts=address.thread_ts)
        if deletes and original:
            self._workspace.delete(original)
        address.used += 1

    def show(
        self, args: Json, *, user: str, channel: str, original: Message | None = None, thread_ts: str | None = None
    ) -> Message:
        """Show an answer: to everybody if it says so, in place of the message pressed, or to that person alone.

        Raises:
            Failed: Slack takes no such message.
        """
        fields = content(args)
        if args.get("replace_original") and original:
            return self._workspace.change(original, **fields)
        in_channel = args.get("response_type") == "in_channel"
        thread = thread_of(self._workspace, channel, args.get("thread_ts"))
        draft = Message(
            channel=channel,
            ts="",
            user=BOT_USER,
            thread_ts=thread or (None if in_channel else thread_ts),
            only_for=None if in_channel else user,
            **fields,
        )
        return self._workspace.post(draft)
