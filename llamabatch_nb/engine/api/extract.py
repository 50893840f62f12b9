"""``/api/v2/extract``."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
