"""A confusion matrix of many labels: each cell that holds texts is drawn and said, in every format."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from render.reading import Page
from rich.console import Console

import attribkit as ak
from attribkit.evaluation.confusion import FEW_LABELS
from attribkit.evaluation.label_order import by_likeness
from attribkit.evaluation.metrics import Metrics
from attribkit.evaluation.tables import confusion_panels
from attribkit.render import html
from attribkit.render.preparation import confusion
from attribkit.results.panel_frames import panel_frame
from attribkit.results.panels import ConfusionMatrix, Table


def many(size: int = 40, seed: int = 0) -> ConfusionMatrix:
    """Labels of which each second one is confused with one far away in the alphabet."""
    random = np.random.default_rng(seed)
    counts = np.diag(random.integers(5, 40, size))
    for place in range(size // 2):
        counts[place, size - 1 - place] = 3
    labels = tuple(f"label {place:02d} <b>" for place in range(size))
    return ConfusionMatrix("Confusion <matrix>", labels, counts, by_likeness(counts))


def test_labels_that_are_confused_stand_beside_each_other() -> None:
    matrix = many()
    places = matrix.order.tolist()
    for place in range(20):
        assert abs(places.index(place) - places.index(39 - place)) == 1


@given(st.integers(0, 9), st.integers(0, 5))
def test_the_order_holds_each_label_once(size: int, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 3, (size, size))
    assert sorted(by_likeness(counts).tolist()) == list(range(size))


def test_the_page_has_a_cell_with_words_for_each_pair_that_occurs() -> None:
    matrix = many()
    source = html.page([ak.Panels([matrix])])
    titles = re.findall(r"<title>(\d[^<]*)</title>", source)
    assert len(titles) == np.count_nonzero(matrix.counts) == 60
    texts = matrix.counts[0].sum()
    assert f"3 of {texts} texts of “label 00 &lt;b&gt;” are given “label 39 &lt;b&gt;”" in titles
    assert "<b>" not in source
    assert "Confusion <matrix>" in Page(source).words


@pytest.mark.parametrize("apart", [1, 2, 3, 7])
def test_where_names_need_room_the_most_confused_labels_have_it(apart: int) -> None:
    matrix = many()
    named = confusion.named(matrix, apart)
    assert (np.diff(named) >= apart).all() and len(named) >= 40 / (2 * apart - 1)
    wrong = matrix.counts - np.diag(np.diag(matrix.counts))
    confused = (wrong.sum(0) + wrong.sum(1))[matrix.order]
    for place in set(range(40)) - set(named):
        near = [other for other in named if abs(other - place) < apart]
        assert near and max(confused[near]) >= confused[place]


def test_the_letters_of_many_labels_can_be_read_and_a_note_says_that_not_all_are_named() -> None:
    source = html.page([ak.Panels([many(150)])])
    letters = float(re.findall(r'<svg class="confusion"[^>]*font-size="([\d.]+)"', source)[0])
    size = float(re.findall(r'viewBox="0 0 (\d+)', source)[0])
    assert letters * min(1.0, 702 / size) >= 9
    assert "of 150 labels those are named that are confused most" in Page(source).words
    assert "those are named" not in Page(html.page([ak.Panels([many(40)])])).words


def test_a_terminal_and_latex_list_the_most_confused_pairs(tmp_path: Path) -> None:
    matrix = many()
    out = io.StringIO()
    Console(file=out, width=100, no_color=True).print(ak.Panels([matrix]).__rich__())
    assert out.getvalue().count("are given") == 20
    path = ak.Panels([matrix]).save(tmp_path / "matrix.tex")
    assert path.read_text().count("tabularnewline") == 21
    assert (ak.Panels([matrix]).save(tmp_path / "matrix.png")).stat().st_size > 1_000


def test_the_table_has_a_row_per_pair_and_json_gives_it_back() -> None:
    matrix = many()
    frame = panel_frame(matrix)
    assert len(frame) == 60 and frame["texts"].sum() == matrix.counts.sum()
    (again,) = ak.Panels.from_json(ak.Panels([matrix]).to_json()).panels()
    assert again == matrix


def test_few_labels_keep_their_table_and_many_begin_with_the_pairs() -> None:
    few = Metrics(("a", "b"), np.array([[3, 1], [0, 4]]))
    (table,) = confusion_panels(few)
    assert isinstance(table, Table) and table.title == "Confusion matrix"
    matrix = many(FEW_LABELS + 1)
    pairs, drawn = confusion_panels(Metrics(matrix.labels, matrix.counts))
    assert isinstance(pairs, Table) and isinstance(drawn, ConfusionMatrix)
    assert [row[2] for row in pairs.rows] == [3] * 6
    (alone,) = confusion_panels(Metrics(matrix.labels, np.diag(np.diag(matrix.counts))))
    assert isinstance(alone, ConfusionMatrix)


def test_a_matrix_of_another_shape_or_order_is_refused() -> None:
    with pytest.raises(ValueError, match="`counts` must hold a number of texts for each pair of 2 labels"):
        ConfusionMatrix("t", ("a", "b"), np.zeros((2, 3), dtype=int))
    with pytest.raises(ValueError, match="`order` must hold each place of 0 to 1 once"):
        ConfusionMatrix("t", ("a", "b"), np.zeros((2, 2), dtype=int), np.array([0, 0]))
