"""A run as plain text: for terminals, CI logs and the text/plain of a notebook output."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

from llamabatch_nb.render import sentences, trouble
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import FileState, Snapshot

#: One character a kind, so that the bar also reads in a log without colour.
_FILL = {"completed": "█", "partial": "▓", "failed": "x", "cancelled": "-", "estimated": "▒", "running": "▒"}
_EMPTY = "░"


def summary_line(snapshot: Snapshot) -> str:
    """One line: status, how far, how long, which run. Not cut to any width."""
    look = words.run_look(snapshot)
    parts = (
        f"{look.mark} {look.word}",
        sentences.progress(snapshot),
        sentences.timing(snapshot),
        words.title(snapshot),
    )
    return " · ".join(part for part in parts if part)


def render_text(snapshot: Snapshot, width: int = 80, max_failures: int = 10) -> str:
    """The state of a run as text of at most `width` terminal cells a line, no trailing newline.

    The files that failed, or have failed pages, are listed with their reason, at most `max_failures` of them; the rest
    are counted.
    """
    look = words.run_look(snapshot)
    what = f"{words.title(snapshot)} · {words.configuration(snapshot)}"
    lines = [_fit(f"{look.mark} {look.word}  {what}", width), _fit(f"  {words.where(snapshot.service)}", width)]
    bar = _bar(snapshot, min(width - 4, 60))
    if bar:
        lines.append(f"  {bar}")
    notes = [
        (" ", text) for text in (sentences.progress(snapshot), sentences.timing(snapshot), sentences.hint(snapshot))
    ]
    if snapshot.trouble is not None:
        mark = trouble.look(snapshot.trouble).mark
        notes.insert(2, (mark, trouble.line(snapshot.trouble, snapshot.taken_at)))
    for mark, text in notes:
        lines += [f"{' ' if number else mark} {line}" for number, line in enumerate(_wrap(text, width - 2))]
    needs = [file for file in snapshot.files if words.reason(file)]
    if needs:
        lines += [_fit(f"  {words.count(len(needs), 'file')} to look at:", width)]
        names = min(
            max(cell_len(words.one_line(file.name, 60)) for file in needs[:max_failures]), max(width // 2 - 6, 8)
        )
        lines += [_row(file, names, width) for file in needs[:max_failures]]
        if len(needs) > max_failures:
            lines.append(f"    … and {len(needs) - max_failures:,} more")
    return "\n".join(lines)


def _row(file: FileState, names: int, width: int) -> str:
    name = words.one_line(file.name, 60)
    name = set_cell_size(name, names) if cell_len(name) <= names else set_cell_size(name, names - 1) + "…"
    return _fit(f"  {words.file_look(file).mark} {name}  {words.reason(file)}", width)


def _bar(snapshot: Snapshot, cells: int) -> str:
    """Every kind that has a file gets a cell; what that costs is taken from the longest."""
    parts = sentences.segments(snapshot)
    total = sum(part.count for part in parts)
    if not total or cells < len(parts):
        return ""
    lengths = [max(1, round(part.count * cells / total)) for part in parts]
    lengths[lengths.index(max(lengths))] += cells - sum(lengths)
    return "".join(_FILL.get(part.kind, _EMPTY) * length for part, length in zip(parts, lengths, strict=True))


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, which textwrap, counting characters, would not give for wide ones."""
    lines: list[str] = []
    for word in text.split():
        for piece in chop_cells(word, width):
            if lines and cell_len(lines[-1]) + 1 + cell_len(piece) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return lines


def _fit(line: str, width: int) -> str:
    return line if cell_len(line) <= width else set_cell_size(line, max(width - 1, 1)).rstrip() + "…"
