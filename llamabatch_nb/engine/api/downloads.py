"""What presigned links lead to: no key is asked for, a signature is."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
