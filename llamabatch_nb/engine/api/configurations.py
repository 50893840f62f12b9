"""``/api/v1/beta/configurations``: the built-in presets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.engine.api.queries import Here, ListConfigurations
from llamabatch_nb.engine.resources import configurations
from llamabatch_nb.engine.resources.presets import PRESETS
from llamabatch_nb.engine.store import paging

router = APIRouter()


@router.get(endpoints.list_configurations.path)
def listed(query: Annotated[ListConfigurations, Query()], _: Here) -> Page[Configuration]:
    matching = [
        preset
        for preset in PRESETS.values()
        if query.name in {None, preset.name} and (not query.product_type or preset.product_type in query.product_type)
    ]
    start = paging.key(query.page_token, int)[0] if query.page_token else 0
    assert isinstance(start, int)
    end = start + query.size
    return Page(items=matching[start:end], next_page_token=paging.token([end]) if end < len(matching) else None)


@router.get(endpoints.get_configuration.path)
def get(config_id: str, engine: Here) -> Configuration:
    with engine.store.read() as db:
        return configurations.get(db, config_id)
