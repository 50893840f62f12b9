"""What the drills share: a folder of many small files, and what is on an engine's own store, past every line."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

#: `make drills` runs everything, `make test` a small sample of it.
FULL = os.environ.get("LLAMABATCH_DRILLS") == "full"


def pdf(path: Path, *pages: str) -> Path:
    canvas = Canvas(str(path), invariant=1)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return path


def texts(folder: Path, count: int) -> Path:
    """That many files, each with a text of its own."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"text {number}")
    return folder


def mixed(folder: Path, count: int) -> Path:
    """The same with two PDFs, a copy of the first text, an empty file and half a PDF among them."""
    texts(folder, count - 5)
    one = pdf(folder / "one.pdf", "First page of one")
    pdf(folder / "two.pdf", "First page of two", "Second page of two")
    (folder / "copy.txt").write_bytes((folder / "000.txt").read_bytes())
    (folder / "empty.pdf").touch()
    (folder / "half.pdf").write_bytes(one.read_bytes()[:300])
    return folder


class Store:
    """An engine's ``engine.db``: what really is there, whatever was answered."""

    def __init__(self, data: Path) -> None:
        self._path = data / "engine.db"

    def _all(self, statement: str) -> list[tuple[str, ...]]:
        db = sqlite3.connect(self._path, timeout=30)
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()

    @property
    def batches(self) -> list[str]:
        """Statuses, oldest first."""
        return [status for (status,) in self._all("SELECT status FROM batches ORDER BY seq")]

    @property
    def directories(self) -> list[Counter[str]]:
        """Of each directory, oldest first, how often each file is in it."""
        found: dict[str, Counter[str]] = {id_: Counter() for (id_,) in self._all("SELECT id FROM directories")}
        for directory, name in self._all("SELECT directory_id, display_name FROM directory_files"):
            found[directory][name] += 1
        return list(found.values())

    @property
    def uploads(self) -> Counter[str]:
        """How often each content came, by the name it came with: a file that was sent again has a second one."""
        return Counter(name for (name,) in self._all("SELECT name FROM files"))

    @property
    def jobs(self) -> list[tuple[str, ...]]:
        """Name and status of each job, oldest first."""
        return self._all("SELECT name, status FROM jobs ORDER BY seq")
