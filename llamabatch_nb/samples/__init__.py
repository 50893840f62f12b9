"""The sample documents: made here, from code, so that nobody's papers are shipped; byte-identical on every run.

`write_samples` writes 24 invoices on four kinds of paper, a letter (DOCX), a workbook (XLSX) and three files that
cannot be read, each for another reason. What is true of the invoices lies in a folder beside them, a JSON file each.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llamabatch_nb.errors import InputError

INVOICES = 24
#: In the truth folder: which files were written, by their SHA-256, in the form of ``sha256sum``.
_SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Samples:
    """What was written: the documents in `folder`, sorted by name, and the folder of their truth."""

    folder: Path
    files: tuple[Path, ...]
    truth: Path


def invoice_name(ordinal: int) -> str:
    """``invoice-001`` for the first."""
    return f"invoice-{ordinal:03d}"


def invoice_pdf(ordinal: int) -> bytes:
    """Invoice number `ordinal`, from 1. Those beyond the 24 samples have one page each, so any number can be had."""
    from llamabatch_nb.samples.layouts import LAYOUTS
    from llamabatch_nb.samples.trade import make_invoice

    return LAYOUTS[(ordinal - 1) % len(LAYOUTS)](make_invoice(ordinal))


def write_samples(folder: str | os.PathLike[str], count: int = INVOICES) -> Samples:
    """Write the samples into `folder` and the truth of the `count` invoices into ``<folder>-truth``.

    Both folders are made if need be. A second run leaves them as if it had been the only one. Raises InputError,
    before anything is written, when either holds a file that is not, unchanged, of an earlier run. Names that begin
    with a dot do not count.
    """
    folder = Path(folder).resolve()
    truth = folder.with_name(f"{folder.name}-truth")
    documents = _documents(count)
    truths = _truths(count)
    sums = _known_sums(truth)
    stale = [*_own(folder, documents, sums), *_own(truth, truths, sums)]
    for place, contents in ((folder, documents), (truth, truths)):
        place.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (place / name).write_bytes(content)
    for path in stale:
        path.unlink()
    lines = [f"{_sum(content)}  {name}\n" for name, content in sorted({**documents, **truths}.items())]
    (truth / _SUMS).write_text("".join(lines), encoding="ascii", newline="\n")
    return Samples(folder, tuple(folder / name for name in sorted(documents)), truth)


def _documents(count: int) -> dict[str, bytes]:
    from llamabatch_nb.samples import flawed, office

    return {
        **{f"{invoice_name(ordinal)}.pdf": invoice_pdf(ordinal) for ordinal in range(1, count + 1)},
        "lighting-offer.docx": office.letter(),
        "orders.xlsx": office.workbook(),
        "scanned-receipt.pdf": flawed.scanned_receipt(),
        "locked.pdf": flawed.locked(),
        "truncated.pdf": flawed.truncated(),
    }


def _truths(count: int) -> dict[str, bytes]:
    from llamabatch_nb.samples.trade import make_invoice, truth_of

    truths = {invoice_name(ordinal): truth_of(make_invoice(ordinal)) for ordinal in range(1, count + 1)}
    return {
        f"{name}.json": (json.dumps(truth, ensure_ascii=False, indent=2) + "\n").encode()
        for name, truth in truths.items()
    }


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _known_sums(truth: Path) -> set[str]:
    """Of what an earlier run wrote; none if there was none."""
    try:
        lines = (truth / _SUMS).read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {line.partition(" ")[0] for line in lines}


def _own(place: Path, contents: Mapping[str, bytes], sums: set[str]) -> list[Path]:
    """The files of an earlier run that this one does not write again.

    Raises InputError when `place` holds anything that this module did not write, or that was changed since.
    """
    if not place.exists():
        return []
    if not place.is_dir():
        raise InputError(f"{place} is a file; name a folder for the samples.")
    stale = []
    for path in sorted(place.iterdir()):
        if path.name.startswith(".") or path.name == _SUMS:
            continue
        content = path.read_bytes() if path.is_file() else None
        if content is None or (_sum(content) not in sums and content != contents.get(path.name)):
            raise InputError(
                f"{place} holds {path.name}, which is no unchanged sample; name a new or empty folder for the samples."
            )
        if path.name not in contents:
            stale.append(path)
    return stale
