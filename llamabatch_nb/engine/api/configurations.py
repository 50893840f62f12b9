"""``/api/v1/beta/configurations``: saved configurations, and the built-in presets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.configurations import Configuration, CreateConfiguration, UpdateConfiguration
from llamabatch_nb.engine.api.queries import Here, ListConfigurations
from llamabatch_nb.engine.resources import configurations

router = APIRouter()


@router.post(endpoints.create_configuration.path)
def create(body: CreateConfiguration, engine: Here) -> Configuration:
    with engine.store.write() as db:
        return configurations.create(db, body, engine.ids, engine.project.id, engine.clock())


@router.get(endpoints.list_configurations.path)
def listed(query: Annotated[ListConfigurations, Query()], engine: Here) -> Page[Configuration]:
    with engine.store.read() as db:
        return configurations.listed(db, query, query.size)


@router.get(endpoints.get_configuration.path)
def get(config_id: str, engine: Here) -> Configuration:
    with engine.store.read() as db:
        return configurations.get(db, config_id)


@router.put(endpoints.update_configuration.path)
def update(config_id: str, body: UpdateConfiguration, engine: Here) -> Configuration:
    with engine.store.write() as db:
        return configurations.update(db, config_id, body, engine.clock())


@router.delete(endpoints.delete_configuration.path, status_code=204)
def delete(config_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        configurations.delete(db, config_id)
