"""Names and addresses of the seller, the buyer and where goods go: from labelled blocks and from letterheads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llamabatch_nb.engine.extractors.shipped.blocks import INLINE, LEGAL, POSTAL, Block, block_from, labelled
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.findings import Finding
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.letterheads import SENDER, SIGNS, height_of, letterhead
from llamabatch_nb.engine.extractors.shipped.words import key


def party(document: Document, role: str) -> Block | None:
    """The party of a role, decided once a document."""
    known = document.known.get(f"party {role}", False)
    if known is False:
        known = _told(labelled(document, role), role)
        if known is None and role == "seller":
            known = letterhead(document)
        if known is None and role == "buyer":
            known = _told(_window(document) or _other(document), role)
        document.known[f"party {role}"] = known
    return known if isinstance(known, Block) else None


def _told(block: Block | None, role: str) -> Block | None:
    """A block that a legal form shows to be a company, or a sure label to be a customer.

    "Vendedor: A. Ruiz" is a salesman, and the first line of a block is a contact as often as a company: on layouts that
    nobody tuned for, labelled names without a legal form were right 8 times in 14.
    """
    if block is None or LEGAL.search(block.name):
        return block
    return block if role != "seller" and block.confidence >= INLINE else None


def _window(document: Document) -> Block | None:
    """The address window of a letter: a sender's line in small type, and the recipient right under it."""
    for cell in document.cells:
        parts = [part for part in SENDER.split(cell.text) if part]
        if len(parts) < 3 or not POSTAL.search(cell.text) or cell.x0 > 130 or cell.y0 > 300:
            continue
        row = document.row_index(cell)
        for below in document.rows[row + 1 : row + 5]:
            start = below[0]
            if abs(start.x0 - cell.x0) < 6 and start.page == cell.page and start.y0 - cell.y1 < 45:
                block = block_from(document, start, 0.88)
                return block if block and block.address() else None
    return None


def _other(document: Document) -> Block | None:
    """The one address of the upper half that is not the seller's, where the seller's is there, too."""
    seller = party(document, "seller")
    if seller is None or seller.confidence < SIGNS[2]:
        return None
    blocks = {key(block.name): block for block in _addresses(document)}
    ship = labelled(document, "ship_to")
    for known in (seller, ship):
        if known:
            blocks.pop(key(known.name), None)
    return next(iter(blocks.values())) if len(blocks) == 1 else None


def _addresses(document: Document) -> Iterator[Block]:
    """Lines under one another that begin with a name and have a street and a town."""
    first = document.cells[0].page if document.cells else 0
    bottom = height_of(document) / 2
    used: set[Cell] = set()
    for cell in document.cells:
        if cell.page != first or cell.y0 > bottom or cell in used or document.row_index(cell) in document.taken:
            continue
        block = block_from(document, cell, 0.86)
        if block and any(re.search(r"\d", line) for line in block.address()[:-1]):
            used.update(block.cells)
            yield block


def name_of(document: Document, role: str) -> Finding | None:
    """The name of a party."""
    block = party(document, role)
    return Finding(block.name, block.confidence, block.name, block.cells[:1]) if block else None


def address_of(document: Document, role: str, part: str) -> Finding | None:
    """The whole address on one line, or its street, postal code or city."""
    block = party(document, role)
    lines = block.address() if block else ()
    if not block or not lines:
        return None
    cells = tuple(cell for cell in block.cells[1:] if cell.text in lines) or block.cells
    text = ", ".join(line.strip(" ,") for line in lines)
    if part == "address":
        return Finding(text, block.confidence - 0.03, text, cells)
    found = _parts(lines).get(part)
    return Finding(found, block.confidence - 0.04, found, cells) if found else None


def _parts(lines: tuple[str, ...]) -> dict[str, str]:
    """Street, postal code and city of an address whose town line begins with the code, as it does on the continent."""
    for index, line in enumerate(lines):
        town = re.fullmatch(
            r"(?:[A-Z]{1,2}-)?(\d{4,5}|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{3} \d{2}) +([^\W\d][^\d,]+)", line.strip()
        )
        american = re.fullmatch(r"([^\d,]+), ([A-Z]{2}),? (\d{5}(?:-\d{4})?)", line.strip())
        code, city = (town[1], town[2]) if town else (american[3], american[1]) if american else ("", "")
        if code:
            parts = {"postal_code": code, "city": city.strip()}
            if index and re.search(r"\d", lines[index - 1]):
                parts["street"] = lines[index - 1].strip(" ,")
            return parts
    return {}
