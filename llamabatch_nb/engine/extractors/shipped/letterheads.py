"""Names from letterheads: no label stands over them, so several signs have to agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llamabatch_nb.engine.extractors.shipped import codes
from llamabatch_nb.engine.extractors.shipped.blocks import LEGAL, POSTAL, Block, downwards, is_name, labelled
from llamabatch_nb.engine.extractors.shipped.document import Document
from llamabatch_nb.engine.extractors.shipped.layout import Cell
from llamabatch_nb.engine.extractors.shipped.words import key, words

#: How sure a name is by the number of its signs.
SIGNS = {0: 0.3, 1: 0.6, 2: 0.87, 3: 0.92}
#: What a sender's line is set with.
SENDER = re.compile(r"\s*[·•|]\s*|\s+[-–—∙*]\s+|\s*,\s+")  # noqa: RUF001 - what senders' lines are set with
#: How far down a letterhead may reach, as a share of the page: the recipient's window begins at 15 % (DIN 5008), so
#: further only where the recipient is known by a label.
_TOP, _TOP_SURE = 0.13, 0.22


def letterhead(document: Document) -> Block | None:
    """A name with two or more signs: at the top, a legal form, a sender's line, the foot, the domain, the account."""
    first = [cell for cell in document.cells if cell.page == document.cells[0].page] if document.cells else []
    height = height_of(document)
    domains = _domains(document)
    buyer = labelled(document, "buyer")
    others = {key(buyer.name)} if buyer else set()
    top = height * (_TOP_SURE if buyer else _TOP)
    signs: dict[str, set[str]] = {}
    where: dict[str, tuple[str, Cell]] = {}
    for cell in first:
        if document.row_index(cell) in document.taken:
            continue
        for text, kind in _possible(document, cell, top, height):
            folded = key(text)
            if folded in others or len(folded) < 4:
                continue
            signs.setdefault(folded, set()).add(kind)
            where.setdefault(folded, (text, cell))
    for folded, kinds in signs.items():
        if LEGAL.search(where[folded][0]):
            kinds.add("legal")
        if any(_of_domain(folded, domain) for domain in domains):
            kinds.add("domain")
    ranked = sorted(signs, key=lambda folded: -len(signs[folded]))
    if not ranked or (len(ranked) > 1 and len(signs[ranked[1]]) == len(signs[ranked[0]]) and not _alike(*ranked[:2])):
        return None
    text, cell = where[ranked[0]]
    confidence = SIGNS[min(len(signs[ranked[0]]), 3)]
    if not signs[ranked[0]] & {"domain", "sender", "holder", "legal"}:
        confidence = 0.6
    block = Block(text, tuple(line.text for line in downwards(document, cell)), (cell,), confidence)
    parts = [part for part in SENDER.split(cell.text) if part]
    return replace(block, lines=tuple(parts[1:])) if len(parts) > 2 and key(parts[0]) == ranked[0] else block


def _alike(one: str, other: str) -> bool:
    return one in other or other in one


def height_of(document: Document) -> float:
    """Of the first page; of its text, where the format has no pages."""
    first = document.cells[0].page if document.cells else 0
    stated = next((page.height for page in document.pages if page.number == first and page.lines), None)
    return stated or max((cell.y1 for cell in document.cells if cell.page == first), default=0.0)


def _possible(document: Document, cell: Cell, top: float, height: float) -> Iterator[tuple[str, str]]:
    parts = [part for part in SENDER.split(cell.text) if part]
    if len(parts) >= 3 and POSTAL.search(cell.text) and is_name(document, parts[0]):
        yield parts[0].strip(), "sender"
    for span in document.spans(cell)[:1]:
        if "account_holder" in span.concepts and (name := cell.text[span.value_start : span.value_end].strip()):
            yield name, "holder"
    if not is_name(document, cell.text) or len(words(cell.text)) > 7:
        return
    if cell.y1 < top:
        yield cell.text.strip(), "top"
    elif cell.y0 > 0.8 * height and LEGAL.search(cell.text):
        yield cell.text.strip(), "foot"


def _domains(document: Document) -> set[str]:
    found = set()
    for cell in document.cells:
        for address in (*codes.EMAIL.findall(cell.text), *codes.URL.findall(cell.text)):
            host = re.sub(r"^(?:https?://)?(?:www\.)?", "", address.rpartition("@")[2].lower()).partition("/")[0]
            if len(parts := host.split(".")) >= 2:
                found |= {key(part) for part in parts[:-1] if len(part) >= 4}
    return found - {"gmail", "outlook", "hotmail", "yahoo", "example", "icloud", "mail", "info"}


def _of_domain(folded: str, domain: str) -> bool:
    return domain in folded or (len(folded) >= 5 and folded in domain)
