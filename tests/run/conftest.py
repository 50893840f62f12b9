from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from llamabatch_nb.client.clients import Client
from llamabatch_nb.connect import connect


def pdf(path: Path, *pages: str, password: str | None = None) -> Path:
    canvas = Canvas(str(path), invariant=1, encrypt=password)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Six files: three can be read, three cannot, each for a reason of its own."""
    folder = tmp_path / "documents"
    (folder / "sub").mkdir(parents=True)
    pdf(folder / "one.pdf", "First page of one")
    pdf(folder / "sub" / "two.pdf", "First page of two", "Second page of two")
    (folder / "note.txt").write_text("Grüße aus München\n", encoding="utf-8")
    pdf(folder / "locked.pdf", "secret", password="open sesame")
    (folder / "empty.pdf").touch()
    (folder / "truncated.pdf").write_bytes((folder / "one.pdf").read_bytes()[:300])
    return folder


@pytest.fixture
def client(capsys: pytest.CaptureFixture[str]) -> Iterator[Client]:
    with connect(engine={"workers": 1}) as client:
        assert "stay on this machine" in capsys.readouterr().out
        yield client
