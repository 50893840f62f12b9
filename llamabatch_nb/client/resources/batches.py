"""Batches v2 (contract.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from llamabatch_nb.client.faces import Face, awaitable, awaitable_list, blocking, blocking_list
from llamabatch_nb.client.paging import Pages
from llamabatch_nb.client.resources.base import Resource, checked, named, scope
from llamabatch_nb.contract import endpoints
from llamabatch_nb.contract.batches import Batch, BatchStatus, ConfigParam, CreateBatch, GetBatch, ListBatches
from llamabatch_nb.contract.webhooks import WebhookParam


class Batches(Resource):
    """Batches v2 (contract.md section 1)."""

    async def create(
        self,
        *,
        config: ConfigParam | Mapping[str, Any],
        source_directory_id: str,
        webhook_configuration_ids: Sequence[str] | None = None,
        webhook_configurations: Sequence[WebhookParam | Mapping[str, Any]] | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Batch:
        """Create a batch over a directory of at most 1,000 files. Answers at once, with status PENDING.

        `config` is ``{"job": {"type": "parse_v2" | "extract_v2", "configuration_id": "cfg-…"}}``. Events go to saved
        webhooks, by id, and to inline ones (`WebhookParam`; contract.md 1.4). It is not sent again after a failure that
        leaves open whether it was done: a second batch would be billed.
        """
        body = checked(
            CreateBatch,
            config=config,
            source_directory_id=source_directory_id,
            webhook_configuration_ids=webhook_configuration_ids,
            webhook_configurations=webhook_configurations,
        )
        return await self._http.request(endpoints.create_batch, body=body, query=scope(organization_id, project_id))

    async def get(
        self,
        batch_id: str,
        *,
        expand: Sequence[Literal["results"]] = (),
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Batch:
        """One batch. `expand=["results"]` asks for the per-file mapping, which may be null in any status."""
        query = checked(GetBatch, expand=expand, organization_id=organization_id, project_id=project_id)
        return await self._http.request(endpoints.get_batch, query=query, ids=named(batch_id=batch_id))

    def list(
        self,
        *,
        status: BatchStatus | None = None,
        source_directory_id: str | None = None,
        created_at_on_or_after: datetime | None = None,
        created_at_on_or_before: datetime | None = None,
        page_size: int | None = None,
        organization_id: str | None = None,
        project_id: str | None = None,
    ) -> Pages[Batch]:
        """The project's batches, without results. Times are inclusive; a page holds 1 to 1,000."""
        query = checked(
            ListBatches,
            status=status,
            source_directory_id=source_directory_id,
            created_at_on_or_after=created_at_on_or_after,
            created_at_on_or_before=created_at_on_or_before,
            page_size=page_size,
            organization_id=organization_id,
            project_id=project_id,
        )
        return self._pages(endpoints.list_batches, query)

    async def cancel(
        self, batch_id: str, *, organization_id: str | None = None, project_id: str | None = None
    ) -> Batch:
        """Ask to stop. Answers at once; CANCELLED appears when the work has stopped. Finished files keep results.

        A batch that has ended is refused; the status code is undocumented (contract.md 1.4).
        """
        return await self._http.request(
            endpoints.cancel_batch, query=scope(organization_id, project_id), ids=named(batch_id=batch_id)
        )


class SyncBatches(Face[Batches]):
    __doc__ = Batches.__doc__
    create = blocking(Batches.create)
    get = blocking(Batches.get)
    list = blocking_list(Batches.list)
    cancel = blocking(Batches.cancel)


class AsyncBatches(Face[Batches]):
    __doc__ = Batches.__doc__
    create = awaitable(Batches.create)
    get = awaitable(Batches.get)
    list = awaitable_list(Batches.list)
    cancel = awaitable(Batches.cancel)
