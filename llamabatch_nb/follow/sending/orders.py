"""What is asked for, and what it becomes in the journal: parts of at most 1,000 files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llamabatch_nb.client.core import Core
from llamabatch_nb.contract.batches import MAX_FILES
from llamabatch_nb.contract.directories import DirectoryType
from llamabatch_nb.errors import SourceError
from llamabatch_nb.follow.attach import owner_of
from llamabatch_nb.follow.journal.rows import FileRow, NewPart, Relation
from llamabatch_nb.follow.sending.products import Product
from llamabatch_nb.follow.sending.send import directory_name
from llamabatch_nb.follow.sources.source import Source, SourceFile
from llamabatch_nb.follow.sources.source import sample as sampled


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. `directory_id`: the files are those of a directory of the service, and it is used as it is."""

    source: Source
    configuration_id: str
    product: Product
    name: str | None = None
    sample: int | None = None
    new: bool = False
    directory_type: DirectoryType = "ephemeral"
    directory_id: str | None = None
    rows: tuple[FileRow, ...] | None = None  # where they are not simply those of `source`
    parent: int | None = None  # the run whose files these are, for another configuration

    def chosen(self) -> Source:
        """The source, or its sample."""
        return self.source if self.sample is None else sampled(self.source, self.sample)

    def variant(self, core: Core) -> str:
        """The end of `fingerprint`: empty, or a blank and what the service here makes of such jobs now."""
        word = core.variants.get(self.product.job_type)
        return f" {word}" if word else ""

    def fingerprint(self, core: Core) -> str:
        """64 digits, and the variant."""
        service = f"{core.settings.base_url} {owner_of(core)}"
        return self.chosen().fingerprint(self.configuration_id, service) + self.variant(core)


def rows_of(order: Order, chosen: Source) -> list[FileRow]:
    if order.rows is None:
        return [row_of(file) for file in chosen.files]
    names = {file.name for file in chosen.files}
    return [row for row in order.rows if row.name in names]


def some_of(order: Order) -> Order:
    """A batch takes a whole directory, so some of its files go into one of our own.

    Raises:
        SourceError: the service names no files behind them.

    """
    assert order.rows is not None
    if any(row.service_file_id is None for row in order.rows):
        raise SourceError(
            f"A batch takes all {len(order.rows):,} files of {order.directory_id!r}, and the service names no files "
            "behind them that could be sent alone: submit all of it, or the documents from this machine."
        )
    rows = (replace(row, source_file_id=row.service_file_id, file_id=None) for row in order.rows)
    return replace(order, rows=tuple(rows), directory_id=None)


def row_of(file: SourceFile) -> FileRow:
    return FileRow(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        path=None if file.path is None else str(file.path.absolute()),
        source_file_id=file.file_id,
        copy_of=file.copy_of,
    )


def parts_of(
    order: Order, rows: Sequence[FileRow], *, relation: Relation = "first", name: str | None = None
) -> Iterator[NewPart]:
    """At most 1,000 files a batch (contract.md 1.4); copies are not sent and do not count."""
    directory_id = order.directory_id if len(rows) <= MAX_FILES else None
    for chunk in chunks(rows):
        yield NewPart(
            relation=relation,
            files=chunk,
            directory_name=None if directory_id else directory_name(name or order.name or order.source.label),
            directory_type=order.directory_type,
            directory_id=directory_id,
        )


def chunks(rows: Sequence[FileRow]) -> Iterator[list[FileRow]]:
    chunk: list[FileRow] = []
    count = 0
    for row in rows:
        if row.copy_of is None and count == MAX_FILES:
            yield chunk
            chunk, count = [], 0
        chunk.append(row)
        count += row.copy_of is None
    if chunk:
        yield chunk
