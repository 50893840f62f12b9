"""Markdown of a parsed document -> HTML that is safe to put into a page (design.md, decision 9).

Two layers, because a document is hostile and one layer has been got around before: CommonMark with raw HTML off, then
an allow-list of tags and attributes. Nothing is loaded (images become their alt text), nothing runs, and a link goes
only where a person can see that it goes: http, https or mailto, in a new tab.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "span"),
}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}}
_SCHEMES = {"http", "https", "mailto"}
#: A page is at most 64 kB of text (contract.md section 8); a longer one is not a page that anyone reads.
MAX_CHARACTERS = 300_000


class _Renderer(RendererHTML):
    """Images are told, not shown: loading one would tell a stranger that the document was opened."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        alt = self.renderInlineAsText(tokens[idx].children or [], options, env)
        return f"<span>[image{': ' if alt else ''}{nh3.clean_text(alt)}]</span>"

    def _cell(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # markdown-it aligns with a style attribute; none is let through, so the alignment is said in HTML.
        token = tokens[idx]
        style = str(token.attrs.pop("style", ""))
        if style:
            token.attrSet("align", style.removeprefix("text-align:"))
        return self.renderToken(tokens, idx, options, env)

    th_open = _cell
    td_open = _cell


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    return parser.enable(["table", "strikethrough"])


_PARSER = _parser()


def render_markdown(text: str) -> str:
    """The HTML of one page's markdown: CommonMark and tables, sanitised; the empty string for nothing."""
    cut = text[:MAX_CHARACTERS]
    html: Any = _PARSER.render(cut)
    safe = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return safe if len(text) == len(cut) else f"{safe}<p>… the rest of this page is too long to show.</p>"
