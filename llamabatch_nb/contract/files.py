"""The Files API: ``/api/v1/beta/files`` (contract.md section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from llamabatch_nb.contract.base import MAX_PAGE_SIZE, Filled, PageQuery, Query, Repeated, Request, Response

#: What a file is for, which decides where and how long it is kept.
FilePurpose = Literal["user_data", "parse", "extract", "split", "classify", "sheet", "agent_app"]
#: Names and ids ascend, times descend; anything else is refused.
FileOrder = Literal["name", "id", "created_at"]


class PresignedUrl(Response):
    """A link that needs no key, for a short time. `form_fields` go with a presigned POST."""

    url: str
    expires_at: datetime
    form_fields: dict[str, str] | None = None


class File(Response):
    """An uploaded file. `expires_at` null: never."""

    id: str
    name: str
    project_id: str
    file_type: str | None = None
    purpose: FilePurpose | str | None = None
    external_file_id: str | None = None
    expires_at: datetime | None = None
    last_modified_at: datetime | None = None
    download_url: PresignedUrl | None = None


class CreateFileForm(Request):
    """The text parts of an upload. They go before the file part `file`."""

    purpose: FilePurpose
    external_file_id: Filled | None = None


class GetFile(Query):
    expand: Repeated = []


class GetFileContent(Query):
    expires_at_seconds: Annotated[int, Field(ge=1)] | None = None


class ListFiles(PageQuery):
    """`file_name` matches exactly."""

    file_name: Filled | None = None
    file_ids: Repeated = []
    external_file_id: Filled | None = None
    order_by: FileOrder | None = None
    expand: Repeated = []


class FileFilter(Request):
    """`file_name` matches exactly. A file that came with no data source was uploaded by hand."""

    data_source_id: str | None = None
    external_file_id: str | None = None
    file_ids: Annotated[list[str], Field(max_length=MAX_PAGE_SIZE)] | None = None
    file_name: str | None = None
    only_manually_uploaded: bool | None = None
    project_id: str | None = None


class QueryFiles(Request):
    """The deprecated query. `order_by` is a comma list of fields, each with ``desc`` or ``asc`` behind it or nothing.

    A `page_size` beyond the maximum means the maximum.
    """

    filter: FileFilter | None = None
    order_by: str | None = None
    page_size: Annotated[int, Field(ge=1)] | None = None
    page_token: str | None = None
