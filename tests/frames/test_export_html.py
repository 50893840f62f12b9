"""The report: one file that runs nothing and loads nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from llamabatch_nb import frames
from tests.frames.exports import HOSTILE, extracted, parsed


def report(path: Path, **of: object) -> LexborHTMLParser:
    taken, made = extracted() if of.get("extract") else parsed(running=bool(of.get("running")))
    return LexborHTMLParser(frames.export_all(made, path / "report.html", about=taken).read_text())


@pytest.mark.parametrize("extract", [False, True])
def test_nothing_runs_and_nothing_is_loaded(tmp_path: Path, extract: bool) -> None:
    tree = report(tmp_path, extract=extract)
    assert not tree.css("script, link, img, iframe, object, embed, form, base, video, svg")
    assert all(node.attributes["href"] is not None for node in tree.css("a"))
    assert all((node.attributes["href"] or "").startswith("#") for node in tree.css("a"))
    policy = tree.css_first('meta[http-equiv="Content-Security-Policy"]')
    assert policy is not None
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    html = (tmp_path / "report.html").read_text()
    assert HOSTILE not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"\son\w+=|url\(|@import|https?://", html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_what_failed_comes_first_with_its_reason(tmp_path: Path) -> None:
    tree = report(tmp_path)
    rows = [[cell.text(strip=True) for cell in row.css("td")] for row in tree.css("main section")[0].css("tbody tr")]
    assert [row[:2] for row in rows] == [["locked.pdf", "✗failed"]]
    assert rows[0][2].startswith("It needs a password")
    others = [row.css("td")[0].text() for row in tree.css("#frame-0 details:not([open]) tbody tr")]
    assert others == ["sub/a.pdf", f"{HOSTILE}.pdf"]
    text = tree.text(separator=" ")
    assert "3 files: 2 completed · 1 failed" in text
    assert "cfg-1" in text
    assert "PARTIAL" not in text


def test_a_partial_report_says_so_at_once(tmp_path: Path) -> None:
    tree = report(tmp_path, running=True)
    title, alarm = tree.css_first("title"), tree.css_first(".alarm")
    assert title is not None
    assert alarm is not None
    assert title.text() == "PARTIAL: Q3 \u2013 3 files, parse"
    assert "2 of 3 files had ended" in alarm.text()


def test_doubtful_values_are_marked(tmp_path: Path) -> None:
    tree = report(tmp_path, extract=True)
    marked = [node.text(separator=" ", strip=True) for node in tree.css("#frame-0 td.doubt")]
    assert "12.50 Confidence 0.42, page 1, “sum 12.50”" in marked
    assert len(marked) == 6  # three a record; what has no record is no row here


def test_long_frames_are_bounded_and_say_what_is_left_out(tmp_path: Path) -> None:
    made = frames.PAGES.frame({"name": "a.pdf", "page": n, "text": "x" * 5000} for n in range(1234))
    html = frames.export_all({"pages": made}, tmp_path / "report.html").read_text()
    assert "100 of 1,234 rows; 1,134 are not shown" in html
    assert len(html) < 60_000
    tree = LexborHTMLParser(html)
    assert [node.text() for node in tree.css("th")] == ["name", "page", "text"]  # nothing else has a value
    empty = frames.export_all({"files": frames.FILES.empty()}, tmp_path / "empty.html").read_text()
    assert "0 files" in empty


def test_no_digit_of_a_rate_is_lost(tmp_path: Path) -> None:
    values = pd.DataFrame({"rate": [0.0825, 1.083451], "year": pd.array([2026, None], dtype="Int64")})
    html = frames.export(values, tmp_path / "rates.html").read_text()
    for shown in (">0.0825<", ">1.083451<", ">2026<"):
        assert shown in html


def test_any_frame_is_a_report(tmp_path: Path) -> None:
    odd = pd.DataFrame({"a": pd.Series([1, "two\ud83d", None], dtype=object), "b": [0.0, 1e300, -1e-9]})
    html = frames.export(odd, tmp_path / "odd.html").read_text()
    assert "two\\ud83d" in html


def table(tree: LexborHTMLParser, name: str) -> tuple[list[str], list[list[str]]]:
    titled = [(one, one.css_first("h2")) for one in tree.css("main section")]
    (section,) = [one for one, title in titled if title is not None and title.text() == name]
    head = [cell.text(deep=False).strip() for cell in section.css("th")]
    return head, [[cell.text(deep=False).strip() for cell in row.css("td")] for row in section.css("tbody tr")]


def test_records_come_first_with_every_value_column(tmp_path: Path) -> None:
    taken, made = extracted()
    empty = made["records"].assign(day=pd.Series([pd.NaT] * 3, dtype="datetime64[us]"), width=12.5)
    path = frames.export_all({**made, "records": empty}, tmp_path / "report.html", about=taken)
    tree = LexborHTMLParser(path.read_text())
    titles = [node.text() for node in tree.css("h2")]
    assert titles == ["What failed", "records", "records.lines", "records.lines.parts", "files", "evidence"]
    head, rows = table(tree, "records")
    assert head == ["name", "main.number", "day", "total", "main.status", "vendor.name", "width"]
    assert [row[2] for row in rows] == ["\u2013", "\u2013"]
    assert [row[0] for row in table(tree, "records.lines")[1]] == ["sub/a.pdf"] * 2 + [f"{HOSTILE}.pdf"] * 2
    head, rows = table(tree, "records.lines")
    assert [row[head.index("amount")] for row in rows] == ["10.00", "2.50"] * 2


def test_evidence_begins_with_what_is_doubtful_and_has_page_and_quote(tmp_path: Path) -> None:
    tree = report(tmp_path, extract=True)
    head, _ = table(tree, "evidence")
    assert {"page", "matching_text"} <= {*head}
    assert not {"parsing_confidence", "extraction_confidence", "record", "citations"} & {*head}
    doubtful = [len(row.css("td.doubt")) for row in tree.css("main section")[-1].css("tbody tr")]
    assert doubtful == sorted(doubtful, reverse=True)
    assert sum(doubtful) == 8


def test_columns_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    made = frames.PAGES.frame(
        {"name": "a.pdf", "page": n, "success": True, "text": None if n == 2 else "t", "markdown": f"# m{n}"}
        for n in (1, 2)
    )
    made.attrs["schema"] = "pages"
    tree = LexborHTMLParser(frames.export_all({"pages": made}, tmp_path / "a.html").read_text())
    assert table(tree, "pages") == (["name", "page", "text"], [["a.pdf", "1", "t"], ["a.pdf", "2", "# m2"]])
    index = frames.TABLES.frame({"name": "a.pdf", "page": n, "last_page": n, "number": n} for n in (1, 2))
    tree = LexborHTMLParser(frames.export_all({"tables": index}, tmp_path / "b.html").read_text())
    assert table(tree, "tables")[0] == ["name", "page", "number"]


def test_backticks_of_a_reason_are_code_and_still_escaped(tmp_path: Path) -> None:
    made = frames.FILES.frame([{"name": "a.pdf", "status": "failed", "error": f"`{HOSTILE}` is missing"}])
    html = frames.export_all({"files": made}, tmp_path / "a.html").read_text()
    assert "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code> is missing" in html
