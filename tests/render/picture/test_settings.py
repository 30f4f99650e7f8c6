"""Width, dots, colours and pages of a picture: read back from what was drawn."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from PIL import Image
from render.test_pairs import pairs

from attribkit.render import picture
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import ConfusionMatrix, Heatmap, Prediction, Table
from attribkit.results.several_panels import Panels

Make = Callable[..., Explanation]
WIDTHS = (4.0, 7.0, 12.0)
LONG = "The final tennis tournament of this very long season starts next week in a small town by the sea. " * 6
TEXTS = {
    "English": "It was a horrible movie",
    "Russian": "Это был ужасный фильм, и я не советую его никому из друзей",
    "from the right": "שלום עולם יפה מאוד ועוד מילים רבות כדי שתהיה שורה שנייה בתמונה הזאת",
    "long": LONG,
    "one word": "x" * 300,
}


def written(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text().strip() and t.get_visible()]


def outside(figure: Figure) -> list[str]:
    """What is written beyond the edges of the sheet."""
    figure.canvas.draw()
    wide, high = figure.bbox.x1, figure.bbox.y1
    boxes = [(t.get_text(), t.get_window_extent()) for t in written(figure)]
    return [text for text, box in boxes if box.x0 < 0 or box.x1 > wide or box.y0 < 0 or box.y1 > high]


def touching(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of words that lie over each other by more than the air in a line."""
    boxes = [(t.get_text(), t.get_window_extent()) for t in written(figure) if t.get_rotation() == 0]
    pairs = []
    for i, (text, box) in enumerate(boxes):
        for other, beside in boxes[i + 1 :]:
            over = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            above = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            if over > 2 and above > 0.5 * min(box.height, beside.height):
                pairs.append((text, other))
    return pairs


def many_labels(explained: Make) -> Explanation:
    labels = tuple(f"label number {k}" for k in range(9))
    panel = explained(LONG, target=labels[3]).token_scores
    return Explanation(LONG, Prediction(labels[3], labels, (*[0.05] * 3, 0.6, *[0.05] * 5), labels[4]), (panel,), {})


def several_kinds(explained: Make, heatmap: Callable[..., Heatmap], table: Table) -> Iterator[Explanation | Panels]:
    yield many_labels(explained)
    yield Explanation(
        TEXTS["English"], None, (heatmap(TEXTS["English"]), pairs(TEXTS["English"], {(0, 3): 1.5, (2, 4): -0.5})), {}
    )
    yield Panels(
        (
            table,
            ConfusionMatrix("Confusion matrix", ("neg", "pos"), np.array([[5, 1], [2, 7]])),
        )
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_picture_has_the_width_asked_for_and_everything_within(explained: Make, name: str, width: float) -> None:
    drawn = explained(TEXTS[name], true_label="positive").figure(width=width, dpi=72)
    assert drawn.get_figwidth() == pytest.approx(width)
    assert outside(drawn) == [] and touching(drawn) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_kind_of_panel_fits_in_every_width(
    explained: Make, heatmap: Callable[..., Heatmap], table: Table, width: float
) -> None:
    for drawn in several_kinds(explained, heatmap, table):
        figure = drawn.figure(width=width, dpi=72)
        assert outside(figure) == [] and touching(figure) == [], drawn
    rows = Explanations([explained(text, true_label="positive") for text in TEXTS.values()])
    figure = rows.figure(width=width, dpi=72)
    assert outside(figure) == [] and touching(figure) == []


def test_pixels_follow_the_width_and_the_dots(horrible: Explanation, tmp_path: Path) -> None:
    sizes = {}
    for width, dpi in ((None, None), (5.0, None), (5.0, 300)):
        path = horrible.save(tmp_path / "why.png", width=width, dpi=dpi)
        with Image.open(path) as shown:
            sizes[width, dpi] = shown.size[0]
    assert sizes == {(None, None): 1166, (5.0, None): 750, (5.0, 300): 1500}
    assert Image.open(io.BytesIO(horrible.to_png(100, width=6.0))).size[0] == 600


def test_dark_pictures_have_the_colours_of_dark_pages(horrible: Explanation, tmp_path: Path) -> None:
    for theme, scheme in (("light", palette.LIGHT), ("dark", palette.DARK)):
        figure = horrible.figure(theme=theme)
        assert matplotlib.colors.to_hex(figure.get_facecolor()) == scheme.paper
        labels = {str(artist.get_label()): artist for artist in figure.get_children()}
        tint, word = labels["tint 3"], labels["token 3"]
        assert isinstance(tint, Patch) and matplotlib.colors.to_hex(tint.get_facecolor()) == scheme.colour(20)
        assert isinstance(word, Text) and word.get_color() == scheme.ink
    path = horrible.save(tmp_path / "dark.png", theme="dark")
    with Image.open(path) as shown:
        assert shown.convert("RGB").getpixel((2, 2)) == (0x1C, 0x1C, 0x1C)


def test_everything_that_is_written_can_be_read_in_both_themes(
    explained: Make, heatmap: Callable[..., Heatmap], table: Table, losses: Panels
) -> None:
    for drawn in (*several_kinds(explained, heatmap, table), losses):
        for theme, scheme in (("light", palette.LIGHT), ("dark", palette.DARK)):
            figure = drawn.figure(theme=theme)
            signs = {"✓", "!", "±"}  # on a sign of their own
            inks = {matplotlib.colors.to_hex(t.get_color()) for t in written(figure) if t.get_text() not in signs}
            assert min(palette.contrast(ink, scheme.paper) for ink in inks) >= 4.5, (drawn, theme)


def test_several_in_a_pdf_are_pages_of_a4_and_none_is_lost(explained: Make, tmp_path: Path) -> None:
    rows = Explanations([explained(f"text number {k}. {LONG}") for k in range(20)])
    content = rows.save(tmp_path / "rows.pdf").read_bytes()
    sheets = re.findall(rb"/MediaBox \[ ([\d. ]+) \]", content)
    assert len(sheets) >= 3 and {tuple(map(float, sheet.split())) for sheet in sheets} == {(0.0, 0.0, 595.28, 841.89)}
    assert content == rows.save(tmp_path / "again.pdf").read_bytes()
    figures = picture.pages(rows)
    assert len(figures) == len(sheets)
    words = [{text.get_text() for text in written(figure)} for figure in figures]
    assert [f"page {k} of {len(sheets)}" in shown for k, shown in enumerate(words, 1)] == [True] * len(sheets)
    tokens = [token.get_text() for figure in figures for token in written(figure) if token.get_label() == "token 2"]
    assert tokens == [str(k) for k in range(20)], "each text once, in order"
    assert all(outside(figure) == [] for figure in figures)
    assert any("one scale for all rows" in text for text in words[0]), "the legend comes first"


def test_a_row_is_not_divided_between_pages(explained: Make) -> None:
    figures = picture.pages([explained(f"number {k} {LONG}") for k in range(12)])
    for figure in figures:
        verdicts = [t for t in written(figure) if t.get_text().startswith("scores sum to")]
        firsts = [t for t in written(figure) if t.get_label() == "token 0"]
        assert len(verdicts) == len(firsts) > 0


def test_a_width_makes_of_a_pdf_one_sheet(explained: Make, tmp_path: Path) -> None:
    rows = Explanations([explained("a good film")] * 2)
    content = rows.save(tmp_path / "rows.pdf", width=5.0).read_bytes()
    (sheet,) = re.findall(rb"/MediaBox \[ ([\d. ]+) \]", content)
    assert float(sheet.split()[2]) == pytest.approx(360)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 800}, r"`width` must lie between 4.0 and 40.0 inches, got 800"),
        ({"dpi": 5}, "`dpi` must lie between 20 and 1200, got 5"),
        ({"theme": "sepia"}, "`theme` must be one of light, dark, got 'sepia'"),
    ],
)
def test_other_settings_are_refused_with_the_cure(
    horrible: Explanation, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        horrible.save(tmp_path / "why.png", **settings)
    with pytest.raises(ValueError, match=words):
        Explanations([horrible, horrible]).save(tmp_path / "why.pdf", **settings)
    with pytest.raises(ValueError, match=r"is for pictures \(.png, .svg, .pdf\), got 'why.html'; leave it out"):
        horrible.save(tmp_path / "why.html", **settings)
    assert not list(tmp_path.iterdir())
