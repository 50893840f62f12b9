"""A service that costs something, over a line on which faults can be put: the real engine behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import llamabatch_nb as lb
from tests.run.support import Line, engine, remote


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with engine(tmp_path / "data", results_while_running=True, credits_per_page=10) as made:
        yield Line(made)


@pytest.fixture
def client(line: Line) -> Iterator[lb.Client]:
    with remote(line) as client:
        yield client
