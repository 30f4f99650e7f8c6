from render.reading import Page

from attribkit.explanation import Explanation
from attribkit.panels import Table
from attribkit.render import html


def test_words_stand_to_the_left_numbers_to_the_right_and_nothing_is_a_dash(table: Table) -> None:
    page = Page(html.page([Explanation(None, None, (table,), {})]))
    assert not page.stack
    heads = [a.get("class") for tag, a in page.elements if tag == "th" and a.get("scope") == "col"]
    assert heads == [None, "n", "n", "n"]
    for said in ("How well", "negative", "0.911", "0.908", "–", "12,500", "on the official test split"):
        assert said in page.words


def test_hostile_cells_are_inert(hostile: str) -> None:
    table = Table(hostile, (hostile, "b"), ((hostile, 1.0), (None, 2.0)), (hostile,))
    source = html.page([Explanation(None, None, (table,), {})])
    page = Page(source)
    assert not page.stack and {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert "\x00" not in source and "\u202e" not in source and "{{ 7*7 }}" in page.words


def test_a_table_without_rows_and_an_endless_one_are_drawn() -> None:
    assert "empty" in Page(html.page([Explanation(None, None, (Table("empty", ("a",), ()),), {})])).words
    endless = Table("long", ("a",), tuple((i,) for i in range(3000)))
    assert "1,000 more rows are not shown" in Page(html.page([Explanation(None, None, (endless,), {})])).words
