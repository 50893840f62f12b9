from __future__ import annotations

import pytest

from tests.parsers.conftest import Read

FRENCH = "La société a livré les pièces commandées le 3 février; le règlement est attendu à réception. " * 4
JAPANESE = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n"


@pytest.mark.parametrize(
    ("text", "written", "found", "guessed"),
    [
        ("plain", "ascii", "utf-8", False),
        ("Größe", "utf-8", "utf-8", False),
        ("Größe", "utf-8-sig", "utf-8-sig", False),
        ("Größe 名前", "utf-16", "utf-16", False),
        ("Größe 名前", "utf-32", "utf-32", False),
        ("Groesse in mm", "utf-16-le", "utf-16-le", True),
        ("Groesse in mm", "utf-16-be", "utf-16-be", True),
        ("désignation", "latin-1", "cp1252", True),
        ("12,50 € “fine”", "cp1252", "cp1252", True),
        (FRENCH, "cp1252", "cp1252", True),
        (JAPANESE, "cp932", "cp932", True),
        ("Иван Петров, Москва, улица Ленина", "cp1251", "cp1251", True),
    ],
)
def test_encodings(read: Read, text: str, written: str, found: str, guessed: bool) -> None:
    document = read(text.encode(written), "a.txt")
    assert document.pages[0].text == text
    assert (document.facts["encoding"], document.facts["encoding_guessed"]) == (found, guessed)


def test_text_is_kept_and_fenced(read: Read) -> None:
    text = "# no heading\r\n  two  spaces\n```\n<script>\n"
    (page,) = read(text.encode(), "notes.txt").pages
    assert page.text == text
    assert page.markdown == f"````text\n{text.rstrip()}\n````"


def test_markdown_stays_markdown(read: Read) -> None:
    assert read(b"# Title\n", "README.md").pages[0].markdown == "# Title\n"


def test_one_zero_byte_does_not_make_text_binary(read: Read) -> None:
    text = "a log with a hole\x00 in the middle of a line that is long enough\n"
    assert read(text.encode(), "a.log").pages[0].text == text


def test_words_about_pdfs_and_cars(read: Read) -> None:
    assert read(b"BMW builds cars", "a.txt").kind == "text"
    assert read(b"A PDF begins with %PDF-1.4, they say", "a.txt").kind == "text"


@pytest.mark.parametrize(
    ("text", "delimiter", "table"),
    [
        ("a,b\n1,2\n", ",", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("a;b\n1,5;2,5\n", ";", "| a | b |\n|---|---|\n| 1,5 | 2,5 |"),
        ("a\tb\n1, 2\t3\n", "\t", "| a | b |\n|---|---|\n| 1, 2 | 3 |"),
        ("a|b\n*x*|y\n", "|", "| a | b |\n|---|---|\n| \\*x\\* | y |"),
        ('a,b\n"one\ntwo, three",c\n', ",", "| a | b |\n|---|---|\n| one two, three | c |"),
        ("name\nanna\nbob\n", None, "| name |\n|---|\n| anna |\n| bob |"),
        ("a,b\n1\n\n1,2,3\n", ",", "| a | b |  |\n|---|---|---|\n| 1 |  |  |\n| 1 | 2 | 3 |"),
    ],
)
def test_tables(read: Read, text: str, delimiter: str | None, table: str) -> None:
    document = read(text.encode(), "a.csv")
    assert document.kind == "csv"
    assert document.facts["delimiter"] == delimiter
    assert document.pages[0].text == text
    assert document.pages[0].markdown == table


def test_a_quote_that_is_never_closed(read: Read) -> None:
    text = 'a,b\n"never closed,1\n' + "x,y\n" * 50_000
    (page,) = read(text.encode(), "a.csv").pages
    assert page.text == text
    assert page.markdown == f"```text\n{text.rstrip()}\n```"


def test_a_hundred_thousand_rows(read: Read) -> None:
    text = "id,name\n" + "".join(f"{number},name {number}\n" for number in range(100_000))
    (page,) = read(text.encode(), "a.csv").pages
    assert (page.markdown or "").count("\n") == 100_001
    assert (page.markdown or "").endswith("| 99999 | name 99999 |")


def test_a_table_called_text_is_no_lie(read: Read) -> None:
    document = read(b"a,b\n1,2\n", "table.txt")
    assert document.kind == "text"
    assert "name_mismatch" not in document.facts
