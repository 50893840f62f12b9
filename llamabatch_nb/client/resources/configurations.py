"""Saved configurations (contract.md section 4)."""

from __future__ import annotations

from collections.abc import Sequence

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.base import Query
from llamabatch_nb.contract.configurations import Configuration, ListConfigurations


class Configurations(Resource):
    """Saved configurations (contract.md section 4). Whether a service lists its presets is undocumented."""

    async def get(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Configuration:
        query = Query(organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_configuration, query=query, ids={"config_id": config_id})

    def list(
        self,
        *,
        name: str | None = None,
        product_type: Sequence[str] = (),
        latest_only: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Configuration]:
        query = checked(
            ListConfigurations,
            name=name,
            product_type=product_type,
            latest_only=latest_only,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_configurations, query)


class SyncConfigurations(Face[Configurations]):
    __doc__ = Configurations.__doc__
    get = blocking(Configurations.get)
    list = blocking_list(Configurations.list)


class AsyncConfigurations(Face[Configurations]):
    __doc__ = Configurations.__doc__
    get = awaitable(Configurations.get)
    list = awaitable_list(Configurations.list)
