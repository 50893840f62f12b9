"""The table of choices (`engine.choices`): each one is shown by the test of its name, in this folder."""

from __future__ import annotations

import ast
from pathlib import Path

from llamabatch_nb.engine.choices import CHOICES, markdown


def test_every_choice_has_its_test() -> None:
    keys = [choice.key for choice in CHOICES]
    assert len(set(keys)) == len(keys)
    rooms = [ast.parse(path.read_text()) for path in Path(__file__).parent.glob("test_*.py")]
    tests = {node.name for room in rooms for node in room.body if isinstance(node, ast.FunctionDef)}
    assert [key for key in keys if f"test_{key}" not in tests] == []
    table = markdown()
    assert all(choice.topic in table and choice.engine in table for choice in CHOICES)
