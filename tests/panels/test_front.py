"""The panel's front end as a person meets it: by the names of things, by keyboard and by mouse, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from llamabatch_nb.panels import views
from llamabatch_nb.panels.parts import RunHeader
from llamabatch_nb.snapshot import Snapshot, Trouble, TroubleKind
from tests.panels.front import Front
from tests.render.build import NOW, TROUBLES, batch, file, later, mixed, retried, silent, snapshot, triage

pytestmark = pytest.mark.browser


def many(number: int, status: str = "running") -> Snapshot:
    return snapshot(*(file(f"f{n:05d}.pdf", status, job_id=f"pjb-{n}") for n in range(number)))


@pytest.fixture(autouse=True)
def no_error(front: Front) -> Iterator[None]:
    yield
    assert front.errors == []


# -- the list -------------------------------------------------------------------------------------------------------


def test_the_list_is_a_grid_with_names(front: Front) -> None:
    front.show(mixed())
    expect(front.grid).to_have_attribute("aria-rowcount", "30")
    expect(front.grid).to_have_attribute("aria-colcount", "4")
    assert [head.text_content() for head in front.grid.get_by_role("columnheader").all()] == [
        "file",
        "status",
        "pages",
        "why",
    ]
    expect(front.row("invoice-005.pdf")).to_contain_text("failed")
    expect(front.row("invoice-005.pdf")).to_contain_text("This PDF needs a password.")
    expect(front.row("invoice-009.pdf")).to_contain_text("completed, 2 pages failed")
    expect(front.row("invoice-002.pdf")).to_have_attribute("aria-rowindex", "3")


def test_columns_sort_up_down_and_back(front: Front) -> None:
    front.show(snapshot(file("b10.pdf", pages=3), file("b9.pdf", "failed", error="x"), file("a.pdf", pages=12)))
    order = front.names()
    head = front.grid.get_by_role("columnheader", name="file")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert front.names() == ["a.pdf", "b9.pdf", "b10.pdf"]  # numbers in names are numbers
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert front.names() == ["b10.pdf", "b9.pdf", "a.pdf"]
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "none")
    assert front.names() == order
    for column, first in (("status", "b9.pdf"), ("pages", "b9.pdf"), ("why", "b9.pdf")):
        front.grid.get_by_role("button", name=column).click()
        assert front.names()[0] == first


def test_search_and_status_narrow_the_list(front: Front) -> None:
    front.show(mixed())
    front.page.get_by_role("searchbox", name="Search files").fill("PASSWORD")
    expect(front.page.get_by_text("1 of 29 files")).to_be_visible()
    assert front.names() == ["invoice-005.pdf"]
    front.page.get_by_role("searchbox").fill("nothing of the kind")
    expect(front.page.get_by_text("No file matches.")).to_be_visible()
    front.page.get_by_role("searchbox").fill("")
    front.page.get_by_role("combobox", name="Status").select_option("failed (5)")
    expect(front.page.get_by_text("5 of 29 files")).to_be_visible()
    assert len(front.names()) == 5
    assert front.get("grid", "selected") is None


def test_a_filter_that_goes_does_not_lose_sight_of_the_chosen_row(front: Front) -> None:
    front.show(many(1000))
    front.page.get_by_role("searchbox").fill("f00001")
    expect(front.page.get_by_text("1 of 1,000 files")).to_be_visible()
    front.tell("grid", selected="f00700.pdf")  # chosen in Python, filtered out here
    front.page.get_by_role("searchbox").fill("")
    expect(front.row("f00700.pdf")).to_be_visible()
    front.grid.get_by_role("button", name="file").click(click_count=2)
    expect(front.grid.get_by_role("columnheader", name="file")).to_have_attribute("aria-sort", "descending")
    expect(front.row("f00700.pdf")).to_be_visible()


def test_a_filter_follows_the_updates(front: Front) -> None:
    front.show(many(4))
    front.page.get_by_role("combobox", name="Status").select_option("running")
    front.update(many(4, "completed"))
    expect(front.page.get_by_text("0 of 4 files")).to_be_visible()
    expect(front.page.get_by_role("combobox", name="Status")).to_have_value("running")


def test_only_the_visible_rows_are_in_the_page(front: Front) -> None:
    front.show(many(5000))
    while (patch := front.ledger.update(many(5000).files)) is not None:
        front.tell("grid", patch=patch)
    expect(front.grid).to_have_attribute("aria-rowcount", "5001")
    assert len(front.names()) < 40
    front.grid.focus()
    front.press("End")
    expect(front.row("f04999.pdf")).to_be_visible()
    assert len(front.names()) < 40


def test_rows_that_do_not_come_are_asked_for(front: Front) -> None:
    run = many(150)
    front.show(run)
    assert front.saved("grid") == []
    front.ledger.update(many(150, "pending").files)  # a patch that is lost
    front.update(run)
    front.page.wait_for_function("() => models.grid.saved.length > 0")
    assert front.saved("grid")[0]["want"]["rows"] == "all"


# -- keyboard -------------------------------------------------------------------------------------------------------


def test_the_whole_way_by_keyboard(front: Front) -> None:
    front.show(mixed())
    front.grid.focus()
    front.press("ArrowDown", "ArrowDown")
    active = front.grid.get_attribute("aria-activedescendant")
    assert active is not None
    expect(front.page.locator(f"#{active}")).to_contain_text("invoice-003.pdf")
    assert front.saved("grid") == []  # looking is not choosing
    front.press("Enter")
    assert front.saved("grid") == [{"selected": "invoice-003.pdf"}]
    expect(front.row("invoice-003.pdf")).to_have_attribute("aria-selected", "true")
    front.open("invoice-003.pdf", ("<p>first</p>", "1"), ("<p>second</p>", "2"))
    reading = front.page.get_by_role("tabpanel")
    expect(reading).to_be_focused()
    front.press("ArrowRight")
    expect(reading).to_contain_text("second")
    front.press("ArrowLeft")
    expect(reading).to_contain_text("first")
    front.press("Escape")
    expect(front.grid).to_be_focused()
    expect(front.page.get_by_role("region", name="File invoice-003.pdf")).to_be_hidden()
    assert front.saved("grid")[-1] == {"selected": None}


def test_while_the_inspector_is_open_arrows_choose_and_python_hears_the_last(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    expect(front.grid).to_be_focused()
    front.press("ArrowDown", "ArrowDown", "ArrowDown")
    front.page.wait_for_function("() => models.grid.saved.length > 1")
    assert front.saved("grid") == [{"selected": "invoice-001.pdf"}, {"selected": "invoice-004.pdf"}]
    front.press("Escape")
    assert front.get("grid", "selected") is None


def test_keys_do_not_reach_the_notebook(front: Front) -> None:
    front.show(mixed())
    front.page.evaluate("() => { window.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key)); }")
    front.row("invoice-001.pdf").click()
    front.press("ArrowDown", "d", "Enter")
    front.page.get_by_role("searchbox").press("x")
    front.page.get_by_role("button", name="Details").press("Enter")
    front.page.get_by_role("button", name="Close").press("Escape")
    assert front.page.evaluate("heard") == []
    front.page.get_by_role("searchbox").press("Control+s")
    assert "s" in front.page.evaluate("heard")  # saving the notebook still works


def test_one_tab_stop_a_control(front: Front) -> None:
    front.show(mixed(phase="RUNNING"))
    front.page.get_by_role("button", name="Cancel…").focus()
    stops = []
    for _ in range(8):
        stops.append(
            front.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
            )
        )
        front.press("Tab")
    assert stops[:7] == ["Cancel…", "Details", "Search files", "Status", "Files", "file", "Height of the panel"]


def test_every_target_is_24_px(front: Front) -> None:
    front.show(mixed(phase="RUNNING"))
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<p>x</p>", "x"), ("<p>y</p>", "y"))
    small = front.page.evaluate(
        """() => [...document.querySelectorAll('button, select, input')].filter((one) => one.offsetParent)
             .map((one) => [one.textContent || one.ariaLabel, one.getBoundingClientRect()])
             .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
    )
    assert small == []


# -- updates --------------------------------------------------------------------------------------------------------


def test_updates_keep_scroll_selection_focus_and_place(front: Front) -> None:
    front.show(many(1000))
    front.grid.focus()
    front.press(*["PageDown"] * 10, "Enter")
    chosen = front.get("grid", "selected")
    front.grid.focus()
    scroll = "() => document.querySelector('.lbn-scroll').scrollTop"
    top = front.page.evaluate(scroll)
    assert top > 1000
    front.update(many(1000, "completed"))
    assert front.page.evaluate(scroll) == top
    expect(front.grid).to_be_focused()
    expect(front.row(chosen)).to_have_attribute("aria-selected", "true")
    expect(front.row(chosen)).to_contain_text("completed")
    active = front.grid.get_attribute("aria-activedescendant")
    expect(front.page.locator(f"#{active}")).to_contain_text(chosen)


def test_an_update_does_not_move_what_is_being_read(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<p>line</p>" * 200, "x"))
    reading = front.page.get_by_role("tabpanel")
    reading.focus()
    reading.evaluate("(one) => { one.scrollTop = 500; }")
    front.tell("inspector", file=views.file_facts(file("invoice-001.pdf", pages=9)))
    assert reading.evaluate("(one) => one.scrollTop") == 500
    expect(reading).to_be_focused()
    expect(front.page.get_by_role("region", name="File invoice-001.pdf")).to_contain_text("9 pages")


def test_a_choice_made_in_python_is_shown(front: Front) -> None:
    front.show(many(1000))
    front.tell("grid", selected="f00700.pdf")
    expect(front.row("f00700.pdf")).to_be_visible()
    expect(front.page.get_by_role("region", name="File f00700.pdf")).to_be_visible()
    front.tell("grid", selected=None)
    expect(front.page.get_by_role("region", name="File f00700.pdf")).to_be_hidden()


def test_the_wheel_scrolls_the_list_only_after_focus(front: Front) -> None:
    front.show(many(1000))
    at = front.page.locator(".lbn-scroll")
    box = at.bounding_box()
    assert box is not None
    front.page.mouse.move(box["x"] + 50, box["y"] + 50)
    front.page.mouse.wheel(0, 200)
    front.page.wait_for_function("() => window.scrollY > 100")
    assert at.evaluate("(one) => one.scrollTop") == 0
    front.page.evaluate("() => window.scrollTo(0, 0)")
    front.grid.focus()
    front.page.mouse.wheel(0, 200)
    front.page.wait_for_function("() => document.querySelector('.lbn-scroll').scrollTop > 100")
    assert front.page.evaluate("() => window.scrollY") == 0


# -- the inspector --------------------------------------------------------------------------------------------------


def test_pages_turn_and_missing_ones_are_asked_for(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<p>one</p>", "1"), ("<p>two</p>", "2"), total=3)
    pages = front.page.get_by_role("group", name="page")
    expect(pages).to_contain_text("page 1 of 3")
    expect(front.page.get_by_role("button", name="Previous page")).to_be_disabled()
    front.page.get_by_role("button", name="Next page").click()
    expect(front.page.get_by_role("tabpanel")).to_contain_text("two")
    assert front.saved("inspector") == []
    front.page.get_by_role("button", name="Next page").click()
    expect(front.page.get_by_text("Reading…")).to_be_visible()
    assert front.saved("inspector") == [{"want": {"name": "invoice-001.pdf", "page": 2, "n": 1}}]
    front.open("invoice-001.pdf", ("<p>three</p>", "3"), total=3, start=2)
    expect(front.page.get_by_role("tabpanel")).to_contain_text("three")
    expect(pages).to_contain_text("page 3 of 3")


def test_files_follow_the_order_of_the_list(front: Front) -> None:
    front.show(mixed())
    front.page.get_by_role("combobox", name="Status").select_option("failed")
    front.row("invoice-011.pdf").click()
    files = front.page.get_by_role("group", name="file")
    expect(files).to_contain_text("file 2 of 5")
    front.page.get_by_role("button", name="Next file").click()
    expect(front.page.get_by_role("region", name="File invoice-017.pdf")).to_be_visible()
    expect(files).to_contain_text("file 3 of 5")
    assert front.get("grid", "selected") == "invoice-017.pdf"
    for _ in range(2):
        front.page.get_by_role("button", name="Next file").click()
    expect(front.page.get_by_role("button", name="Next file")).to_be_disabled()
    assert front.page.evaluate(
        "() => document.activeElement.closest('.lbn-inspector') !== null"
    )  # the focus is not lost


def test_tabs_show_the_same_page_in_two_ways(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<h1>Title</h1>", "plain   <b>text</b>"), (None, "only text"), ("", ""))
    expect(front.page.get_by_role("heading", name="Title")).to_be_visible()
    front.page.get_by_role("tab", name="Reading").press("ArrowRight")
    expect(front.page.get_by_role("tab", name="Text")).to_be_focused()
    expect(front.page.get_by_role("tabpanel", name="Text")).to_have_text("plain   <b>text</b>")
    front.page.get_by_role("tab", name="Reading").click()
    front.page.get_by_role("button", name="Next page").click()
    expect(front.page.get_by_role("tabpanel")).to_have_text("only text")
    front.page.get_by_role("button", name="Next page").click()
    expect(front.page.get_by_role("tabpanel")).to_have_text("This page has no text.")


def test_the_text_can_be_copied(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<p>a</p>", "the text"))
    front.page.evaluate("() => { document.execCommand = () => { window.copied = document.activeElement.value; }; }")
    front.page.get_by_role("button", name="Copy text").click()
    expect(front.page.get_by_role("button", name="Copied")).to_be_visible()
    assert front.page.evaluate("copied") == "the text"


def test_a_failed_file_shows_its_reason(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-005.pdf").click()
    front.tell(
        "inspector",
        file=views.file_facts(mixed().files[4]),
        content={"name": "invoice-005.pdf", "state": "none", "message": "No pages: this file failed."},
    )
    region = front.page.get_by_role("region", name="File invoice-005.pdf")
    expect(region).to_contain_text("This PDF needs a password.")
    expect(region.get_by_role("tab")).to_have_count(0)
    expect(region.get_by_text("No pages: this file failed.")).to_be_visible()


def test_an_error_offers_another_try(front: Front) -> None:
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.tell("inspector", content={"name": "invoice-001.pdf", "state": "error", "message": "offline"})
    expect(front.page.get_by_text("Reading it did not work: offline")).to_be_visible()
    front.page.get_by_role("button", name="Try again").click()
    assert front.saved("inspector")[-1]["want"]["name"] == "invoice-001.pdf"


def test_below_700_px_the_inspector_takes_the_place_of_the_list(front: Front) -> None:
    front.page.set_viewport_size({"width": 560, "height": 900})
    front.show(mixed())
    front.row("invoice-001.pdf").click()
    front.open("invoice-001.pdf", ("<p>x</p>", "x"))
    expect(front.grid).to_be_hidden()
    expect(front.page.get_by_role("region", name="File invoice-001.pdf")).to_be_focused()
    expect(front.page.get_by_role("separator", name="Height of the panel")).to_be_visible()
    front.page.get_by_role("button", name=re.compile("Files$")).click()
    expect(front.grid).to_be_focused()
    assert front.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


# -- the header -----------------------------------------------------------------------------------------------------


def test_the_header_says_what_is_going_on(front: Front) -> None:
    front.show(mixed(), looked=0.0)
    region = front.page.get_by_role("region", name='Run invoices/ "Q3"')
    expect(region).to_contain_text("COMPLETED, 5 files failed")
    expect(region).to_contain_text("24 of 29 files completed · 5 failed · 82 pages")
    expect(region).to_contain_text("Local engine: files stay on this machine")
    expect(region).to_contain_text("after 4 min 30 s")
    expect(region.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "29")
    expect(region.get_by_role("button", name="Cancel…")).to_be_hidden()
    front.page.get_by_role("button", name="Details").click()
    expect(region.get_by_text("bat-1")).to_be_visible()


def test_every_non_zero_segment_is_at_least_4_px_and_has_its_own_texture(front: Front) -> None:
    files = [file(str(n)) for n in range(1000)]
    odd = ["failed", "cancelled", "running", "pending", "uploaded", "waiting", "dreaming"]
    front.show(snapshot(*files, file("p", pages_failed=1), *(file(status, status) for status in odd)))
    drawn = front.page.get_by_role("progressbar").evaluate(
        "(bar) => [...bar.children].map((one) => [one.offsetWidth, getComputedStyle(one).background])"
    )
    assert len(drawn) == 9
    assert min(width for width, _ in drawn) >= 4
    assert len({texture for _, texture in drawn}) == 9


def test_the_stamp_ticks_in_the_browser(front: Front) -> None:
    front.page.clock.install()
    front.show(silent(3))
    expect(front.page.get_by_text("looked just now")).to_be_visible()
    front.page.clock.run_for(4_000)
    expect(front.page.get_by_text("looked 4 s ago")).to_be_visible()
    expect(front.page.get_by_text(re.compile("4 min 34 s elapsed"))).to_be_visible()
    front.page.clock.run_for(120_000)
    expect(front.page.get_by_text(re.compile("^No news for 2 min 4 s: the kernel may be busy"))).to_be_visible()
    front.tell("header", looked=later(silent(3), 200).taken_at.timestamp())
    expect(front.page.get_by_text("looked just now")).to_be_visible()


def test_a_kernel_that_is_gone_is_said(front: Front) -> None:
    front.page.clock.install()
    front.show(many(3))
    front.page.evaluate("() => document.querySelector('.lbn-panel').classList.add('jupyter-widgets-disconnected')")
    front.page.clock.run_for(1_000)
    expect(
        front.page.get_by_text('The kernel of this panel is gone; this is the last state. lb.open("Q3")')
    ).to_be_visible()
    expect(front.page.get_by_role("button", name="Cancel…")).to_be_disabled()
    front.row("f00001.pdf").click()
    expect(front.page.get_by_text("so this file cannot be read now")).to_be_visible()


def test_cancel_asks_first_and_says_how_many(front: Front) -> None:
    front.show(many(3))
    front.page.get_by_role("button", name="Cancel…").click()
    group = front.page.get_by_role("group", name="Confirm the cancel")
    expect(group).to_contain_text("Cancel 3 unfinished files? Finished files keep their results.")
    expect(front.page.get_by_role("button", name="Keep running")).to_be_focused()
    front.press("Escape")
    expect(group).to_be_hidden()
    expect(front.page.get_by_role("button", name="Cancel…")).to_be_focused()
    assert front.saved("header") == []
    front.press("Enter")
    front.update(replace(many(3), files=(*many(2).files, file("f00002.pdf"))))  # an update while it asks
    expect(group).to_contain_text("Cancel 2 unfinished files?")
    front.page.get_by_role("button", name="Cancel 2 files").click()
    assert front.saved("header") == [{"request": {"action": "cancel", "n": 1}}]
    expect(front.page.get_by_role("button", name="Cancelling…")).to_be_disabled()
    front.tell("header", cancel=views.header(many(3))["cancel"], notice="The cancel did not go through.")
    expect(front.page.get_by_role("button", name="Cancel…")).to_be_enabled()
    expect(front.page.get_by_text("The cancel did not go through.")).to_be_visible()


def test_a_cancel_that_is_overtaken_by_the_end_loses_no_focus(front: Front) -> None:
    front.show(many(3))
    front.page.get_by_role("button", name="Cancel…").click()
    front.update(replace(many(3, "completed"), phase="COMPLETED"))
    expect(front.page.get_by_role("group", name="Confirm the cancel")).to_be_hidden()
    expect(front.page.get_by_role("button", name="Details")).to_be_focused()


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_trouble_is_one_line_with_its_mark_and_colour(front: Front, kind: TroubleKind) -> None:
    front.page.clock.install(time=NOW)
    front.show(silent(3, trouble=TROUBLES[kind]))
    note = front.page.locator(".lbn-note:visible")
    passing = kind in {"throttled", "offline", "service", "stalled", "asleep"}
    expect(note).to_have_attribute("data-kind", "warn" if passing else "bad")
    expect(note).to_contain_text(TROUBLES[kind].text.removesuffix("."))
    expect(note).to_have_text(re.compile(f"^{'◔' if kind == 'throttled' else '⚠' if passing else '✗'}"))
    box = note.bounding_box()
    assert box is not None
    assert box["height"] < 32
    edge, ink = note.evaluate(
        "(one) => [getComputedStyle(one).borderLeftColor, getComputedStyle(one.firstChild).color]"
    )
    assert edge == ink
    front.update(silent(3))
    expect(note).to_have_count(0)


def test_a_next_try_is_a_clock_time_that_goes_when_it_is_past(front: Front) -> None:
    front.page.clock.install(time=NOW)
    front.show(silent(3, trouble=TROUBLES["throttled"]))
    clock = re.compile(r"slow down · next try \d?\d:\d\d:34")
    expect(front.page.get_by_text(clock)).to_be_visible()
    front.page.clock.run_for(5_000)
    expect(front.page.get_by_text("LlamaCloud asked us to slow down.", exact=True)).to_be_visible()
    front.update(later(silent(3), 6, trouble=TROUBLES["offline"]))
    expect(front.page.get_by_text(re.compile(r"reached · since \d?\d:51.* · next try \d?\d:05:30"))).to_be_visible()
    front.update(later(silent(3), 6, trouble=TROUBLES["stalled"]))
    expect(front.page.get_by_text("slowest: a.pdf, b.pdf, c.pdf and 2 more")).to_be_visible()


def test_a_watch_that_has_ended_is_not_called_a_busy_kernel(front: Front) -> None:
    front.page.clock.install(time=NOW)
    front.show(silent(3, trouble=TROUBLES["key refused"]))
    front.page.clock.run_for(120_000)
    expect(front.page.get_by_text("looked 2 min ago")).to_be_visible()
    expect(front.page.get_by_text(re.compile("No news"))).to_be_hidden()


def test_several_batches_are_told_in_the_header_and_listed_in_the_details(front: Front) -> None:
    front.show(retried())
    region = front.page.get_by_role("region", name='Run invoices/ "Q3"')
    expect(region).to_contain_text("Agentic (parse) · 2 batches")
    expect(region).to_contain_text("attempt 2: 2 files")
    front.page.get_by_role("button", name="Details").click()
    expect(region.get_by_text("bat-1 · COMPLETED · 5 files · dir-1")).to_be_visible()
    expect(region.get_by_text("bat-2 · RUNNING · 2 files · attempt 2 · dir-2")).to_be_visible()
    front.update(triage())
    expect(region).not_to_contain_text("2 batches")
    expect(region.locator("dd").filter(has_text=re.compile("^bat-1$"))).to_be_visible()


def test_a_row_says_attempt_copy_and_whether_another_try_helps(front: Front) -> None:
    front.show(retried())
    expect(front.row("b.pdf").locator(".lbn-why")).to_have_text("same as a.pdf")
    expect(front.row("slow.pdf").locator(".lbn-why")).to_have_text("attempt 2")
    expect(front.row("locked.pdf").locator(".lbn-why")).to_have_text(
        "Needs a password; as it is, a retry will not help"
    )
    expect(front.row("a.pdf").locator(".lbn-why")).to_have_text("")
    front.update(triage())
    expect(front.row("slow.pdf")).to_contain_text("failed, worth a retry")
    expect(front.row("slow.pdf").locator(".lbn-why")).to_have_text("Timed out after 120 s.")
    expect(front.page.get_by_role("combobox", name="Status")).to_contain_text("failed (3)")
    front.update(retried())
    front.grid.get_by_role("button", name="why").click()  # reasons first, then where a row comes from
    assert front.names() == ["locked.pdf", "slow.pdf", "busy.pdf", "b.pdf", "a.pdf", "late.pdf"]


def test_retry_is_the_one_primary_action_and_asks_first(front: Front) -> None:
    front.show(triage())
    expect(front.page.get_by_role("button", name="Cancel…")).to_be_hidden()
    button = front.page.get_by_role("button", name="Retry 2…")
    expect(button).to_have_class("lbn-primary")
    button.focus()
    front.press("Enter")
    group = front.page.get_by_role("group", name="Confirm the retry")
    expect(group).to_contain_text("Retry 2 files as a new batch? They are billed again.")
    expect(front.page.get_by_role("button", name="Not now")).to_be_focused()
    front.press("Escape")
    expect(group).to_be_hidden()
    expect(button).to_be_focused()
    assert front.saved("header") == []
    front.press("Enter", "Shift+Tab", "Enter")
    assert front.saved("header") == [{"request": {"action": "retry", "n": 1}}]
    expect(front.page.get_by_role("button", name="Retrying…")).to_be_disabled()
    expect(front.page.get_by_role("button", name="Details")).to_be_focused()
    front.update(retried())
    expect(front.page.get_by_role("button", name="Retrying…")).to_be_hidden()
    expect(front.page.get_by_role("button", name="Cancel…")).to_be_enabled()
    over = (batch(1, 5), batch(2, 2, attempt=2))
    front.update(retried(phase="COMPLETED", batches=over, files=triage().files[:3]))
    expect(front.page.get_by_role("button", name=re.compile("Cancel|Retr"))).to_have_count(0)


def test_a_retry_that_fails_says_so_beside_the_trouble(front: Front) -> None:
    front.show(triage(trouble=TROUBLES["out of credits"]))
    front.page.get_by_role("button", name="Retry 2…").click()
    front.page.get_by_role("button", name="Retry 2 files").click()
    front.tell("header", retry=views.header(triage(), asked={"retry"})["retry"])
    front.tell("header", retry=views.header(triage())["retry"], notice="The retry did not go through: no credits.")
    expect(front.page.get_by_role("button", name="Retry 2…")).to_be_enabled()
    expect(front.page.get_by_role("status").filter(has_text="The retry did not go through")).to_be_visible()
    expect(front.page.get_by_text("The account has no credits left (402).")).to_be_visible()


def test_nobody_is_asked_where_the_kernel_is_gone(front: Front) -> None:
    front.page.clock.install()
    front.show(triage())
    front.page.get_by_role("button", name="Retry 2…").click()
    front.page.evaluate("() => document.querySelector('.lbn-panel').classList.add('jupyter-widgets-disconnected')")
    front.page.clock.run_for(1_000)
    expect(front.page.get_by_role("group", name="Confirm the retry")).to_be_hidden()
    expect(front.page.get_by_role("button", name="Retry 2…")).to_be_disabled()


def test_a_run_that_is_retried_ticks_again(front: Front) -> None:
    front.page.clock.install(time=NOW)
    front.show(triage())
    front.page.clock.run_for(600_000)
    expect(front.page.get_by_text(re.compile("looked|No news"))).to_have_count(0)
    now = later(retried(), 600)
    front.tell("header", **views.header(now), looked=now.taken_at.timestamp())
    expect(front.page.get_by_text("looked just now")).to_be_visible()
    front.page.clock.run_for(4_000)
    expect(front.page.get_by_text("looked 4 s ago")).to_be_visible()


def test_the_python_in_the_hint_is_code(front: Front) -> None:
    front.show(triage(rest=20))
    expect(front.page.locator(".lbn-line code")).to_have_text(["run.retry_failed()", "run.rest()"])
    expect(front.page.get_by_text("20 new or changed files are not in this run")).to_be_visible()


def test_milestones_are_announced_and_nothing_else(front: Front) -> None:
    front.show(many(3))
    live = front.page.locator(".lbn-header [aria-live]")
    expect(live).to_have_text("")
    front.tell("header", announcement="25 % done.")
    expect(live).to_have_text("25 % done.")
    front.update(many(3, "completed"))
    expect(live).to_have_text("25 % done.")


def test_the_saved_state_is_hidden_while_the_panel_is_there(front: Front) -> None:
    front.show(mixed())
    expect(front.page.locator("#saved")).to_be_hidden()
    front.page.evaluate(
        """() => {
          const area = document.querySelector('.jp-OutputArea');
          document.querySelector('#saved').remove();
          const saved = '<div class="jp-OutputArea-child" id="saved"><p class="static-x">new</p></div>';
          area.insertAdjacentHTML('beforeend', saved);
          document.body.insertAdjacentHTML('afterbegin', '<p class="static-x" id="other">of another output</p>');
        }"""
    )
    expect(front.page.locator("#saved")).to_be_hidden()
    expect(front.page.locator("#other")).to_be_visible()
    front.page.evaluate("() => cleanups.header()")
    expect(front.page.locator("#saved")).to_be_visible()


def test_a_second_panel_of_the_same_run_is_one_line(front: Front) -> None:
    front.show(mixed())
    front.page.evaluate(
        """() => document.querySelector('.jp-OutputArea').insertAdjacentHTML('beforeend',
             '<div class="lbn-panel"><div id="second"></div><div class="lbn-body">body of the second</div></div>')"""
    )
    told = views.header(mixed()) | {"looked": 0.0, "static_class": "static-x"}
    front.mount(RunHeader, "second", "#second", told)
    expect(front.page.get_by_text("body of the second")).to_be_hidden()
    front.page.get_by_role("button", name="Expand").click()
    expect(front.page.get_by_text("body of the second")).to_be_visible()
    expect(front.page.get_by_role("button", name="Expand")).to_be_hidden()
    expect(front.grid).to_be_visible()


def test_a_second_panel_opens_when_it_becomes_the_only_one(front: Front) -> None:
    front.show(mixed())
    front.page.evaluate(
        """() => document.querySelector('.jp-OutputArea').insertAdjacentHTML('beforeend',
             '<div class="lbn-panel"><div id="second"></div><div class="lbn-body">body of the second</div></div>')"""
    )
    told = views.header(mixed()) | {"looked": 0.0, "static_class": "static-x"}
    front.mount(RunHeader, "second", "#second", told)
    expect(front.page.get_by_text("body of the second")).to_be_hidden()
    front.page.evaluate("() => document.querySelector('.lbn-panel').remove()")
    expect(front.page.get_by_text("body of the second")).to_be_visible()


def test_the_height_is_changed_by_keyboard_and_by_mouse(front: Front) -> None:
    front.show(mixed())
    handle = front.page.get_by_role("separator", name="Height of the panel")
    height = "() => document.querySelector('.lbn-body').clientHeight"
    before = front.page.evaluate(height)
    assert before == 480
    handle.focus()
    front.press("ArrowUp")
    assert front.page.evaluate(height) == 460
    box = handle.bounding_box()
    assert box is not None
    front.page.mouse.move(box["x"] + 200, box["y"] + 3)
    front.page.mouse.down()
    front.page.mouse.move(box["x"] + 200, box["y"] + 103)
    front.page.mouse.up()
    assert front.page.evaluate(height) == 560
    expect(handle).to_have_attribute("aria-valuenow", "560")


# -- hostile text, themes -------------------------------------------------------------------------------------------


def test_nothing_in_a_name_or_a_reason_runs(front: Front) -> None:
    evil = "<img src=https://evil.example/x onerror=alert(1)>"
    run = snapshot(
        file(evil, "failed", error=evil),
        file("b", f"<script>alert(2)</script>{evil}"),
        name=evil,
        source=evil,
        trouble=Trouble(kind="stopped", text=evil, files=(evil,)),
    )
    front.show(run, announcement=evil, notice=evil)
    front.page.get_by_role("button", name="Details").click()
    front.row(evil).click()
    front.tell(
        "inspector", file=views.file_facts(run.files[0]), content={"name": evil, "state": "error", "message": evil}
    )
    front.tell("header", announcement=evil + ".")
    front.open(evil, (None, evil))
    front.page.get_by_role("tab", name="Text").click()
    expect(front.page.get_by_role("tabpanel")).to_have_text(evil)
    assert front.page.evaluate("ran") == []
    assert front.page.locator("img, script").count() == 0
    assert [url for url in front.requests if "evil" in url] == []


@pytest.mark.parametrize("kind", ["offline", "key refused"])
@pytest.mark.parametrize("theme", ["light", "dark", "none"])
def test_text_has_a_contrast_of_4_5_in_every_theme(front: Front, theme: str, kind: TroubleKind) -> None:
    front.show(mixed(phase="THROTTLED", trouble=TROUBLES[kind]), theme=theme, notice="The cancel did not go through.")
    front.page.get_by_role("button", name="Cancel…").click()
    front.page.get_by_role("button", name="Details").click()
    front.row("invoice-005.pdf").click()
    front.tell("inspector", file=views.file_facts(mixed().files[4]))
    front.open(
        "invoice-005.pdf",
        ("<p>x <a href='https://a.example'>link</a> <code>c</code></p><blockquote>q</blockquote>", "x"),
    )
    low = front.page.evaluate(
        """() => {
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgba = (colour) => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
          const behind = (node) => {
            if (!node) return [255, 255, 255];
            const own = rgba(getComputedStyle(node).backgroundColor);
            return own[3] === 1 ? own : over(own, behind(node.parentElement));
          };
          const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          const light = (c) => c.reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
          const low = [];
          for (const node of document.querySelectorAll('.lbn-panel *')) {
            const words = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
            if (!words || !node.offsetParent || node.closest('.lbn-unseen, button:disabled')) continue;
            const back = behind(node);
            const [a, b] = [light(over(rgba(getComputedStyle(node).color), back)), light(back)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio < 4.5) low.push([node.className, node.textContent.slice(0, 30), ratio.toFixed(2)]);
          }
          return low;
        }"""
    )
    assert low == []


def test_forced_colours_and_reduced_motion_are_kept(front: Front) -> None:
    front.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    front.show(many(3))
    front.row("f00001.pdf").click()
    running = front.page.get_by_role("progressbar").locator("span").first
    assert running.evaluate("(one) => getComputedStyle(one).animationName") == "none"
    chosen = front.row("f00001.pdf").evaluate("(one) => getComputedStyle(one).backgroundColor")
    other = front.row("f00000.pdf").evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert chosen != other


def test_leaving_the_page_leaves_nothing_running(front: Front) -> None:
    front.page.clock.install()
    front.show(many(300))
    front.page.evaluate(
        """() => {
          for (const clean of Object.values(cleanups)) clean();
          for (const model of Object.values(models)) model.off();
          document.querySelector('.lbn-panel').remove();
        }"""
    )
    front.page.clock.run_for(60_000)
    assert front.saved("grid") == []
