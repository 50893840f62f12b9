"""The ASGI application of an engine.

FastAPI, not bare Starlette: the service is FastAPI, so its 422 bodies and its reading of queries and forms are the real
ones. It costs 0.33 s of import against 0.10 s, once, and only where the engine is used.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from llamabatch_nb._version import __version__
from llamabatch_nb.engine.api import (
    batches,
    configurations,
    directories,
    downloads,
    extract,
    files,
    parsing,
    projects,
    webhooks,
)
from llamabatch_nb.engine.api.guard import Guard
from llamabatch_nb.engine.api.line import Line
from llamabatch_nb.engine.api.queries import REFUSALS
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.faults import Faults
from llamabatch_nb.engine.faults.middleware import Faulty


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    headers = {"x-should-retry": "false"} if error.final else None
    return JSONResponse({"detail": error.detail}, error.status, headers)


def make_app(engine: Engine) -> ASGIApp:
    """The routes, and around them what the way to them does."""
    app: ASGIApp = _make_routes(engine)
    if engine.schedule.faults != Faults():
        app = Faulty(app, engine.schedule)
    if engine.latency or engine.uploads_per_second is not None:
        app = Line(app, latency=engine.latency, uploads_per_second=engine.uploads_per_second)
    return app


def _make_routes(engine: Engine) -> FastAPI:
    # No documentation pages: they load their scripts from elsewhere. ``/openapi.json`` is there.
    app = FastAPI(title="llamabatch-nb engine", version=__version__, docs_url=None, redoc_url=None)
    app.state.engine = engine
    app.add_middleware(Guard)
    app.add_exception_handler(ApiError, _refuse)
    for part in (batches, directories, files, downloads, parsing, extract, configurations, webhooks, projects):
        app.include_router(part.router, responses=REFUSALS)
    return app
