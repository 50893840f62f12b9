from __future__ import annotations

from pathlib import Path

import pytest

from llamabatch_nb.engine.parsers import ParseOptions
from llamabatch_nb.engine.parsers.ocr import recognition
from tests.parsers import build
from tests.parsers.conftest import Read, Refuse

LINES = ("Invoice number 4711", "Total 1,250.00 EUR")
NATIVE = "This is a native page of text"


@pytest.fixture
def english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the English data and no other, whatever this machine has."""
    folder = recognition(ParseOptions("agentic", ocr=True)).folder
    assert folder is not None, "the extra `ocr` is a part of the development environment"
    place = tmp_path / "tessdata"
    place.mkdir()
    (place / "eng.traineddata").symlink_to(Path(folder, "eng.traineddata"))
    monkeypatch.setenv("TESSDATA_PREFIX", str(place))
    return place


@pytest.mark.usefixtures("english")
def test_a_scan_among_pages(read: Read) -> None:
    document = read(
        build.pdf(build.scanned(*LINES), build.words(NATIVE), build.scan), "scan.pdf", ocr=True, positions=True
    )
    scan, native, wordless = document.pages
    assert [line.strip() for line in scan.text.split("\n") if line.strip()] == [*LINES]
    assert 0.8 < scan.metadata["confidence"] <= 1
    assert " ".join(str(line[0]) for line in scan.lines) == " ".join(LINES)
    for _, x, y, w, h, confidence in scan.lines:
        assert isinstance(confidence, float)
        assert 0.8 < confidence <= 1
        assert isinstance(x, float)
        assert isinstance(y, float)
        assert 20 < x < x + float(w or 0) < 200  # points, where the picture is 900 pixels wide
        assert 30 < y < y + float(h or 0) < 150
    assert " ".join(item["md"] for item in scan.items) == " ".join(LINES)
    assert (native.text.strip(), native.metadata, [line[5] for line in native.lines]) == (NATIVE, {}, [None])
    assert (wordless.success, "OCR found no words" in (wordless.error or "")) == (False, True)
    assert document.facts["ocr"] is True


@pytest.mark.usefixtures("english")
def test_a_picture(read: Read, refuse: Refuse) -> None:
    document = read(build.photographed(*LINES), "photo.png", ocr=True, languages=("en",))
    (page,) = document.pages
    assert document.kind == "picture"
    assert page.text.split() == " ".join(LINES).split()
    assert 0.8 < page.metadata["confidence"] <= 1
    finding = refuse(build.picture("PNG"), "blank.png", ocr=True)
    assert finding.reason in {"needs_ocr", "no_text"}


@pytest.mark.usefixtures("english")
def test_nothing_is_recognised_unless_asked_for(refuse: Refuse) -> None:
    assert refuse(build.pdf(build.scanned(*LINES)), "scan.pdf").reason == "needs_ocr"
    assert refuse(build.photographed(*LINES), "photo.png").reason == "needs_ocr"


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (("de",), "deu.traineddata"),
        (("en", "ch_sim"), "chi_sim.traineddata"),
        (("abq",), "'abq'"),
        (("../../etc/passwd",), "no data"),
    ],
)
def test_languages_without_data(
    english: Path, read: Read, refuse: Refuse, languages: tuple[str, ...], said: str
) -> None:
    """liteparse would fetch what is missing from the network."""
    finding = refuse(build.photographed(*LINES), "photo.png", ocr=True, languages=languages)
    assert finding.reason == "needs_ocr"
    assert said in str(finding)
    assert str(english) not in str(finding)
    mixed = read(build.pdf(build.words(NATIVE), build.scan), "mixed.pdf", ocr=True, languages=languages)
    assert mixed.pages[0].text.strip() == NATIVE
    assert said in (mixed.pages[1].error or "")
    assert said in mixed.facts["ocr_note"]


def test_more_languages_where_their_data_are(english: Path) -> None:
    (english / "deu.traineddata").write_bytes(b"")
    found = recognition(ParseOptions("agentic", ocr=True, languages=("de", "en", "de")))
    assert (found.folder, found.languages, found.missing) == (str(english), "deu+eng", None)


def test_without_english(read: Read, refuse: Refuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    for data, name in ((build.pdf(build.scan), "scan.pdf"), (build.picture("PNG"), "photo.png")):
        finding = refuse(data, name, ocr=True)
        assert finding.reason == "needs_ocr"
        assert "eng.traineddata" in str(finding)
        assert "pip install 'llamabatch-nb[ocr]'" in str(finding)
    document = read(build.pdf(build.words(NATIVE)), "text.pdf", ocr=True)  # needs none
    assert document.pages[0].text.strip() == NATIVE
    assert document.facts["ocr"] is False
