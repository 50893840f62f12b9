"""``/api/v2/batches``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.batches import Batch, CreateBatch
from llamabatch_nb.engine.api.queries import GetBatch, Here, ListBatches
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.extractors import plugins
from llamabatch_nb.engine.resources import batches, checks, configurations

router = APIRouter()


@router.post(endpoints.create_batch.path)
def create(body: CreateBatch, engine: Here) -> Batch:
    with engine.store.write() as db:
        configuration = configurations.get(db, body.config.job.configuration_id)
        with checks.of_configuration(configuration.id):
            plugins.check_name(configuration.parameters, engine.extractors, ["body"])
        batch = batches.create(
            db,
            body,
            configuration,
            ids=engine.ids,
            project_id=engine.project.id,
            webhooks_anywhere=engine.webhooks_anywhere,
            now=stamp(engine.clock()),
            ocr=engine.ocr,
            extractor=engine.digest_of(configuration.parameters),
        )
    engine.wake()
    return batch


@router.get(endpoints.list_batches.path)
def listed(query: Annotated[ListBatches, Query()], engine: Here) -> Page[Batch]:
    with engine.store.read() as db:
        return batches.listed(db, query, query.size)


@router.get(endpoints.get_batch.path)
def get(batch_id: str, query: Annotated[GetBatch, Query()], engine: Here) -> Batch:
    with engine.store.read() as db:
        return batches.get(
            db, batch_id, results="results" in query.expand, results_while_running=engine.results_while_running
        )


@router.post(endpoints.cancel_batch.path)
def cancel(batch_id: str, engine: Here) -> Batch:
    with engine.store.write() as db:
        batch = batches.cancel(db, batch_id, stamp(engine.clock()))
    engine.clear()
    engine.wake()
    return batch
