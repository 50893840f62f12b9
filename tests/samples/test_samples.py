from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llamabatch_nb.engine.parsers import (
    ParsedDocument,
    ParseOptions,
    Unreadable,
    parse_file,
    read_payload,
    write_payload,
)
from llamabatch_nb.errors import InputError
from llamabatch_nb.samples import INVOICES, Samples, invoice_pdf, write_samples
from llamabatch_nb.samples.trade import TWO_PAGES, Invoice, make_invoice

NAMES = [
    *(f"invoice-{ordinal:03d}.pdf" for ordinal in range(1, 25)),
    *("lighting-offer.docx", "locked.pdf", "orders.xlsx", "scanned-receipt.pdf", "truncated.pdf"),
]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return write_samples(tmp_path_factory.mktemp("samples") / "documents")


def _read(path: Path) -> ParsedDocument:
    return parse_file(path, path.name, ParseOptions("agentic"))


def _truth(samples: Samples, ordinal: int) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((samples.truth / f"invoice-{ordinal:03d}.json").read_text(encoding="utf-8"))
    return truth


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def test_what_is_written(samples: Samples) -> None:
    assert [path.name for path in samples.files] == NAMES
    assert sorted(path.name for path in samples.folder.iterdir()) == NAMES
    assert samples.truth == samples.folder.with_name("documents-truth")
    assert len(list(samples.truth.glob("*.json"))) == INVOICES


def test_another_process_writes_the_same_bytes(samples: Samples, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from llamabatch_nb.samples import write_samples; write_samples(pathlib.Path(sys.argv[1]))"
    )
    target = tmp_path / "documents"
    surroundings = {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland", "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", script, str(target)], check=True, env=surroundings)
    assert _digest(target) == _digest(samples.folder)
    assert _digest(tmp_path / "documents-truth") == _digest(samples.truth)


@pytest.mark.parametrize("name", ["lighting-offer.docx", "orders.xlsx"])
def test_archives_hold_no_time_of_writing(samples: Samples, name: str) -> None:
    with zipfile.ZipFile(samples.folder / name) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        times = re.findall(rb">(\d{4}-\d\d-\d\dT[\d:]+Z?)<", archive.read("docProps/core.xml"))
    assert len(times) == 2
    assert set(times) == {b"2026-01-05T09:00:00Z"}


def test_the_sums_are_right(samples: Samples) -> None:
    for ordinal in range(1, INVOICES + 1):
        truth = _truth(samples, ordinal)
        items = truth["line_items"]
        for item in items:
            product = Decimal(str(item["quantity"])) * Decimal(str(item["unit_price"]))
            assert abs(product - Decimal(str(item["amount"]))) <= Decimal("0.005")
        assert sum(Decimal(str(item["amount"])) for item in items) == Decimal(str(truth["subtotal"]))
        assert Decimal(str(truth["subtotal"])) + Decimal(str(truth["tax"])) == Decimal(str(truth["total"]))
        assert truth["invoice_date"] < truth["due_date"]


def test_they_differ_as_real_ones_do(samples: Samples) -> None:
    truths = [_truth(samples, ordinal) for ordinal in range(1, INVOICES + 1)]
    assert {truth["currency"] for truth in truths} == {"USD", "GBP", "EUR", "CHF", "CAD", "SEK"}
    assert len({truth["vendor"]["name"] for truth in truths}) == 8
    assert len({truth["invoice_number"] for truth in truths}) == INVOICES


@pytest.mark.parametrize("ordinal", range(1, INVOICES + 1))
def test_an_invoice_reads_well(samples: Samples, ordinal: int) -> None:
    """Every line of its table is one row, and what identifies it can be read."""
    invoice = make_invoice(ordinal)
    document = _read(samples.folder / f"invoice-{ordinal:03d}.pdf")
    pages = read_payload(write_payload(document), items=False)["pages"]
    assert len(pages) == (2 if ordinal in TWO_PAGES else 1)
    # The typographic apostrophe in Swiss numbers comes out as the plain one.
    markdown = "\n".join(page["markdown"] for page in pages).replace("'", invoice.vendor.money.thousands)
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in markdown.splitlines() if "|" in line]
    for cells in _expected_rows(invoice):
        assert [row for row in rows if row[-len(cells) :] == cells], cells
    money = invoice.vendor.money
    for words in (invoice.number, invoice.order, invoice.day(invoice.issued), money.full(invoice.total)):
        assert words in markdown
    assert invoice.vendor.party.name in markdown
    assert invoice.customer.name in markdown


def _expected_rows(invoice: Invoice) -> list[list[str]]:
    money = invoice.vendor.money
    return [
        [
            line.description,
            f"{line.quantity.normalize():f}".replace(".", money.point),
            line.unit,
            money.plain(line.price),
            money.plain(line.amount),
        ]
        for line in invoice.lines
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("locked.pdf", "encrypted"), ("truncated.pdf", "damaged"), ("scanned-receipt.pdf", "needs_ocr")],
)
def test_three_cannot_be_read(samples: Samples, name: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        _read(samples.folder / name)
    assert caught.value.reason == reason


def test_the_letter_and_the_workbook(samples: Samples) -> None:
    (page,) = _read(samples.folder / "lighting-offer.docx").pages
    markdown = page.markdown or ""
    assert "# Offer for the lighting of the pump house" in markdown
    assert "1. Order from Thornfield Electrical by 27 March." in markdown
    assert "\n- scaffolding\n" in markdown
    assert "| Lumen & Daughters | in stock | £44.90 | £1,796.00 |" in markdown
    sheets = _read(samples.folder / "orders.xlsx").pages
    assert [(sheet.markdown or "").splitlines()[0] for sheet in sheets] == ["# Orders", "# By region", "# Notes"]
    assert "| 2026-02-03 | North | LED panel | 40 | 38.4 | 1536 |" in (sheets[0].markdown or "")


def test_more_invoices_have_one_page_each(tmp_path: Path) -> None:
    samples = write_samples(tmp_path / "many", count=30)
    assert len(samples.files) == 35
    for ordinal in range(INVOICES + 1, 31):
        path = samples.folder / f"invoice-{ordinal:03d}.pdf"
        assert path.read_bytes() == invoice_pdf(ordinal)
        assert len(_read(path).pages) == 1


def test_a_second_run_leaves_what_one_run_would(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    write_samples(folder, count=3)
    once = _digest(folder), _digest(tmp_path / "documents-truth")
    write_samples(folder, count=5)
    write_samples(folder, count=3)
    assert (_digest(folder), _digest(tmp_path / "documents-truth")) == once


@pytest.mark.parametrize("place", ["documents", "documents-truth"])
def test_other_files_are_never_touched(tmp_path: Path, place: str) -> None:
    foreign = tmp_path / place / "invoice-001.pdf"
    foreign.parent.mkdir()
    foreign.write_bytes(b"my own invoice")
    with pytest.raises(InputError, match=r"invoice-001\.pdf"):
        write_samples(tmp_path / "documents", count=1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [foreign]
    assert foreign.read_bytes() == b"my own invoice"


def test_a_changed_sample_is_no_sample(tmp_path: Path) -> None:
    samples = write_samples(tmp_path / "documents", count=1)
    changed = samples.folder / "orders.xlsx"
    changed.write_bytes(b"my own orders")
    with pytest.raises(InputError, match=r"orders\.xlsx"):
        write_samples(samples.folder, count=1)
    assert changed.read_bytes() == b"my own orders"


def test_samples_of_an_older_version_are_replaced(tmp_path: Path) -> None:
    samples = write_samples(tmp_path / "documents", count=1)
    whole = _digest(samples.folder), _digest(samples.truth)
    older = samples.folder / "orders.xlsx"
    sums = samples.truth / "SHA256SUMS"
    digest = hashlib.sha256(older.read_bytes()).hexdigest()
    older.write_bytes(b"as an older version wrote it")
    sums.write_text(sums.read_text().replace(digest, hashlib.sha256(older.read_bytes()).hexdigest()))
    write_samples(samples.folder, count=1)
    assert (_digest(samples.folder), _digest(samples.truth)) == whole


def test_hidden_files_do_not_matter_and_a_file_is_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / ".DS_Store").write_bytes(b"")
    write_samples(folder, count=1)
    with pytest.raises(InputError, match="is a file"):
        write_samples(folder / "orders.xlsx", count=1)
