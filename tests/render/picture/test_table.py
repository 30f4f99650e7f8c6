import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from attribkit.render import picture
from attribkit.render.picture import fonts as fonts_module
from attribkit.render.picture.fonts import FontSet, _ink
from attribkit.results.panels import Bar, Table
from attribkit.results.several_panels import Panels


def written(table: Table) -> list[Text]:
    figure: Figure = picture.figure([Panels((table,))])
    return [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def test_numbers_end_and_words_begin_on_one_line(table: Table) -> None:
    cells = {text.get_text(): text for text in written(table)}
    assert (
        cells["0.911"].get_horizontalalignment() == cells["12,500"].get_horizontalalignment() == "right"
        and cells["negative"].get_horizontalalignment() == "left"
    )
    assert cells["0.911"].get_position()[0] == cells["0.906"].get_position()[0] == cells["precision"].get_position()[0]
    assert {"How well", "–", "0.908", "– on the official test split"} <= set(cells)


def test_a_wide_table_stays_on_the_page_and_names_its_columns() -> None:
    columns = tuple(f"column number {i}" for i in range(9))
    texts = written(Table("wide", columns, (("words " * 30, *(float(i) for i in range(8))),)))
    for text in texts:
        box = text.get_window_extent()
        assert text.figure is not None
        assert box.x1 * 72 / text.figure.get_dpi() <= 560 - 30 + 1
    heads = " ".join(text.get_text() for text in texts if text.get_label() == "head 7")
    assert heads == "column number 7"


def test_hostile_cells_and_endless_tables_are_drawn(hostile: str) -> None:
    texts = written(Table(hostile, (hostile, "n"), (("$\\bad$", 1), (None, 2)), (hostile,)))
    assert all(not text.get_parse_math() for text in texts)
    endless = written(Table("long", ("a",), tuple((i,) for i in range(3000))))
    assert any("more rows are not drawn" in text.get_text() for text in endless)
    assert any(text.get_text() == "empty" for text in written(Table("empty", ("a",), ())))


def test_bars_and_shades_are_drawn_beside_their_numbers() -> None:
    panel = Table(
        "bars",
        ("word", "score"),
        (("good", 2.0), ("bad", -1.0)),
        bars=(Bar(2.0, 1.0, 4.0), Bar(-1.0)),
        shades=((None, 1.0), (None, 0.0)),
    )
    figure = picture.figure([Panels((panel,))])
    boxes = [patch for patch in figure.findobj(Rectangle) if isinstance(patch, Rectangle)]
    bars = [box for box in boxes if box.get_label() == "bar"]
    assert [round(box.get_width(), 1) for box in bars] == [22.5, 11.2]
    assert bars[1].get_x() + bars[1].get_width() == pytest.approx(bars[0].get_x())
    assert len([box for box in boxes if box.get_label() == "shade"]) == 1


def test_a_title_that_the_bold_font_lacks_is_drawn_in_the_regular_one() -> None:
    letter = "\N{MATHEMATICAL SANS-SERIF CAPITAL A}"
    fonts = FontSet([letter])
    assert fonts.fit(letter) == letter and not fonts.missing
    assert fonts.properties(letter, 10, bold=True).get_weight() == "normal"
    assert fonts.properties("A", 10, bold=True).get_weight() == "bold"
    panel = Table(letter, ("word",), (("a",),))
    assert Panels((panel,)).to_png(dpi=30).startswith(b"\x89PNG")  # any warning would be an error


def test_a_mark_of_another_font_than_the_letter_before_it_stands_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    consonant, vowel = "\uabc0\uabe3"
    monkeypatch.setattr(fonts_module, "_cover", lambda needed: ({"Meetei": needed}, frozenset()))
    fonts = FontSet([consonant + vowel])
    assert fonts.fit(f"a{vowel}") == f"a\u200b{vowel}" and fonts.fit(f"{consonant}{vowel}") == consonant + vowel
    assert fonts.fit("e\u0301") == "e\u0301"


def test_a_word_is_as_wide_in_the_next_picture_and_measured_once() -> None:
    words = ("wide enough", "Wörter, auch", "")
    measured = [FontSet([*words, "☃"]).width(word, 9, bold) for word in words for bold in (False, True)]
    misses = _ink.cache_info().misses
    again = [FontSet([*words, "☃"]).width(word, 9, bold) for word in words for bold in (False, True)]
    assert measured == again and _ink.cache_info().misses == misses
    assert measured[0] != measured[1] and measured[-1] == 0
    assert FontSet(words).width("a  ", 9) > FontSet(words).width("a", 9)
