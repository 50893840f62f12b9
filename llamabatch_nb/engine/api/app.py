"""The ASGI application of an engine.

FastAPI, not bare Starlette: the service is FastAPI, so its 422 bodies and its reading of queries and forms are the real
ones. It costs 0.33 s of import against 0.10 s, once, and only where the engine is used.
"""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from llamabatch_nb._version import __version__
from llamabatch_nb.engine.api import batches, configurations, directories, parsing, projects
from llamabatch_nb.engine.api.guard import Guard
from llamabatch_nb.engine.api.queries import REFUSALS, in_project
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.errors import ApiError


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    headers = {"x-should-retry": "false"} if error.final else None
    return JSONResponse({"detail": error.detail}, error.status, headers)


def make_app(engine: Engine) -> FastAPI:
    # No documentation pages: they load their scripts from elsewhere. ``/openapi.json`` is there.
    app = FastAPI(title="llamabatch-nb engine", version=__version__, docs_url=None, redoc_url=None)
    app.state.engine = engine
    app.add_middleware(Guard)
    app.add_exception_handler(ApiError, _refuse)
    for part in (batches, directories, parsing, configurations, projects):
        app.include_router(part.router, dependencies=[Depends(in_project)], responses=REFUSALS)
    return app
