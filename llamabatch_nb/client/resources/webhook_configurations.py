"""Saved webhook endpoints (contract.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.webhooks import (
    CreateWebhookConfiguration,
    ListWebhookConfigurations,
    OutputFormat,
    UpdateWebhookConfiguration,
    WebhookConfiguration,
    WebhookEvent,
)


class WebhookConfigurations(Resource):
    """Saved webhook endpoints (contract.md 1.4), which `batches.create` names in `webhook_configuration_ids`."""

    async def create(
        self,
        *,
        webhook_url: str,
        webhook_events: Sequence[WebhookEvent] | None = None,
        webhook_headers: Mapping[str, str] | None = None,
        webhook_output_format: OutputFormat | None = None,
        webhook_signing_secret: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> WebhookConfiguration:
        """Save an endpoint. No events are all of them; headers go with every delivery.

        With a secret, deliveries carry ``LC-Signature: sha256=…``, the HMAC-SHA256 of their raw body. The secret is
        never told again.
        """
        body = checked(
            CreateWebhookConfiguration,
            webhook_url=webhook_url,
            webhook_events=webhook_events,
            webhook_headers=webhook_headers,
            webhook_output_format=webhook_output_format,
            webhook_signing_secret=webhook_signing_secret,
        )
        return await self._http.request(endpoints.create_webhook, body=body, query=scope(organization_id, project_id))

    async def get(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> WebhookConfiguration:
        """One endpoint; `has_secret` says whether deliveries are signed."""
        return await self._http.request(
            endpoints.get_webhook, query=scope(organization_id, project_id), ids=named(config_id=config_id)
        )

    async def update(
        self,
        config_id: str,
        *,
        webhook_url: str | None = None,
        webhook_events: Sequence[WebhookEvent] | None = None,
        webhook_headers: Mapping[str, str] | None = None,
        webhook_output_format: OutputFormat | None = None,
        webhook_signing_secret: str | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> WebhookConfiguration:
        """Change an endpoint, or rotate its secret. What is left out stays."""
        body = checked(
            UpdateWebhookConfiguration,
            webhook_url=webhook_url,
            webhook_events=webhook_events,
            webhook_headers=webhook_headers,
            webhook_output_format=webhook_output_format,
            webhook_signing_secret=webhook_signing_secret,
        )
        return await self._http.request(
            endpoints.update_webhook,
            body=body,
            query=scope(organization_id, project_id),
            ids=named(config_id=config_id),
        )

    async def delete(
        self, config_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> None:
        """Delete an endpoint."""
        await self._http.request(
            endpoints.delete_webhook, query=scope(organization_id, project_id), ids=named(config_id=config_id)
        )

    def list_paginated(
        self,
        *,
        include_total: bool | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[WebhookConfiguration]:
        """The project's endpoints, in pages of 1 to 1,000. `include_total` fills `total_size`."""
        query = checked(
            ListWebhookConfigurations,
            include_total=include_total,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_v2_webhooks, query)

    async def list(
        self, *, organization_id: str | None = None, project_id: str | None = None
    ) -> list[WebhookConfiguration]:
        """All of them at once, newest first. The service has deprecated it in favour of `list_paginated`."""
        return await self._http.request(endpoints.list_webhooks, query=scope(organization_id, project_id))


class SyncWebhookConfigurations(Face[WebhookConfigurations]):
    __doc__ = WebhookConfigurations.__doc__
    create = blocking(WebhookConfigurations.create)
    get = blocking(WebhookConfigurations.get)
    update = blocking(WebhookConfigurations.update)
    delete = blocking(WebhookConfigurations.delete)
    list = blocking(WebhookConfigurations.list)
    list_paginated = blocking_list(WebhookConfigurations.list_paginated)


class AsyncWebhookConfigurations(Face[WebhookConfigurations]):
    __doc__ = WebhookConfigurations.__doc__
    create = awaitable(WebhookConfigurations.create)
    get = awaitable(WebhookConfigurations.get)
    update = awaitable(WebhookConfigurations.update)
    delete = awaitable(WebhookConfigurations.delete)
    list = awaitable(WebhookConfigurations.list)
    list_paginated = awaitable_list(WebhookConfigurations.list_paginated)
