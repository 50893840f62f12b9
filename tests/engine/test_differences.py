"""The table of differences (`engine.differences`) is true: of the routes, the contract, the official SDK and README."""

from __future__ import annotations

import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from llama_cloud import resources

from llamabatch_nb.engine import differences
from llamabatch_nb.engine.differences import ABSENT, BEGIN, END, RESOURCES, SHAPE_ONLY, markdown, named, routes, write

README = Path(__file__).parents[2] / "README.md"


def test_every_endpoint_of_the_contract_has_a_route() -> None:
    """One that shall have none has to leave the contract, and be told in `ABSENT`."""
    assert [found.name for found in differences.differences() if found.state == "absent"] == []


def test_every_route_is_in_the_contract() -> None:
    assert routes() - {(endpoint.method, endpoint.path) for endpoint in named().values()} == set()
    assert len(routes()) > 40


def test_an_endpoint_without_a_route_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "routes", set)
    assert {found.state for found in differences.differences()} == {"absent"}
    assert (
        "| Batches `/api/v2/batches` | `POST`, `GET`, `GET /{batch_id}`, `POST /{batch_id}/cancel` | absent |"
        in markdown()
    )


def test_every_endpoint_is_in_a_row() -> None:
    table = markdown()
    for name, endpoint in named().items():
        root = next(root for root in RESOURCES if f"{endpoint.path}/".startswith(f"{root}/"))
        call = f"{endpoint.method} {endpoint.path.removeprefix(root)}".strip()
        rows = [row for row in table.splitlines() if f"`{root}` |" in row and f"`{call}`" in row]
        assert len(rows) == 1, name
        said = f"shape only: {SHAPE_ONLY[name]}" if name in SHAPE_ONLY else "behaves"
        assert rows[0].endswith(f"| {said} |")
    assert set(SHAPE_ONLY) <= set(named())
    assert all(path in table for paths in ABSENT.values() for path in paths)


def sdk_paths() -> Iterator[str]:
    """Every address in the source of the official SDK."""
    for module in pkgutil.walk_packages(resources.__path__, f"{resources.__name__}."):
        yield from re.findall(r'"(/api/[^"?]+)', inspect.getsource(import_module(module.name)))


def test_the_sdk_has_nothing_else() -> None:
    """What the service has is answered here, or said to be absent."""
    paths = set(sdk_paths())
    assert len(paths) > 80
    known = {endpoint.path for endpoint in named().values()}
    absent = tuple(path for paths in ABSENT.values() for path in paths)
    assert {path for path in paths - known if not path.startswith(absent)} == set()
    assert not any(path.startswith(absent) for path in known)


def test_readme_has_todays_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert write(text) == text, "make refresh, or python -m llamabatch_nb.engine.differences README.md"


def test_the_table_is_written_between_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "llamabatch_nb.engine.differences", str(path)]
    assert subprocess.run(command, check=True, capture_output=True).stderr == b""
    assert path.read_text(encoding="utf-8") == f"before\n{BEGIN}\n{markdown()}\n{END}\nafter\n"
    for broken in ("", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}", f"{BEGIN}\n{END}\n{END}"):
        with pytest.raises(ValueError, match="each once"):
            write(broken)


def test_the_table_is_a_table() -> None:
    """Nothing in a cell ends it, and no row is left out of the fold."""
    for row in markdown().splitlines():
        if row.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", row)) == 4, row
        else:
            assert row in {"", "</details>"} or row.startswith("<details><summary>")
