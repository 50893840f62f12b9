"""Saved webhook endpoints: ``/api/v1/beta/webhook-configs`` and ``/api/v2/webhook-configs``."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
