import io
import logging
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from commands import printed
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from attribkit.render import picture
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, HeatmapRow

Build = Callable[..., Heatmap]


def drawn(panel: Heatmap, text: str) -> Figure:
    return picture.figure([Explanation(text, None, (panel,), {})])


def texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def columns(figure: Figure) -> list[str]:
    """The words under the cells, in reading order."""
    return [text.get_text() for text in texts(figure) if str(text.get_label()).startswith("column ")]


def width(plot: Axes) -> int:
    """The cells of a line."""
    return next(len(np.ma.asarray(mesh.get_array()).reshape(2, -1)[0]) for mesh in plot.collections)


def row(figure: Figure, index: int) -> list[float]:
    """The values of one row's cells, over all lines."""
    found = [
        mesh for plot in figure.axes for mesh in plot.collections if isinstance(mesh, QuadMesh)
        and mesh.get_label() == f"row {index}"
    ]  # fmt: skip
    return [float(value) for mesh in found for value in np.ma.asarray(mesh.get_array()).reshape(2, -1)[index]]


def colour(mesh: QuadMesh, value: float) -> str:
    (found,) = mesh.to_rgba(np.array([value]))
    return to_hex(tuple(found))


def test_cells_hold_the_values_themselves_and_words_stand_under_them(heatmap: Build) -> None:
    figure = drawn(heatmap("good bad film", [0.5, 0.125, 0.25], [-2.0, 1.0, 0.5]), "good bad film")
    assert columns(figure) == ["good", "bad", "film"]
    assert row(figure, 0) == [0.5, 0.125, 0.25] and row(figure, 1) == [-2.0, 1.0, 0.5]
    (plot,) = figure.axes
    weights, signed = (mesh for mesh in plot.collections if isinstance(mesh, QuadMesh))
    assert weights.get_clim() == (0.0, 0.5) and signed.get_clim() == (-2.0, 2.0)
    assert colour(weights, 0.5) == palette.LIGHT.weight(20) and colour(signed, 0.0) == palette.LIGHT.paper
    assert colour(signed, -2.0) == palette.LIGHT.colour(-20)


def test_names_limits_agreement_and_notes_are_written(heatmap: Build) -> None:
    figure = drawn(heatmap("good bad film", notes=("a note of its own",)), "good bad film")
    written = [text.get_text() for text in texts(figure)]
    for said in ("Where the network looked", "attention", "integrated gradients", "attention (weight)", "0.500",
                 "+2.00", "integrated gradients (log-odds)", "−2.00", "– a note of its own",
                 "attention ↔ integrated gradients: τ = 0.12"):  # fmt: skip
        assert said in written


def test_a_long_text_is_broken_into_lines_of_aligned_columns(heatmap: Build) -> None:
    text = " ".join(["a", "wonderful", "little", "film"] * 25)
    figure = drawn(heatmap(text, np.full(100, 0.01), np.resize([1.0, -1.0, 0.5], 100)), text)
    assert columns(figure) == text.split()
    assert row(figure, 1) == np.resize([1.0, -1.0, 0.5], 100).tolist()
    boxes = [plot.get_position() for plot in figure.axes]
    assert len(boxes) > 5 and len({round(box.x0, 6) for box in boxes}) == 1
    widths = {round(box.width / width(plot), 6) for box, plot in zip(boxes, figure.axes, strict=True)}
    assert len(widths) == 1
    assert all(a.y0 > b.y1 for a, b in pairwise(boxes))
    assert all(box.x1 <= 530 / 560 + 1e-6 for box in boxes)


def test_one_row_needs_no_name_beside_it(heatmap: Build) -> None:
    both = heatmap("good film")
    alone = heatmap("good film", rows=both.rows[:1], agreements=())
    assert drawn(alone, "good film").axes[0].get_position().x0 == pytest.approx(30 / 560)


def test_no_word_is_read_as_mathematics_and_hostile_ones_are_drawn_without_a_warning(
    heatmap: Build, hostile: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"$x_1$ {hostile}"
    panel = heatmap(text, names=("$\\bad$", hostile), title="$\\worse$", notes=(hostile,))
    for format in ("png", "svg", "pdf"):
        with caplog.at_level(logging.WARNING):
            assert picture.image([Explanation(text, None, (panel,), {})], format, dpi=50)
    assert not caplog.records
    assert all(not text.get_parse_math() for text in texts(drawn(panel, text)))


@pytest.mark.parametrize(
    ("text", "weights", "scores"), [("  ", [], []), ("one", [1.0], [0.0]), ("one", [0.0], [1e300])]
)
def test_degenerate_rows_are_drawn(heatmap: Build, text: str, weights: list[float], scores: list[float]) -> None:
    written = " ".join(said.get_text() for said in texts(drawn(heatmap(text, weights, scores, tau=None), text)))
    assert "nan" not in written and "np." not in written


def test_an_endless_text_ends_with_a_sentence_and_a_picture_that_can_be_held(heatmap: Build) -> None:
    text = "word " * 5000
    content = picture.image(
        [Explanation(text, None, (heatmap(text, np.full(5000, 2e-4), np.zeros(5000)),), {})], "png", dpi=40
    )
    assert Image.open(io.BytesIO(content)).size[1] < 65_536
    assert any("more tokens are not drawn" in said.get_text() for said in texts(drawn(heatmap(text), text)))


def test_the_same_heatmap_gives_the_same_bytes(heatmap: Build) -> None:
    explanation = Explanation("good film", None, (heatmap("good film"),), {})
    assert picture.image([explanation], "svg") == picture.image([explanation], "svg")


def test_seaborn_is_imported_late_and_pyplot_knows_no_figure() -> None:
    code = """
import sys
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, HeatmapRow
from attribkit.render import picture
assert "seaborn" not in sys.modules and "matplotlib.pyplot" not in sys.modules
import matplotlib
before = dict(matplotlib.rcParams)
panel = Heatmap("t", [0], [4], ["good"], [True], [HeatmapRow("attention", [1.0], "weight")], (), 1)
picture.image([Explanation("good", None, (panel,), {})], "png", dpi=40)
import matplotlib.pyplot as plt
changed = {name for name in before if before[name] != matplotlib.rcParams[name]}
print(plt.get_fignums(), changed - {"backend"})
"""
    assert printed(code) == "[] set()"


def test_several_texts_without_scores_stand_under_their_own_predictions(
    heatmap: Build, explained: Callable[..., Explanation]
) -> None:
    rows = [
        Explanation(text, explained(text).prediction, (heatmap(text),), {}) for text in ("good film", "another bad one")
    ]
    figure = picture.figure(rows)
    assert columns(figure) == ["good", "film", "another", "bad", "one"]
    assert [said.get_text() for said in texts(figure)].count("91.3%") == 4


def test_several_texts_attention_has_one_scale_and_one_legend() -> None:
    def looked(values: tuple[float, ...]) -> Explanation:
        text = "ab cd ef"
        spans = ((0, 2), (3, 5), (6, 8))
        rows = (HeatmapRow("attention", np.array(values), "weight"),)
        starts, ends = map(np.array, zip(*spans, strict=True))
        known = np.ones(3, dtype=bool)
        panel = Heatmap("Where it looked", starts, ends, tuple(text.split()), known, rows, (), 3)
        return Explanation(text, None, (panel,))

    texts = [looked((0.25, 0.25, 0.5)), looked((0.9, 0.05, 0.05))]
    figure = picture.figure(texts)
    cells = [cells for cells in figure.findobj(QuadMesh) if cells.get_label() == "row 0"]
    assert [mesh.norm.vmax for mesh in cells] == [0.9, 0.9]
    written = [text.get_text() for text in figure.findobj(Text)]
    assert written.count("attention (weight)") == 1 and "0.900" in written
    alone = [mesh for mesh in picture.figure(texts[:1]).findobj(QuadMesh) if mesh.get_label() == "row 0"]
    assert [mesh.norm.vmax for mesh in alone] == [0.5]
