"""Webhooks (contract.md section 1.4)."""

from __future__ import annotations

from llamabatch_nb.engine.choices.base import Choice

CHOICES: tuple[Choice, ...] = (
    Choice("webhooks", "1.4", "Webhooks at create", "Not delivered yet, so asking for one is a 422."),
)
