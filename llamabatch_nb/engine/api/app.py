"""The ASGI application of an engine.

FastAPI, not bare Starlette: the service is FastAPI, so its 422 bodies and its reading of queries and forms are the real
ones. It costs 0.33 s of import against 0.10 s, once, and only where the engine is used.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python
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
from llamabatch_nb.engine.faults.pace import Paced
from llamabatch_nb.engine.resources import ends

#: Modules of this package, each with its `router`.
PARTS = (batches, directories, files, downloads, parsing, extract, configurations, webhooks, projects)


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    headers = {"x-should-retry": "false"} if error.final else None
    return JSONResponse({"detail": error.detail}, error.status, headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    """FastAPI's body, which repeats what was sent. Its own raises where that is NaN, half a character, or deep."""
    assert isinstance(error, RequestValidationError)
    problems = list(error.errors())
    try:
        told = to_jsonable_python(problems, inf_nan_mode="null", serialize_unknown=True)
    except ValueError:  # too deep
        told = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in problems]
    body = json.dumps({"detail": told}, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, 422, media_type="application/json")


def make_app(engine: Engine) -> ASGIApp:
    """The routes, and around them what the way to them does."""
    app: ASGIApp = _make_routes(engine)
    if engine.time != "timed":
        steps = 2 if engine.time == "per_read" else 0

        def any_open(ids: Collection[str]) -> bool:
            with engine.store.read() as db:
                return ends.any_open(db, ids)

        app = Paced(app, steps, any_open, results_while_running=engine.results_while_running)
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
    app.add_exception_handler(RequestValidationError, _invalid)
    for part in PARTS:
        app.include_router(part.router, responses=REFUSALS)
    return app
