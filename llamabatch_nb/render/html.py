"""A run as static HTML: what a saved notebook, nbviewer and nbconvert show when no kernel is there.

Styles are inline, since the sanitiser of an untrusted notebook drops `<style>` and everything but `class`, `style`,
`title` and `id` (JupyterLab 4.6, `sanitizer.ts`); so nothing may depend on `role` or `aria-*`, and colour is never the
only sign. Text takes the ink of the page it stands on and is muted by opacity, which reads in light and dark alike;
the few colours are middle tones with at least 3:1 against white and against #111.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from llamabatch_nb.render import sentences, trouble
from llamabatch_nb.render import vocabulary as words
from llamabatch_nb.snapshot import FileState, Snapshot, Trouble

#: Rows stop here whatever `max_rows` says: names and reasons may be long and full of characters that escape to five.
MAX_BYTES = 80_000

_GREEN, _AMBER, _RED, _BLUE, _GREY = "#2f9e60", "#b7791f", "#d64545", "#3b82c4", "#808890"
_KIND: dict[words.Kind, str] = {
    "good": _GREEN,
    "partial": _AMBER,
    "bad": _RED,
    "active": _BLUE,
    "waiting": _GREY,
    "warn": _AMBER,
    "neutral": _GREY,
}
_SEGMENT: dict[sentences.SegmentKind, str] = {
    "completed": _GREEN,
    "partial": _AMBER,
    "failed": _RED,
    "cancelled": _GREY,
    "running": _BLUE,
    "estimated": _BLUE,
}
_LEFT = "text-align:left;padding:3px 9px"
_RIGHT = "text-align:right;padding:3px 9px"
_LINE = "margin:0 0 4px 0"
_MUTED = "opacity:0.75"


def render_html(snapshot: Snapshot, *, css_class: str, max_rows: int = 200) -> str:
    """The designed static state of a run, below 100 kB for any number of files.

    `css_class` is the class by which the live panel finds this block and hides it while it is mounted; letters, digits,
    hyphens and underscores. With more than `max_rows` files those that need attention come first and the caption says
    how many are shown.
    """
    look = words.run_look(snapshot)
    what = f"{words.title(snapshot)} · {words.configuration(snapshot)}"
    head = (
        f'<span style="color:{_KIND[look.kind]};font-weight:bold">{look.mark}</span> '
        f"<strong>{escape(look.word)}</strong> &nbsp; {escape(what)}"
    )
    lines = [
        f'<div class="llamabatch-static {escape(css_class)}" style="font-size:13px;line-height:1.5;max-width:1100px">',
        _hide_dead_widget(css_class),
        f'<p style="{_LINE}">{head} <span style="{_MUTED}">· {escape(words.where(snapshot.service))}</span></p>',
        _bar(sentences.segments(snapshot)),
    ]
    facts = " · ".join(filter(None, (sentences.progress(snapshot), sentences.timing(snapshot))))
    lines.append(f'<p style="{_LINE}">{escape(facts)}</p>')
    if snapshot.trouble is not None:
        lines.append(_trouble(snapshot.trouble, snapshot.taken_at))
    hint = sentences.hint(snapshot)
    if hint:
        lines.append(f'<p style="{_LINE};{_MUTED}">{escape(hint)}</p>')
    if snapshot.files:
        lines.append(_table(snapshot.files, max_rows))
    lines.append(f'<p style="margin:6px 0 0 0;{_MUTED}">{_footer(snapshot)}</p></div>')
    return "\n".join(lines)


def _hide_dead_widget(css_class: str) -> str:
    """A notebook opened without its kernel says "Error displaying widget: model not found" above this block.

    JupyterLab marks that output, and only that one, with the class `jupyter-widgets` (widgets.md section 3); where the
    notebook is trusted this rule hides it for the output right above, and a sanitiser simply drops the rule.
    """
    dead = ".jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    return f"<style>{dead}:has(+ .jp-OutputArea-child .{escape(css_class)}){{display:none}}</style>"


def _trouble(what: Trouble, taken_at: datetime) -> str:
    look = trouble.look(what)
    edge = f"border-left:3px solid {_KIND[look.kind]};padding:1px 8px"
    mark = f'<span style="color:{_KIND[look.kind]};font-weight:bold">{look.mark}</span>'
    return f'<p style="{_LINE};{edge}">{mark} {escape(trouble.line(what, taken_at))}</p>'


def _bar(parts: list[sentences.Segment]) -> str:
    """Segments grow by their count and never fall below 4 px; what waits is an outline."""
    if not parts:
        return ""
    cells = "".join(
        f'<div title="{escape(part.label)}" style="flex:{part.count} 1 0%;min-width:4px;margin-right:1px;'
        f'background-color:{_SEGMENT.get(part.kind, "transparent")}"></div>'
        for part in parts
    )
    style = f"display:flex;height:8px;max-width:640px;margin:2px 0 6px 0;border:1px solid {_GREY};border-radius:3px"
    return f'<div style="{style};overflow:hidden">{cells}</div>'


def _table(files: Sequence[FileState], max_rows: int) -> str:
    shown: list[FileState] = list(files)
    if len(shown) > max_rows:
        shown.sort(key=lambda file: not words.reason(file))  # stable: the order of the directory within each half
    rows: list[str] = []
    room = MAX_BYTES
    for file in shown[:max_rows]:
        row = _row(file)
        room -= len(row.encode())
        if room < 0:
            break
        rows.append(row)
    caption = words.count(len(files), "file")
    if len(rows) < len(files):
        caption = f"{len(rows):,} of {caption}; those that need attention come first"
    head = "".join(
        f'<th scope="col" style="{_RIGHT if name == "pages" else _LEFT}">{name}</th>'
        for name in ("file", "status", "pages", "why")
    )
    return (
        '<div style="max-height:420px;overflow:auto"><table style="border-collapse:collapse;margin:0;font-size:13px">'
        f'<caption style="text-align:left;padding:4px 9px;{_MUTED}">{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def _row(file: FileState) -> str:
    look = words.file_look(file)
    pages = "\N{EN DASH}" if file.pages is None else f"{file.pages:,}"
    return (
        f'<tr><th scope="row" style="{_LEFT};font-weight:normal">{escape(words.one_line(file.name, 120))}</th>'
        f'<td style="{_LEFT};white-space:nowrap"><span style="color:{_KIND[look.kind]}">{look.mark}</span> '
        f"{escape(look.word)}</td>"
        f'<td style="{_RIGHT}">{pages}</td><td style="{_LEFT}">{escape(words.remark(file, 160))}</td></tr>'
    )


def _footer(snapshot: Snapshot) -> str:
    seen = f"{snapshot.taken_at:%Y-%m-%d} {words.clock(snapshot.taken_at, snapshot.taken_at)}"
    again = words.open_call(snapshot)
    live = f" <code>{escape(again)}</code> brings the live panel back." if again else ""
    return f"{'Final state' if snapshot.ended else 'State as last seen'}, {seen}.{live}"
