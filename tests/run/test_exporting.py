"""What a run says while it is exported, and of what is not all there yet."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import llamabatch_nb as lb
from llamabatch_nb.run.exporting import Line
from tests.run.support import texts


def test_nothing_is_said_of_what_is_quick_and_nothing_stays_of_what_is_slow() -> None:
    now, out = [0.0], StringIO()
    with Line(clock=lambda: now[0], out=out) as line:
        line(1, 9, "pages")
        assert out.getvalue() == ""
        now[0] = 3.0
        line(2, 9, "pages")
        line(3, 9, "pages")  # at once: people do not read that fast
        now[0] = 4.0
        line(4, 9, "\x1b[2Ja\nb")
    assert out.getvalue() == "\rpages: 2 of 9\r_[2Ja_b: 4 of 9\r               \r"


def test_nobody_looks_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with Line(clock=iter(range(0, 1000, 10)).__next__) as line:
        line(1, 2, "pages")
    assert capsys.readouterr().out == ""


def test_a_run_that_goes_on_is_exported_as_partial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = texts(tmp_path / "in", **{f"f{number:02}": f"text {number}" for number in range(12)})
    with lb.connect(engine={"workers": 1, "seconds_per_file": 0.2}):
        run = lb.submit(folder)
        for snapshot in run.watch():
            if snapshot.done:
                break
        capsys.readouterr()
        path = run.export(tmp_path / "pages.csv")
        assert path == tmp_path / "pages.partial.csv"
        assert "pages.partial.csv is PARTIAL: " in capsys.readouterr().out
        assert "of 12 files had ended" in run.export(tmp_path / "report.html").read_text()
        run.wait()
        assert run.export(tmp_path / "pages.csv") == tmp_path / "pages.csv"
        assert len(pd.read_csv(tmp_path / "pages.csv")) == 12
