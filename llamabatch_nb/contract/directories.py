"""Directories and their files: ``/api/v1/beta/directories`` (contract.md section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from llamabatch_nb.contract.base import PageQuery, Repeated, Request, Response

DirectoryType = Literal["user", "ephemeral"]


class Directory(Response):
    id: str
    name: str
    project_id: str
    type: str | None = None
    description: str | None = None
    connector_subscription_id: str | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    system_metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CreateDirectory(Request):
    """`expires_at` is not an input any more: the service picks the lifetime of an ephemeral directory."""

    name: str = Field(min_length=1)
    description: str | None = None
    type: DirectoryType | None = None
    system_metadata: dict[str, Any] | None = None
    connector_subscription_id: str | None = None


class ListDirectories(PageQuery):
    name: str | None = None
    type: str | None = None
    types: Repeated = []
    include_deleted: bool | None = None


class DirectoryFile(Response):
    """One file of a directory. `id` is what a batch's results speak of, `unique_id` the name we gave it."""

    id: str
    directory_id: str
    display_name: str
    unique_id: str
    project_id: str
    file_id: str | None = None
    metadata: dict[str, Any] | None = None
    download_url: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


class UploadForm(Request):
    """The text parts of an upload. They go before the file part `upload_file`; `metadata` is JSON in a string."""

    display_name: str | None = None
    unique_id: str | None = None
    external_file_id: str | None = None
    metadata: str | None = None


class ListDirectoryFiles(PageQuery):
    display_name: str | None = None
    display_name_contains: str | None = None
    unique_id: str | None = None
    file_id: str | None = None
    include_deleted: bool | None = None
    updated_at_on_or_after: datetime | None = None
    updated_at_on_or_before: datetime | None = None
    expand: Repeated = []
