"""What the journal keeps, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.follow.sources.source import Kind

Relation = Literal["first", "rest", "retry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    id: int
    name: str | None
    label: str
    source: str | None
    kind: Kind
    options: dict[str, Any]
    service: str
    configuration_id: str
    job_type: str
    parent: int | None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    id: int
    run: int
    relation: Relation
    directory_name: str | None
    directory_type: DirectoryType
    directory_id: str | None
    batch_id: str | None
    stopped: bool
    phase: str | None
    batch_created_at: str | None
    batch_updated_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    name: str
    size: int | None
    sha256: str
    path: str | None = None
    source_file_id: str | None = None
    copy_of: str | None = None
    file_id: str | None = None
    service_file_id: str | None = None
    error: str | None = None
    job_id: str | None = None
    job_type: str | None = None
    mapping_error: str | None = None
    unique_id: str | None = None  # its name in the directory
    metadata: str | None = None  # what users attached to it, JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """`directory_id` is given where the directory exists already; `directory_name` where one is to be made."""

    relation: Relation
    files: Sequence[FileRow]
    directory_name: str | None = None
    directory_type: DirectoryType = "ephemeral"
    directory_id: str | None = None
    batch_id: str | None = None  # where it was made elsewhere
