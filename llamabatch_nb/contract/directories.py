"""Directories and their files: ``/api/v1/beta/directories`` (contract.md section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from llamabatch_nb.contract.base import (
    Changes,
    Filled,
    JsonObject,
    Many,
    PageQuery,
    Query,
    Repeated,
    Request,
    Response,
    UserMetadata,
)
from llamabatch_nb.contract.files import PresignedUrl

DirectoryType = Literal["user", "ephemeral"]
#: Indexes have directories too, which only they create.
ListedDirectoryType = Literal["user", "ephemeral", "index"]


class Directory(Response):
    id: str
    name: str
    project_id: str
    type: ListedDirectoryType | str | None = None
    description: str | None = None
    connector_subscription_id: str | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    system_metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CreateDirectory(Request):
    """`expires_at` is not an input any more: the service picks the lifetime of an ephemeral directory."""

    name: Filled
    description: str | None = None
    type: DirectoryType | None = None
    system_metadata: JsonObject | None = None
    connector_subscription_id: Filled | None = None


class UpdateDirectory(Changes):
    name: Filled | None = None
    description: str | None = None


class ListDirectories(PageQuery):
    name: Filled | None = None
    type: ListedDirectoryType | None = None
    types: Annotated[list[ListedDirectoryType], Many] = []
    include_deleted: bool | None = None


class DirectoryFile(Response):
    """One file of a directory. `id` is what a batch's results speak of, `unique_id` the name we gave it.

    `metadata` is merged from all sources. `download_url` is null unless expanded.
    """

    id: str
    directory_id: str
    display_name: str
    unique_id: str
    project_id: str
    file_id: str | None = None
    metadata: dict[str, Any] | None = None
    download_url: PresignedUrl | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


class UploadForm(Request):
    """The text parts of an upload. They go before the file part `upload_file`; `metadata` is JSON in a string."""

    display_name: str | None = None
    unique_id: str | None = None
    external_file_id: str | None = None
    metadata: str | None = None


class AddDirectoryFile(Request):
    """`file_id` is a file of the Files API. Left out, names are taken from there."""

    file_id: Filled
    display_name: Filled | None = None
    unique_id: Filled | None = None
    metadata: UserMetadata | None = None


class UpdateDirectoryFile(Changes):
    """`metadata` replaces all that users attached; `target_directory_id` moves the file."""

    display_name: Filled | None = None
    unique_id: Filled | None = None
    metadata: UserMetadata | None = None
    target_directory_id: Filled | None = None


class GetDirectoryFile(Query):
    expand: Repeated = []


class ListDirectoryFiles(PageQuery):
    """Times are inclusive."""

    display_name: Filled | None = None
    display_name_contains: Filled | None = None
    unique_id: Filled | None = None
    file_id: Filled | None = None
    include_deleted: bool | None = None
    updated_at_on_or_after: datetime | None = None
    updated_at_on_or_before: datetime | None = None
    expand: Repeated = []
