"""`llamabatch-nb run`: what its flags mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

import llamabatch_nb as lb
from llamabatch_nb import cli
from tests.run.support import texts


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    page = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(page).text((30, 60), "Hello from a picture", fill="black", font=ImageFont.load_default(60))
    folder = tmp_path / "scans"
    folder.mkdir()
    page.save(folder / "scan.png")
    return folder


def test_a_scan_is_read_when_it_is_asked_for(
    scan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", "workers=1")
    assert cli.main(["run", str(scan)]) == 0
    assert "Hello" not in capsys.readouterr().out
    assert cli.main(["run", str(scan), "--ocr"]) == 0, "not the run of before, of which nothing became"
    assert "Hello" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["LLAMA_CLOUD_API_KEY", "LLAMA_CLOUD_BASE_URL"])
def test_ocr_of_the_service_is_its_configuration_s(
    scan: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert cli.main(["run", str(scan), "--ocr"]) == 1
    said = capsys.readouterr().err
    assert f"{name} is set: unset it, or give --configuration one that has processing_options.ocr_parameters" in said


def test_a_configuration_that_extracts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMABATCH_ENGINE", "workers=1")
    folder = texts(tmp_path / "in", a="Total: 12.50")
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    with lb.connect() as client:
        saved = client.configurations.create(
            name="totals", parameters={"product_type": "extract_v2", "data_schema": schema}
        )
    command = ["run", str(folder), "--configuration", saved.id]
    assert cli.main([*command, "--export", str(tmp_path / "out.xls")]) == 1
    assert "no suffix that can be written" in capsys.readouterr().err
    with lb.connect() as client:
        assert list(client.batches.list()) == [], "nothing was sent"
    assert cli.main([*command, "--export", str(tmp_path / "out.csv")]) == 0
    said = capsys.readouterr().out
    assert 'a.txt: {"total": 12.5}' in said
    assert f"Wrote {tmp_path / 'out.csv'}." in said
    assert "12.5" in (tmp_path / "out.csv").read_text()
