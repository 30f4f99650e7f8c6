from collections.abc import Callable
from dataclasses import replace

import pytest
from matplotlib.text import Text
from playwright.sync_api import Page as BrowserPage
from render.reading import Page
from rich.console import Console

from attribkit.render import html, picture
from attribkit.results.panels import Bar, Table
from attribkit.results.several_panels import Panels


def test_words_stand_to_the_left_numbers_to_the_right_and_nothing_is_a_dash(table: Table) -> None:
    page = Page(html.page([Panels((table,))]))
    assert not page.stack
    heads = [a.get("class") for tag, a in page.elements if tag == "th" and a.get("scope") == "col"]
    assert heads == [None, "n", "n", "n"]
    for said in ("How well", "negative", "0.911", "0.908", "–", "12,500", "on the official test split"):
        assert said in page.words


def test_hostile_cells_are_inert(hostile: str) -> None:
    table = Table(hostile, (hostile, "b"), ((hostile, 1.0), (None, 2.0)), (hostile,))
    source = html.page([Panels((table,))])
    page = Page(source)
    assert not page.stack and {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert "\x00" not in source and "\u202e" not in source and "{{ 7*7 }}" in page.words


def test_a_table_without_rows_and_an_endless_one_are_drawn() -> None:
    assert "empty" in Page(html.page([Panels((Table("empty", ("a",), ()),))])).words
    endless = Table("long", ("a",), tuple((i,) for i in range(3000)))
    assert "1,000 more rows are not shown" in Page(html.page([Panels((endless,))])).words


BARRED = Table(
    "bars",
    ("word", "score"),
    (("good", 2.0), ("bad", -1.0), ("none", None)),
    bars=(Bar(2.0, 1.0, 4.0), Bar(-1.0), None),
    shades=((None, 1.0), (None, 0.25), (None, None)),
)


def test_bars_share_an_axis_that_is_symmetric_about_zero_where_one_is_negative() -> None:
    page = Page(html.page([Panels((BARRED,))]))
    drawn = [
        (a.get("class"), a["style"])
        for tag, a in page.elements
        if tag in ("i", "b") and "width" in (a.get("style") or "")
    ]
    assert drawn == [
        ("towards", "left:50.00%;right:auto;width:25.00%"),
        (None, "left:62.50%;right:auto;width:37.50%"),
        ("against", "left:37.50%;right:auto;width:12.50%"),
    ]
    positive = replace(BARRED, bars=(Bar(2.0, 1.0, 4.0), Bar(1.0), None))
    page = Page(html.page([Panels((positive,))]))
    assert ("i", "left:0.00%;right:auto;width:50.00%") in [(tag, a.get("style")) for tag, a in page.elements]


def test_the_deeper_shade_is_the_larger_share() -> None:
    page = Page(html.page([Panels((BARRED,))]))
    assert [a.get("class") for tag, a in page.elements if tag == "td" and "n" in (a.get("class") or "").split()] == [
        "n w16",
        "n w4",
        "n none",
    ]


def test_an_example_marks_its_word_and_no_format_cuts_it_off() -> None:
    place = "… it went on and on for what felt like hours and the plot was really disappointing. The story"
    rows = (("disappointing", 3.83, place), ("plot", 0.5, "The plot was thin, and the plotting thinner."))
    panel = Table("Words", ("word", "mean score", "a typical place"), rows)
    page = html.page([Panels((panel,))])
    assert "<b>disappointing</b>" in page and "The <b>plot</b> was thin" in page and "<b>plot</b>ting" not in page
    drawn = [text.get_text() for text in Panels((panel,)).figure(width=4.0).findobj(Text) if isinstance(text, Text)]
    assert any(words.startswith("…") and "disappointing" in words for words in drawn)
    console = Console(width=60)
    with console.capture() as captured:
        console.print(Panels((panel,)))
    assert captured.get().count("disappointing") == 2


def test_a_word_is_marked_in_its_example_alone() -> None:
    panel = Table("Words", ("word", "95 % interval", "a typical place"), (("to", "0.01 to 0.04", "it led to the end"),))
    page = html.page([Panels((panel,))])
    assert "it led <b>to</b> the end" in page and page.count("<b>to</b>") == 1 and "0.01 to 0.04" in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 600, 700, 768, 900, 1024, 1280, 1600])
def test_no_column_of_a_table_of_words_is_cut_at_any_width(show: Callable[..., BrowserPage], width: int) -> None:
    place = "… scenes were absolutely disappointing. The story follows a pilot who never lands the plane …"
    head = ("word", "mean score", "95 % interval", "times", "texts", "a typical place")
    panel = Table("Words", head, (("disappointing", 3.83, "2.86 to 4.73", 7, 7, place),) * 3)
    page = show(html.page([Panels((panel, panel))]), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    read = "tables => tables.map(e => e.scrollWidth - e.clientWidth)"
    assert max(page.locator(".wide").evaluate_all(read)) <= 1, "nothing has to be scrolled to"
    last = page.locator("td.long").first.bounding_box()
    assert last is not None and last["x"] + last["width"] <= width


def test_bars_that_are_compared_have_one_scale() -> None:
    def of(title: str, values: tuple[float, ...], column: str = "word") -> Table:
        rows = tuple((f"w{k}", value) for k, value in enumerate(values))
        return Table(title, (column, "score"), rows, (), tuple(Bar(value) for value in values))

    tables = (of("first", (4.0, 1.0)), of("second", (1.0, 0.5)), of("other", (1.0, 0.5), "phrase"))
    drawn = [a["style"] for tag, a in Page(html.page([Panels(tables)])).elements if tag == "i" and a.get("style")]
    widths = [float(str(style).rpartition("width:")[2].rstrip("%")) for style in drawn]
    assert widths == [100, 25, 25, 12.5, 100, 50]
    boxes = picture.figure([Panels(tables)]).findobj(lambda drawn: drawn.get_label() == "bar")
    pictured = [box.get_window_extent().width for box in boxes]
    assert [width / max(pictured) for width in pictured] == pytest.approx([1, 0.25, 0.25, 0.125, 1, 0.5], abs=0.02)
