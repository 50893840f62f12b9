"""Configurations (contract.md section 4)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice("presets", "4", "Built-in presets", "One for each parse tier; list and get show them."),
)
