"""``/api/v1/beta/configurations``: saved configurations, and the built-in presets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.configurations import Configuration, CreateConfiguration, UpdateConfiguration
from llamabatch_nb.engine.api.queries import Here, ListConfigurations
from llamabatch_nb.engine.resources import configurations, webhooks

router = APIRouter()


@router.post(endpoints.create_configuration.path)
def create(body: CreateConfiguration, engine: Here) -> Configuration:
    with engine.store.write() as db:
        return _masked(configurations.create(db, body, engine.ids, engine.project.id, engine.clock()))


@router.get(endpoints.list_configurations.path)
def listed(query: Annotated[ListConfigurations, Query()], engine: Here) -> Page[Configuration]:
    with engine.store.read() as db:
        page = configurations.listed(db, query, query.size)
    return page.model_copy(update={"items": [_masked(configuration) for configuration in page.items]})


@router.get(endpoints.get_configuration.path)
def get(config_id: str, engine: Here) -> Configuration:
    with engine.store.read() as db:
        return _masked(configurations.get(db, config_id))


@router.put(endpoints.update_configuration.path)
def update(config_id: str, body: UpdateConfiguration, engine: Here) -> Configuration:
    with engine.store.write() as db:
        return _masked(configurations.update(db, config_id, body, engine.clock()))


@router.delete(endpoints.delete_configuration.path, status_code=204)
def delete(config_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        configurations.delete(db, config_id)


def _masked(configuration: Configuration) -> Configuration:
    """Without the secrets of webhooks that are saved in it: they are write-only (contract.md section 1.4)."""
    if not configuration.parameters.get("webhook_configurations"):
        return configuration
    shown = [webhooks.masked(endpoint) for endpoint in configuration.parameters["webhook_configurations"]]
    return configuration.model_copy(update={"parameters": configuration.parameters | {"webhook_configurations": shown}})
