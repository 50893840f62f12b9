"""Saved webhook endpoints: ``/api/v1/beta/webhook-configs`` and ``/api/v2/webhook-configs``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.webhooks import (
    CreateWebhookConfiguration,
    UpdateWebhookConfiguration,
    WebhookConfiguration,
)
from llamabatch_nb.engine.api.queries import Here, ListWebhookConfigurations
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.resources import webhooks

router = APIRouter()


@router.post(endpoints.create_webhook.path)
def create(body: CreateWebhookConfiguration, engine: Here) -> WebhookConfiguration:
    with engine.store.write() as db:
        return webhooks.create(db, body, ids=engine.ids, project_id=engine.project.id, now=stamp(engine.clock()))


@router.get(endpoints.list_webhooks.path)
def every(engine: Here) -> list[WebhookConfiguration]:
    with engine.store.read() as db:
        return webhooks.every(db)


@router.get(endpoints.list_v2_webhooks.path)
def listed(query: Annotated[ListWebhookConfigurations, Query()], engine: Here) -> Page[WebhookConfiguration]:
    with engine.store.read() as db:
        return webhooks.listed(db, query, query.size)


@router.get(endpoints.get_webhook.path)
def get(config_id: str, engine: Here) -> WebhookConfiguration:
    with engine.store.read() as db:
        return webhooks.get(db, config_id)


@router.put(endpoints.update_webhook.path)
def update(config_id: str, body: UpdateWebhookConfiguration, engine: Here) -> WebhookConfiguration:
    with engine.store.write() as db:
        return webhooks.update(db, config_id, body, stamp(engine.clock()))


@router.delete(endpoints.delete_webhook.path, status_code=204)
def delete(config_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        webhooks.delete(db, config_id)
