"""``/api/v1/beta/configurations``: saved configurations, and the built-in presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.configurations import Configuration, CreateConfiguration, UpdateConfiguration
from llamabatch_nb.engine.api.queries import Here, ListConfigurations
from llamabatch_nb.engine.core import Engine
from llamabatch_nb.engine.extractors import plugins
from llamabatch_nb.engine.resources import checks, configurations, references, webhooks
from llamabatch_nb.engine.resources.jobs import EXTRACT, PARSE
from llamabatch_nb.engine.store.database import Db

router = APIRouter()


@router.post(endpoints.create_configuration.path)
def create(body: CreateConfiguration, engine: Here) -> Configuration:
    _check(engine, body.parameters)
    with engine.store.write() as db:
        _look_up(db, engine, body.parameters)
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
    if body.parameters is not None:
        with engine.store.read() as db:
            configurations.changing(db, config_id, body)
        _check(engine, body.parameters)
    with engine.store.write() as db:
        if body.parameters is not None:
            _look_up(db, engine, body.parameters)
        return _masked(configurations.update(db, config_id, body, engine.clock()))


@router.delete(endpoints.delete_configuration.path, status_code=204)
def delete(config_id: str, engine: Here) -> None:
    with engine.store.write() as db:
        configurations.delete(db, config_id)


def _check(engine: Engine, parameters: Mapping[str, Any]) -> None:
    """All that can be said without the store: a large schema takes seconds, for which no writer is to wait."""
    at = _place(parameters)
    checks.check(parameters, at)
    if parameters["product_type"] == EXTRACT:
        plugins.check_name(parameters, engine.extractors, at)


def _look_up(db: Db, engine: Engine, parameters: Mapping[str, Any]) -> None:
    references.check(db, parameters, _place(parameters), webhooks_anywhere=engine.webhooks_anywhere)


def _place(parameters: Mapping[str, Any]) -> list[str]:
    return [*configurations.PLACE, parameters["product_type"]]


def _masked(configuration: Configuration) -> Configuration:
    """Without the secrets of webhooks that are saved in it: they are write-only (contract.md section 1.4)."""
    if configuration.product_type != PARSE or not configuration.parameters.get("webhook_configurations"):
        return configuration
    shown = [webhooks.masked(endpoint) for endpoint in configuration.parameters["webhook_configurations"]]
    return configuration.model_copy(update={"parameters": configuration.parameters | {"webhook_configurations": shown}})
