from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from llamabatch_nb.render.markdown import MAX_CHARACTERS, render_markdown

#: What documents have been seen or imagined to carry; none may run, load or navigate.
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=//evil.example/x.swf>",
    "<body onload=alert(1)>",
    "<style>@import '//evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><input name=a></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://evil.example/1)",
    "[x](//evil.example)",
    "[x](/logout)",
    "[x](?delete=all)",
    '[x](https://ok.example "\\" onmouseover=alert(1) \\"")',
    "[x][ref]\n\n[ref]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '![" onerror=alert(1) "](https://evil.example/a.png)',
    "![<img src=x onerror=alert(1)>](https://evil.example/a.png)",
    "[![x](https://evil.example/a.png)](javascript:alert(1))",
    "![x][ref]\n\n[ref]: https://evil.example/pixel.png 'onload=alert(1)'",
    "`<img src=x onerror=alert(1)>`",
    "```html onload=alert(1)\n<script>alert(1)</script>\n```",
    '``` "><img src=x onerror=alert(1)>\nx\n```',
    "    <script>alert(1)</script>",
    "| <img src=x onerror=alert(1)> | b |\n|---|---|\n| [x](javascript:alert(1)) | <script>alert(1)</script> |",
    "# <img src=x onerror=alert(1)>",
    "> <script>alert(1)</script>",
    "1. <svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "\\<img src=x onerror=alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x:alert(1) onerror=eval(src)\n>",
    "\x00<img src=x onerror=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
]
ALLOWED = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "span"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}


class Strict(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        for name, value in attrs:
            if tag == "a":
                assert name in {"href", "rel", "target"}
                assert name != "href" or re.match(r"(https?|mailto):", value or "")
            else:
                assert (tag, name) in {("ol", "start"), ("th", "align"), ("td", "align")}

    handle_startendtag = handle_starttag


def test_the_corpus_is_large_enough() -> None:
    assert len(set(HOSTILE)) >= 40


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_hostile_gets_through(payload: str) -> None:
    for text in (payload, f"before {payload} after", f"> - {payload}\n", f"**{payload}**\n\n{payload}"):
        Strict(convert_charrefs=True).feed(render_markdown(text))


def test_what_is_honest_is_kept() -> None:
    html = render_markdown("# Invoice 7\n\n| a | b |\n|:--|--:|\n| *x* | 1 |\n\n3. c\n4. d\n\n~~old~~ `a<b`\n")
    for piece in (
        "<h1>Invoice 7</h1>",
        '<th align="left">a</th>',
        '<td align="right">1</td>',
        "<em>x</em>",
        '<ol start="3">',
        "<s>old</s>",
        "<code>a&lt;b</code>",
    ):
        assert piece in html


def test_links_open_elsewhere_and_send_no_referrer() -> None:
    html = render_markdown("[terms](https://acme.example/a?b=1&c=2)")
    assert 'href="https://acme.example/a?b=1&amp;c=2"' in html
    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_images_are_told_not_loaded() -> None:
    html = render_markdown("![the <b>logo</b>](https://evil.example/a.png) ![](https://evil.example/b.png)")
    assert "[image: the &lt;b&gt;logo&lt;/b&gt;]" in html
    assert "[image]" in html
    assert "evil.example" not in html


def test_a_monstrous_page_is_cut_and_says_so() -> None:
    assert "too long to show" in render_markdown("a" * (MAX_CHARACTERS + 1))
    assert render_markdown("") == ""


def test_deep_nesting_ends() -> None:
    Strict().feed(render_markdown("> " * 5000 + "x"))
    Strict().feed(render_markdown("[" * 5000))
