"""Webhooks: inline with a batch, and saved: ``/api/v1/beta/webhook-configs`` (contract.md 1.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from llamabatch_nb.contract.base import Changes, Filled, PageQuery, Request, Response

WebhookEvent = Literal[
    "batch.pending",
    "batch.running",
    "batch.success",
    "batch.error",
    "batch.cancelled",
    "parse.pending",
    "parse.running",
    "parse.success",
    "parse.partial_success",
    "parse.error",
    "parse.cancelled",
    "extract.pending",
    "extract.success",
    "extract.partial_success",
    "extract.error",
    "extract.cancelled",
    "classify.pending",
    "classify.running",
    "classify.success",
    "classify.partial_success",
    "classify.error",
    "classify.cancelled",
    "sheets.pending",
    "sheets.success",
    "sheets.partial_success",
    "sheets.error",
    "sheets.cancelled",
    "split.pending",
    "split.processing",
    "split.success",
    "split.error",
    "split.cancelled",
    "verify.pending",
    "verify.running",
    "verify.success",
    "verify.error",
    "verify.cancelled",
    "unmapped_event",
]
TenantType = Literal["project"]
OutputFormat = Literal["string", "json"]
#: An empty list subscribes to nothing, and the service refuses it.
Events = Annotated[list[WebhookEvent], Field(min_length=1)]


class WebhookParam(Request):
    """An inline webhook endpoint. `webhook_events` null means all of them.

    Secrets, headers and the URL, which may hold a key as well, are in no repr.
    """

    webhook_url: Filled | None = Field(default=None, repr=False)
    webhook_events: Events | None = None
    webhook_headers: dict[str, str] | None = Field(default=None, repr=False)
    webhook_output_format: OutputFormat | None = None
    webhook_signing_secret: Filled | None = Field(default=None, repr=False)


class CreateWebhookConfiguration(Request):
    webhook_url: Filled = Field(repr=False)
    webhook_events: Events | None = None
    webhook_headers: dict[str, str] | None = Field(default=None, repr=False)
    webhook_output_format: OutputFormat | None = None
    webhook_signing_secret: Filled | None = Field(default=None, repr=False)


class UpdateWebhookConfiguration(Changes):
    webhook_url: Filled | None = Field(default=None, repr=False)
    webhook_events: Events | None = None
    webhook_headers: dict[str, str] | None = Field(default=None, repr=False)
    webhook_output_format: OutputFormat | None = None
    webhook_signing_secret: Filled | None = Field(default=None, repr=False)


class WebhookConfiguration(Response):
    """A saved endpoint. The secret is never told; header values come back masked."""

    id: str
    webhook_url: str
    has_secret: bool
    tenant_id: str
    tenant_type: TenantType | str
    webhook_events: list[WebhookEvent | str] | None = None
    webhook_headers: dict[str, str] | None = Field(default=None, repr=False)
    webhook_output_format: OutputFormat | str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ListWebhookConfigurations(PageQuery):
    """`include_total` counts all of them, with a second look-up for every page."""

    include_total: bool | None = None
