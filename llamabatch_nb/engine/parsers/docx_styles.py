"""What the styles and numbering of a Word document make of a paragraph: a heading, a list item, a new page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

_HEADING = re.compile(r"heading (\d)")
#: Word's own styles of deeper lists, each a list of its own with one level: "List Bullet 2", "List Number 3".
_DEEPER = re.compile(r"list (?:bullet|number) ([2-5])")
_BODY_LEVEL = 9  # Word's outline level of what is no heading, and the number of levels
_OFF = frozenset({"0", "false", "off"})
_VAL = qn("w:val")


@dataclass(frozen=True, slots=True)
class Listed:
    """A place in a list: which list, how deep (from 0), and whether it is numbered."""

    list_id: str
    depth: int
    ordered: bool


class Styles:
    """Looks paragraphs (their ``w:p`` elements) up in the styles of one document, and counts its numbered lists."""

    def __init__(self, document: Any) -> None:
        self._styles = {style.get(qn("w:styleId")): style for style in document.styles.element.findall(qn("w:style"))}
        self._ordered = _ordered_levels(document)
        self._counts: Counter[tuple[str, int]] = Counter()

    def heading(self, paragraph: Any) -> int:
        """The level from 1, or 0 for what is no heading."""
        for properties, name in self._chain(paragraph):
            if match := _HEADING.match(name):
                return int(match[1])
            if name == "title":
                return 1
            if (level := _value(properties, "w:outlineLvl")) is not None:
                return (int(level) + 1) % (_BODY_LEVEL + 1)
        return 0

    def listed(self, paragraph: Any) -> Listed | None:
        """Where in a list it stands, if in any. List and depth may be said by the paragraph or by its style."""
        list_id = depth = None
        below = 0
        for properties, name in self._chain(paragraph):
            if not below and (match := _DEEPER.fullmatch(name)):
                below = int(match[1]) - 1
            numbering = properties.find(qn("w:numPr")) if properties is not None else None
            list_id = list_id or _value(numbering, "w:numId")
            depth = depth or _value(numbering, "w:ilvl")
        if list_id is None or list_id == "0":  # 0 takes a paragraph out of the list of its style
            return None
        level = min(int(depth or 0), _BODY_LEVEL)
        return Listed(list_id, level or below, (list_id, level) in self._ordered)

    def count(self, place: Listed) -> int | None:
        """The number of the next item at `place`, None for a bullet. Deeper levels start anew."""
        for level in range(place.depth + 1, _BODY_LEVEL + 1):
            self._counts.pop((place.list_id, level), None)
        self._counts[place.list_id, place.depth] += 1
        return self._counts[place.list_id, place.depth] if place.ordered else None

    def breaks_before(self, paragraph: Any) -> bool:
        before = paragraph.find(f"{qn('w:pPr')}/{qn('w:pageBreakBefore')}")
        return before is not None and before.get(_VAL) not in _OFF

    def breaks_after(self, paragraph: Any) -> bool:
        """Whether a section ends here and the next one starts a page."""
        section = paragraph.find(f"{qn('w:pPr')}/{qn('w:sectPr')}")
        return section is not None and _value(section, "w:type") != "continuous"

    def _chain(self, paragraph: Any) -> list[tuple[Any, str]]:
        """Properties and style name, from the paragraph itself down to the root of its style. Missing ones are None."""
        own = paragraph.find(qn("w:pPr"))
        chain = [(own, "")]
        style_id = _value(own, "w:pStyle")
        while (style := self._styles.get(style_id)) is not None and len(
            chain
        ) < 12:  # styles may be based on each other
            chain.append((style.find(qn("w:pPr")), (_value(style, "w:name") or "").lower()))
            style_id = _value(style, "w:basedOn")
        return chain


def _value(element: Any, child: str) -> str | None:
    found = element.find(qn(child)) if element is not None else None
    value: str | None = found.get(_VAL) if found is not None else None
    return value


def _ordered_levels(document: Any) -> set[tuple[str, int]]:
    """(list id, level) of every numbered level of every list; the others have bullets."""
    relations = document.part.rels.values()
    part = next(
        (relation.target_part for relation in relations if relation.reltype == RELATIONSHIP_TYPE.NUMBERING), None
    )
    if part is None:
        return set()
    formats = {
        (definition.get(qn("w:abstractNumId")), int(level.get(qn("w:ilvl")))): _value(level, "w:numFmt")
        for definition in part.element.findall(qn("w:abstractNum"))
        for level in definition.findall(qn("w:lvl"))
    }
    return {
        (number.get(qn("w:numId")), level)
        for number in part.element.findall(qn("w:num"))
        for (definition, level), style in formats.items()
        if definition == _value(number, "w:abstractNumId") and style not in {None, "bullet", "none"}
    }
