"""`python -m tests.benchmarks.echo PORT`: a bare route that says what it is told; no server answers with less."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    """Answer with what was sent."""
    return Response(await request.body())


if __name__ == "__main__":
    app = Starlette(routes=[Route("/slack/events", echo, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, ws="none")
