"""``/api/v1/beta/files``: files are made by uploads into directories, and may be deleted."""

from __future__ import annotations

from fastapi import APIRouter

from llamabatch_nb.contract import endpoints
from llamabatch_nb.engine.api.queries import Here
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import files

router = APIRouter()


@router.delete(endpoints.delete_stored_file.path, status_code=204)
def delete(file_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        files.delete(db, file_id, stamp(engine.clock()))
