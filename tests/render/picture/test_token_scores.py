from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from attribkit.render import picture
from attribkit.results.explanation import Explanation

Make = Callable[..., Explanation]


def boxes(figure: Figure, label: str) -> list[tuple[float, float]]:
    """The upper and lower edge, in points from the top, of each patch whose label begins so."""
    found = []
    for patch in figure.findobj(Patch):
        if isinstance(patch, Patch) and str(patch.get_label()).startswith(label):
            box = patch.get_window_extent()
            high = figure.get_figheight() * 72
            found.append((high - box.y1 * 72 / figure.dpi, high - box.y0 * 72 / figure.dpi))
    return found


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))


def test_a_band_stands_under_its_word_on_one_scale_for_all(banded: Explanation) -> None:
    figure = picture.figure([banded])
    (above, below), (other,) = boxes(figure, "band 0"), boxes(figure, "band 1")
    # from −1 to 4 and from −2 to −1, where 4 is half the height
    unit = (above[1] - above[0]) / 4
    assert above[1] == pytest.approx(below[0]) and below[1] - below[0] == pytest.approx(unit)
    assert other[0] - above[1] == pytest.approx(unit) and other[1] - other[0] == pytest.approx(unit)
    (own,) = boxes(figure, "own 0")
    assert (own[0] + own[1]) / 2 == pytest.approx(above[1] - 2 * unit)
    word = next(t for t in figure.findobj(Text) if isinstance(t, Text) and t.get_label() == "token 0")
    lower_edge = figure.get_figheight() * 72 - word.get_window_extent().y0 * 72 / figure.dpi
    assert lower_edge < above[0]


def test_a_band_is_explained_and_failures_are_named(banded: Explanation) -> None:
    words = said(picture.figure([banded]))
    assert "band: its scores over several baselines" in words and "over the baselines pad, unk, mean" in words
    assert "the baseline “mean” did not converge" in words and "+4.00" in words


def test_phrases_are_printed_under_the_scores(phrased: Explanation) -> None:
    words = said(picture.figure([phrased]))
    assert "The strongest phrases that share no word" in words
    assert "a horrible movie\n+2.00\n80.0% · filters 0, 2" in words
    assert "was a\n−0.50" not in words, "it shares a word with the stronger one"


def test_a_bar_in_the_margin_reaches_as_far_down_as_its_sentence(sentenced: Explanation) -> None:
    figure = picture.figure([sentenced])
    (first,), (second,) = boxes(figure, "sentence 0"), boxes(figure, "sentence 1")
    assert first[0] < first[1] < second[0] < second[1]
    assert first[1] - first[0] == pytest.approx(second[1] - second[0], rel=0.1)
    assert not boxes(figure, "sentence 2"), "a sum of 0 has no length"
    assert "in the margin: the sentences’ sums, up to ±21.0" in said(figure)


def test_bands_and_sums_are_drawn_in_rows_too(
    banded: Explanation, sentenced: Explanation, phrased: Explanation
) -> None:
    figure = picture.figure([banded, sentenced, phrased])
    assert boxes(figure, "band 0") and boxes(figure, "sentence 0")


def test_a_long_text_with_bands_stays_within_the_picture(explained: Make) -> None:
    from attribkit.results.panels import Band

    band = Band(("pad", "unk"), np.zeros((2, 50_000)), (True, True))
    figure = picture.figure([explained("\n".join(["word"] * 50_000), np.zeros(50_000), band=band)])
    assert figure.get_figheight() * 150 < 65_536 and "more tokens are not drawn" in said(figure)
