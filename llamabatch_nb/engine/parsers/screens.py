"""Page images as JPEG, for ``images_content_metadata`` (contract.md section 5)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from liteparse import LiteParse, ParseError, ParseResult, ScreenshotResult
from PIL import Image

from llamabatch_nb.engine.parsers.base import ParsedPage
from llamabatch_nb.engine.parsers.pdf import PAGES, source_of

#: Dots per inch of an image, fewer where a page is so large that a side would be longer than `_SIDE` pixels: what is
#: drawn is uncompressed at first, 4 bytes a pixel, and a page may be 200 inches wide.
_DPI = 144
_SIDE = 2400
#: Pages drawn at a time, which are PNGs until they are written: 5 photographs of the largest size are 85 MB.
_AT_A_TIME = 5
_QUALITY = 80


def draw(path: Path, pages: Iterable[ParsedPage], folder: Path) -> list[dict[str, Any]]:
    """Write ``page_N.jpg`` for each of `pages` of the PDF or picture at `path`, and return the entries of the images.

    The folder is made when there is none. Each file appears whole or not at all, and again when this runs twice. A page
    that cannot be drawn has no image. Raises OSError where writing fails.
    """
    source = source_of(path)
    images: list[dict[str, Any]] = []
    sized = {page.page_number: page for page in pages if page.width and page.height}
    folder.mkdir(parents=True, exist_ok=True)
    for dpi, numbers in _batches(sized.values()):
        for shot in _shots(source, dpi, numbers):
            page = sized[shot.page_num]
            filename = f"page_{shot.page_num}.jpg"
            _write(folder / filename, shot.image_bytes)
            images.append(
                {
                    "filename": filename,
                    "index": len(images),
                    "category": "screenshot",
                    "content_type": "image/jpeg",
                    "bbox": {"x": 0, "y": 0, "w": round(page.width or 0), "h": round(page.height or 0)},
                }
            )
    return images


def _batches(pages: Iterable[ParsedPage]) -> Iterator[tuple[float, list[int]]]:
    """Runs of pages that are drawn alike, cut to what fits into memory."""
    for dpi, run in groupby(pages, lambda page: min(_DPI, _SIDE * 72 / max(page.width or 1, page.height or 1))):
        numbers = [page.page_number for page in run]
        for start in range(0, len(numbers), _AT_A_TIME):
            yield dpi, numbers[start : start + _AT_A_TIME]


def _shots(source: bytes | Path, dpi: float, numbers: list[int]) -> list[ScreenshotResult]:
    parser = LiteParse(
        dpi=dpi,
        target_pages=",".join(map(str, numbers)),
        max_pages=PAGES,
        extract_screenshots=True,
        output_format="text",
        continue_on_page_error=True,
        ocr_enabled=False,
        quiet=True,
    )
    try:
        result: ParseResult = parser.parse(source)
    except ParseError:
        return []
    shots: list[ScreenshotResult] = result.screenshots
    return shots


def _write(path: Path, png: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(part, "JPEG", quality=_QUALITY)
    part.replace(path)
