"""The structured items of a page (contract.md section 5), and the short form in which they travel.

Short is an item without what can be made from the rest of it: the markdown, HTML and CSV of a table come from its rows,
the markdown of a heading from its words. Workers make and store short items, `complete` makes the API's of them when
somebody asks: a table of an invoice is 0.2 kB instead of 1 kB, and the worker spends its time on reading.

Short items, objects with ``type`` and, where the place is known, ``bbox`` (one ``[x, y, w, h]`` in points)::

    heading  level, value             text   value or md (what is missing is made of the other)
    list     ordered, items, start    table  rows, and spans: [[row, column, rows, columns], …] of merged cells
    code     value, language          link   text, url
    image    caption, url             header, footer   items

A ``code`` item without ``value`` is the page's whole text, a ``text`` item without words its text and markdown.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from html import escape as html_escape
from typing import Any

from llamabatch_nb.engine.parsers.markup import escape, fence, filled, heading, image, link, table

Item = dict[str, Any]
Cell = str | int | float | None
#: ``[x, y, w, h]`` in points from the top left corner.
Box = list[float]

_LINK = re.compile(r"\[([^\]\n]*)\]\(([a-z][a-z0-9+.-]*:[^()\s]*)\)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://|mailto:)\S+\Z", re.IGNORECASE)
_LONGEST_ADDRESS = 2000
_MARKS = re.compile(r"\\([*_])|\*{1,3}")


class OpenLists:
    """Nests the items of lists as they come, one after the other. New lists are appended to `into`."""

    def __init__(self, into: list[Item]) -> None:
        self._into = into
        self._open: list[Item] = []  # the deepest last

    @property
    def deepest(self) -> int:
        """How deep the next item can be: one step below the last."""
        return len(self._open)

    def close(self) -> None:
        self._open.clear()

    def add(self, depth: int, item: Item, number: int | None, box: Box | None) -> None:
        """A list item, `depth` from 0; with `number` it is one of an ordered list."""
        opened = self._open
        depth = min(depth, len(opened))
        del opened[depth + 1 :]
        if len(opened) > depth and opened[depth]["ordered"] != (number is not None):
            del opened[depth:]
        if len(opened) == depth:
            made: Item = {"type": "list", "ordered": number is not None, "items": []}
            if number is not None and number != 1:
                made["start"] = number
            (opened[-1]["items"] if depth else self._into).append(made)
            opened.append(made)
        opened[depth]["items"].append(item)
        if box is not None:
            item["bbox"] = box
            for one in opened:
                one["bbox"] = around(one.get("bbox"), box)


def around(one: Box | None, other: Box) -> Box:
    """The smallest box that holds both."""
    if one is None:
        return other
    x, y = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return [x, y, round(right - x, 2), round(bottom - y, 2)]


def complete(item: Mapping[str, Any], page: Mapping[str, Any]) -> Item:
    """The API's item for a short one of `page`, which is a page of a payload."""
    kind = item["type"]
    made = _MAKERS[kind](item, page)
    if (box := item.get("bbox")) is not None:
        made["bbox"] = [{"x": box[0], "y": box[1], "w": box[2], "h": box[3]}]
    return {"type": kind, **made}


def shown(cell: Cell) -> str:
    """A cell as text: numbers with the 15 digits of Excel."""
    if cell is None:
        return ""
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def plain(md: str) -> str:
    """The words of liteparse's markdown: without emphasis, escapes and the targets of links."""
    if "](" in md:
        md = _LINK.sub(r"\1", md)
    return _MARKS.sub(r"\1", md) if "*" in md or "\\" in md else md


def only_link(md: str) -> tuple[str, str] | None:
    """Words and target of a paragraph that is one link and nothing else, to a place `is_address` knows."""
    match = _LINK.fullmatch(md) if md.endswith(")") else None
    return (plain(match[1]), match[2]) if match and is_address(match[2]) else None


def is_address(url: str) -> bool:
    """Whether a link's target means something away from its document, runs no program, and has a sane length."""
    return len(url) <= _LONGEST_ADDRESS and _ADDRESS.match(url) is not None


def _text(item: Mapping[str, Any], page: Mapping[str, Any]) -> Item:
    value, md = item.get("value"), item.get("md")
    if value is None and md is None:
        return {"md": page["markdown"], "value": page["text"]}
    return {
        "md": escape(value or "") if md is None else md,
        "value": plain(md or "") if value is None else value,
    }


def _heading(item: Mapping[str, Any], _: Mapping[str, Any]) -> Item:
    return {"level": item["level"], "md": heading(item["level"], item["value"]), "value": item["value"]}


def _list(item: Mapping[str, Any], page: Mapping[str, Any]) -> Item:
    """Markdown's indents as the page's markdown has them: four spaces nest under any marker."""
    items = [complete(child, page) for child in item["items"]]
    number = item.get("start", 1)
    lines = []
    for child in items:
        if child["type"] == "list":
            lines += [f"    {line}" for line in child["md"].split("\n")]
        else:
            lines.append((f"{number}. " if item["ordered"] else "- ") + child["md"])
            number += 1
    return {"md": "\n".join(lines), "ordered": item["ordered"], "items": items}


def _table(item: Mapping[str, Any], _: Mapping[str, Any]) -> Item:
    rows: list[list[Cell]] = item["rows"]
    rows = filled(rows, None)
    words = [[shown(cell) for cell in row] for row in rows]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(words)
    return {
        "md": table(words),
        "html": _html(words, item.get("spans", ())),
        "csv": file.getvalue(),
        "rows": rows,
    }


def _html(words: Sequence[Sequence[str]], spans: Sequence[Sequence[int]]) -> str:
    """The first row is the header, as in the markdown. Nothing of a document is markup here."""
    sizes = {(row, column): (down, across) for row, column, down, across in spans}
    covered = {
        (row + below, column + beside)
        for row, column, down, across in spans
        for below in range(down)
        for beside in range(across)
        if below or beside
    }
    parts = ["<table>"]
    for row, cells in enumerate(words):
        tag = "td" if row else "th"
        parts.append("<tr>")
        for column, cell in enumerate(cells):
            if (row, column) not in covered:
                down, across = sizes.get((row, column), (1, 1))
                size = (f' colspan="{across}"' if across > 1 else "") + (f' rowspan="{down}"' if down > 1 else "")
                parts.append(f"<{tag}{size}>{html_escape(cell)}</{tag}>")
        parts.append("</tr>")
    parts.append("</table>")
    return "".join(parts)


def _code(item: Mapping[str, Any], page: Mapping[str, Any]) -> Item:
    value = item.get("value", page["text"])
    language = item.get("language")
    made = {"md": fence(value, language or "text"), "value": value}
    return made if language is None else made | {"language": language}


def _link(item: Mapping[str, Any], _: Mapping[str, Any]) -> Item:
    return {"md": link(item["text"], item["url"]), "text": item["text"], "url": item["url"]}


def _image(item: Mapping[str, Any], _: Mapping[str, Any]) -> Item:
    return {"md": image(item["caption"], item["url"]), "caption": item["caption"], "url": item["url"]}


def _container(item: Mapping[str, Any], page: Mapping[str, Any]) -> Item:
    items = [complete(child, page) for child in item["items"]]
    return {"md": "\n\n".join(child["md"] for child in items), "items": items}


_MAKERS = {
    "text": _text,
    "heading": _heading,
    "list": _list,
    "table": _table,
    "code": _code,
    "link": _link,
    "image": _image,
    "header": _container,
    "footer": _container,
}
