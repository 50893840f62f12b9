from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from llamabatch_nb.render.html import render_html
from llamabatch_nb.snapshot import Snapshot, Trouble
from tests.render.build import file, mixed, silent, snapshot, triage
from tests.render.golden import assert_golden


class Seen(HTMLParser):
    """What a browser would make of it: tags with attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(run: Snapshot, **options: int) -> str:
    return render_html(run, css_class="llamabatch-static-x", **options)


@pytest.mark.parametrize(
    ("name", "run"), [("ended", mixed()), ("silent", silent(3, estimated_done=1)), ("triage", triage())]
)
def test_the_saved_state(name: str, run: Snapshot) -> None:
    assert_golden(f"{name}.html", rendered(run))


def test_it_is_a_real_table_with_caption_and_scopes() -> None:
    seen = Seen(rendered(mixed()))
    assert not seen.open
    assert [tag for tag, _ in seen.tags].count("table") == 1
    assert "29 files" in seen.text
    scopes = [attrs["scope"] for tag, attrs in seen.tags if tag == "th"]
    assert scopes == ["col"] * 4 + ["row"] * 29
    assert "This PDF needs a password." in seen.text
    assert 'lb.open("Q3")' in seen.text


def test_it_needs_nothing_that_a_sanitiser_drops() -> None:
    """JupyterLab's keeps class, style, title and id of any element, and scope on cells; it drops <style> whole."""
    seen = Seen(re.sub("<style>.*?</style>", "", rendered(mixed())))
    names = {name for tag, attrs in seen.tags for name in attrs if not (tag == "th" and name == "scope")}
    assert names <= {"class", "style", "title"}
    assert not re.search(r"https?://|url\(|<script|<img|<link", rendered(mixed()))


@pytest.mark.parametrize("name", ["x", "&<>\"'" * 60, "日本語" * 60])
def test_a_thousand_files_stay_below_100_kb(name: str) -> None:
    files = [file(f"{n}{name}", "failed", error="&" * 500, pages=None) for n in range(1000)]
    html = rendered(snapshot(*files, phase="COMPLETED"), max_rows=1000)
    assert len(html.encode()) < 100_000
    assert not Seen(html).open


def test_what_needs_attention_comes_first_where_not_all_fit() -> None:
    files = [file(f"f{n:04d}") for n in range(1000)]
    files[990] = file("f0990", "failed", error="locked")
    seen = Seen(rendered(snapshot(*files, phase="COMPLETED"), max_rows=50))
    assert "50 of 1,000 files; those that need attention come first" in seen.text
    assert seen.text.index("f0990") < seen.text.index("f0000")
    assert "f0048" in seen.text
    assert "f0049" not in seen.text


def test_everything_from_outside_is_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    run = snapshot(
        file(evil, evil, error=evil),
        name=evil,
        source=evil,
        phase=evil,
        configuration_id=evil,
        trouble=Trouble(kind="stopped", text=evil, files=(evil,)),
        job_type=evil,
    )
    seen = Seen(rendered(run))
    assert "img" not in {tag for tag, _ in seen.tags}
    assert seen.text.count("<img src=x onerror=alert(1)>") >= 5


def test_the_rule_that_hides_a_dead_widget_reaches_no_other_output() -> None:
    rules = re.findall("<style>(.*?)</style>", rendered(mixed()))
    dead = ".jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    assert rules == [dead + ":has(+ .jp-OutputArea-child .llamabatch-static-x){display:none}"]
