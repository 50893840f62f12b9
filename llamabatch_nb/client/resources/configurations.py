"""Saved configurations (contract.md section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.configurations import (
    Configuration,
    CreateConfiguration,
    ListConfigurations,
    ProductType,
    UpdateConfiguration,
)


class Configurations(Resource):
    """Saved configurations (contract.md section 4). Whether a service lists its presets is undocumented."""

    async def create(
        self,
        *,
        name: str,
        parameters: Mapping[str, Any],
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Configuration:
        """Save a configuration. One of the same name and product is replaced by a new version.

        `parameters` is a JSON object with its `product_type`: ``"parse_v2"`` needs `tier` and `version` too,
        ``"extract_v2"`` a `data_schema`. The service checks the rest.

        Raises:
            InvalidRequestError: a parameter that the product does not take.

        """
        return await self._http.request(
            endpoints.create_configuration,
            body=checked(CreateConfiguration, name=name, parameters=parameters),
            query=scope(organization_id, project_id),
        )

    async def get(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Configuration:
        """One configuration."""
        return await self._http.request(
            endpoints.get_configuration, query=scope(organization_id, project_id), ids=named(config_id=config_id)
        )

    async def update(
        self,
        config_id: str,
        *,
        name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Configuration:
        """Change a configuration. What is left out stays. Batches keep what they were created with."""
        return await self._http.request(
            endpoints.update_configuration,
            body=checked(UpdateConfiguration, name=name, parameters=parameters),
            query=scope(organization_id, project_id),
            ids=named(config_id=config_id),
        )

    async def delete(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> None:
        """Delete a configuration."""
        await self._http.request(
            endpoints.delete_configuration, query=scope(organization_id, project_id), ids=named(config_id=config_id)
        )

    def list(
        self,
        *,
        name: str | None = None,
        product_type: Sequence[ProductType] = (),
        latest_only: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Configuration]:
        """The project's configurations, of all versions unless `latest_only`. A page holds 1 to 1,000."""
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
    create = blocking(Configurations.create)
    get = blocking(Configurations.get)
    update = blocking(Configurations.update)
    delete = blocking(Configurations.delete)
    list = blocking_list(Configurations.list)


class AsyncConfigurations(Face[Configurations]):
    __doc__ = Configurations.__doc__
    create = awaitable(Configurations.create)
    get = awaitable(Configurations.get)
    update = awaitable(Configurations.update)
    delete = awaitable(Configurations.delete)
    list = awaitable_list(Configurations.list)
