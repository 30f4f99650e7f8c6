from dataclasses import replace

from render.reading import Page

from attribkit.render import html
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
        "n",
    ]
