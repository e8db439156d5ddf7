"""The door of the Web API: tokens, arguments, scopes, limits and faults, then the method itself."""

import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.slack.methods import METHODS, Method
from bot.sandbox.slack.model import Failed, Json
from bot.sandbox.slack.workspace import Workspace


class CutOff(Response):
    """An answer that promises more than it sends: the server closes the connection, and the app can't read it."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head and one byte, then leave."""
        head = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def read_arguments(request: Request) -> Json:
    """Return the arguments of a call: those of its address, and those of its form or JSON body.

    Raises:
        Failed: the body is no JSON object although it says so.
    """
    args: Json = dict(request.query_params)
    body = await request.body()
    if "json" not in request.headers.get("content-type", ""):
        return args | dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        raise Failed("invalid_json") from None
    if not isinstance(read, dict):
        raise Failed("json_not_object")
    return args | read


class WebApi:
    """Answers `POST /api/{method}` as Slack does: HTTP 200 and `ok`, but 429 when it is too much."""

    def __init__(self, workspace: Workspace, *, bot_token: str, app_token: str, opened: Callable[[], str]) -> None:
        self._workspace, self._open_connection = workspace, opened
        self._bot_token, self._app_token = bot_token, app_token

    async def handle(self, request: Request) -> Response:
        """Answer one call and keep it in the list of calls."""
        name = request.path_params["method"]
        args: Json = {}
        headers: dict[str, str] = {}
        answer: Json = {"ok": True}
        rule = None
        try:
            args |= await read_arguments(request)
            method = self._admit(name, request.headers.get("authorization"), args, headers)
            rule = self._workspace.faults.rule_for(name, args.get("channel"))
            if rule is None or rule.stores:
                answer |= self._run(name, method, args)
        except Failed as failed:
            answer = {"ok": False, "error": failed.error, **failed.details}
        if rule is not None:
            answer = {"ok": False, "error": rule.error, "seconds": rule.retry_after}
        seconds = answer.pop("seconds", None)
        if seconds is not None:
            headers["retry-after"] = str(seconds)
        status = rule.status if rule else 200 if seconds is None else 429
        self._workspace.note_call(name, args, answer.get("error"), status)
        if rule and rule.drops:
            return CutOff()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Response("<html>Slack is having trouble.</html>", status, headers, "text/html")
        return JSONResponse(answer, status, headers)

    def _admit(self, name: str, authorization: str | None, args: Json, headers: dict[str, str]) -> Method | None:
        """Check token and scopes; return the method, None if it is no usual one."""
        token = str(args.pop("token", "") or (authorization or "").removeprefix("Bearer ")).strip()
        if not token:
            raise Failed("not_authed")
        if token not in {self._bot_token, self._app_token}:
            raise Failed("invalid_auth")
        wants_app = name == "apps.connections.open"
        granted = ["connections:write"] if token == self._app_token else self._workspace.scopes
        headers["x-oauth-scopes"] = ",".join(granted)
        if wants_app is not (token == self._app_token):
            raise Failed("not_allowed_token_type")
        if wants_app:
            return None
        method = METHODS.get(name)
        if method is None:
            return None
        channel = self._workspace.channels.get(str(args.get("channel")))
        scope = method.scope.replace("*", channel.scope if channel else "channels")
        headers["x-accepted-oauth-scopes"] = scope
        if scope and scope not in granted:
            raise Failed("missing_scope", needed=scope, provided=",".join(granted))
        return method

    def _run(self, name: str, method: Method | None, args: Json) -> Json:
        if name == "apps.connections.open":
            return {"url": self._open_connection()}
        if method is None:
            raise Failed("unknown_method", req_method=name)
        posts_to = str(args.get("channel")) if name == "chat.postMessage" else None
        seconds = self._workspace.limits.wait_seconds(name, method.per_minute, posts_to)
        if seconds:
            raise Failed("ratelimited", seconds=seconds)
        return method.run(self._workspace, args)
