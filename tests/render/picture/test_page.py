import io
import logging
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from commands import printed
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from attribkit.render import html, picture
from attribkit.render.preparation import palette
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Chart, Series
from attribkit.results.several_panels import Panels

Make = Callable[..., Explanation]


def texts(drawn: Figure) -> list[str]:
    return [text.get_text() for text in drawn.findobj(Text) if isinstance(text, Text) and text.get_text()]


def tokens(drawn: Figure) -> list[Text]:
    """The words of all texts, as drawn: from left to right, line by line."""
    return [t for t in drawn.findobj(Text) if isinstance(t, Text) and str(t.get_label()).startswith("token")]


def places(drawn: Figure) -> list[float]:
    """Where each token of one text stands, in reading order."""
    ordered = sorted(tokens(drawn), key=lambda text: int(str(text.get_label()).split()[1]))
    return [text.get_position()[0] for text in ordered]


def tints(drawn: Figure) -> dict[str, str]:
    """The colour of each tint and bar, by its label."""
    found = {}
    for patch in drawn.findobj(Patch):
        if isinstance(patch, Patch) and str(patch.get_label()).startswith(("tint", "bar")):
            found[str(patch.get_label())] = matplotlib.colors.to_hex(patch.get_facecolor())
    return found


def test_tokens_stand_as_typed_in_reading_order_and_carry_their_colours(horrible: Explanation) -> None:
    drawn = picture.figure([horrible])
    assert [t.get_text() for t in tokens(drawn)] == ["It", "was", "a", "horrible", "movie"]
    assert places(drawn) == sorted(places(drawn)) and len({t.get_position()[1] for t in tokens(drawn)}) == 1
    colours = tints(drawn)
    assert colours["tint 3"] == palette.LIGHT.colour(20) and colours["bar 3"] == palette.LIGHT.towards
    assert colours["tint 4"] == palette.LIGHT.colour(-2) and "bar 4" not in colours
    assert "tint 0" not in colours


def test_everything_a_reader_must_know_is_drawn(horrible: Explanation) -> None:
    words = " ".join(texts(picture.figure([horrible])))
    for said in ("negative", "91.3%", "8.7%", "✓ right", "−2.31", "+2.31", "log-odds", "integrated-gradients, 64 steps",
                 "baseline pad", "sum of scores +2.232", "tokens read: all 5",
                 horrible.token_scores.verdict):  # fmt: skip
        assert said in words


def test_a_failed_verdict_is_drawn_with_a_sign(explained: Make) -> None:
    drawn = texts(picture.figure([explained("one two", [1, 2], converged=False, output_text=9.0)]))
    assert "!" in drawn and any(text.startswith("did not converge") for text in drawn)


def test_nothing_a_user_writes_is_read_as_mathematics(explained: Make) -> None:
    drawn = picture.figure([explained("$x_1$ and $\\frac{a}{b}$ \\oops", target="$\\bad$", notes=("$\\worse$",))])
    assert all(not text.get_parse_math() for text in drawn.findobj(Text) if isinstance(text, Text))
    assert any("$\\worse$" in text for text in texts(drawn))


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_hostile_texts_are_drawn_in_every_format_without_a_warning(
    explained: Make, hostile: str, format: str, caplog: pytest.LogCaptureFixture
) -> None:
    explanation = explained(hostile, true_label="\u202eevil \x00", notes=(hostile,), target=hostile, baseline=hostile)
    with caplog.at_level(logging.WARNING):
        content = picture.image([explanation], format, dpi=60)
    assert not caplog.records
    if format == "png":
        assert Image.open(io.BytesIO(content)).size[0] == 466
    elif format == "svg":
        assert ET.fromstring(content).tag.endswith("svg")
    else:
        assert content.startswith(b"%PDF")


def test_line_breaks_and_spaces_are_kept_and_control_characters_shown(explained: Make) -> None:
    drawn = picture.figure([explained("one\n\n  two\tthree \x00\u202e", [1] * 5)])
    one, two, three, *_ = tokens(drawn)
    assert two.get_position()[1] - one.get_position()[1] == pytest.approx(42)
    assert two.get_position()[0] > one.get_position()[0]
    assert three.get_position()[1] == two.get_position()[1]
    shown = "".join(texts(drawn))
    assert "⟨RLO⟩" in shown and "\u202e" not in shown and "\x00" not in shown


def test_right_to_left_words_run_from_the_right_and_the_picture_says_how(explained: Make) -> None:
    drawn = picture.figure([explained("שלום עולם יפה", [1, 1, 1])])
    assert places(drawn) == sorted(places(drawn), reverse=True)
    assert any("right-to-left text is set word by word" in text for text in texts(drawn))
    mixed = picture.figure([explained("say שלום עולם now", [1] * 4)])
    say, first, second, now = places(mixed)
    assert say < second < first < now


def test_what_no_font_can_draw_is_a_box_and_is_counted(explained: Make) -> None:
    # a private-use character: no font of a sane machine has it
    drawn = texts(picture.figure([explained("odd \U0010fffd \U0010fffd", [1] * 3)]))
    assert "□" in drawn and any("2 characters have no glyph here" in text for text in drawn)
    assert not any("no glyph" in text for text in texts(picture.figure([explained("plain")])))


def test_a_long_text_wraps_within_the_margins(explained: Make) -> None:
    text = " ".join(["a", "wonderfully", "long", "x" * 300, "review"] * 30)
    drawn = picture.figure([explained(text)])
    right = 560 - 30 + 1
    for token in tokens(drawn):
        box = token.get_window_extent()
        assert box.x1 * 72 / drawn.dpi <= right
    assert "".join(t.get_text() for t in tokens(drawn)) == text.replace(" ", "")


def test_50_000_words_are_drawn_as_far_as_a_picture_can_and_the_rest_is_counted(explained: Make) -> None:
    text = "\n".join(["word"] * 50_000)
    drawn = picture.figure([explained(text, np.zeros(50_000))], dpi=150)
    shown = len(tokens(drawn))
    assert 200 < shown < 1000
    assert any(f"{50_000 - shown:,} more tokens are not drawn" in line for line in texts(drawn))
    assert drawn.get_figheight() * 150 < 65_536


@pytest.mark.parametrize("dpi", [20, 600, 1200])
def test_a_picture_stays_small_enough_to_hold_at_any_resolution(explained: Make, dpi: int) -> None:
    drawn = picture.figure([explained("\n".join(["word"] * 2000), np.zeros(2000))], dpi=dpi)
    width, height = drawn.get_size_inches() * dpi
    assert height < 65_536 and width * height < 150e6


def test_rows_show_every_text_its_prediction_and_one_scale(explained: Make) -> None:
    rows = [explained("Best film ever", [2, 0.1, 0.3], "positive"), explained("It was bad", [0, 0.2, 1])]
    drawn = picture.figure(rows)
    assert [t.get_text() for t in tokens(drawn)] == ["Best", "film", "ever", "It", "was", "bad"]
    shown = texts(drawn)
    assert shown.count("91.3%") == 2 and "✗ wrong: positive" in shown and "+2.00" in shown
    assert "one scale for all rows: paler is weaker" in shown
    assert any("Best +2.00" in text for text in shown)


def test_rows_that_cannot_be_compared_state_their_own_scales(explained: Make) -> None:
    rows = [explained("one", [2.0]), explained("two", [0.5], unit="probability")]
    shown = texts(picture.figure(rows))
    assert "each row has a scale of its own" in shown
    assert "scale ±2.00 log-odds" in shown and "scale ±0.500 probability" in shown


def test_rows_of_two_models_say_which_of_them_share_a_scale(explained: Make) -> None:
    rows = [explained("one", [2.0]), explained("two", [0.5]), explained("three", [1.0], unit="probability")]
    shown = texts(picture.figure(rows))
    assert "rows of one model, method and unit share a scale; compare no others by colour" in shown
    assert "rows of one model, method and unit share a scale" in html.page(rows)


def test_too_many_rows_are_cut_with_a_sentence(explained: Make) -> None:
    rows = [explained("word", [1.0])] * 300
    drawn = picture.figure(rows)
    shown = len(tokens(drawn))
    assert any(f"{300 - shown:,} more rows are not drawn" in text for text in texts(drawn))


@pytest.mark.parametrize(
    ("text", "scores"), [("nothing here", [0, 0]), ("one", [1e-300]), ("one", [1e300]), ("  ", [])]
)
def test_degenerate_scores_are_drawn(explained: Make, text: str, scores: list[float]) -> None:
    shown = " ".join(texts(picture.figure([explained(text, scores)])))
    assert "np." not in shown and "nan" not in shown
    if not any(scores):
        assert "Nothing to colour: every score is 0." in shown


def test_a_chart_is_drawn_with_named_lines_and_marks(losses: Panels) -> None:
    drawn = picture.figure([losses])
    (plot,) = drawn.axes
    assert [list(np.asarray(line.get_ydata())) for line in plot.lines] == [list(s.y) for s in losses.panels()[0].series]  # type: ignore[union-attr]
    for said in ("Loss", "training", "validation", "best epoch", "epoch", "cross-entropy (nats)"):
        assert said in texts(drawn)


def test_no_labels_of_a_chart_touch() -> None:
    steps = np.arange(6.0)
    names = ("exact", "input_x_gradient", "a method with a name without end, as users give them", "random", "saliency")
    lines = tuple(Series(name, steps, 1 - steps / 5 + 1e-3 * place) for place, name in enumerate(names))
    marks = tuple((name, float(x)) for x, name in enumerate(("output", *(f"convolutions.{i}" for i in range(4)))))
    panel = Chart("What is left", "layers", "correlation", lines, (*marks, ("embedding", 5.0), ("close", 4.8)))
    drawn = picture.figure([Panels((panel,))])
    drawn.canvas.draw()
    found = [t for t in drawn.findobj(Text) if isinstance(t, Text) and t.get_text().strip() and t.get_visible()]
    assert {"exact", "input_x_gradient", "convolutions.3", "embedding", "close"} <= {t.get_text() for t in found}
    boxes = [(t.get_text(), t.get_window_extent()) for t in found]
    touching = [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if _touch(one, other)]
    assert touching == []
    assert all(box.x0 >= 0 and box.x1 <= drawn.bbox.x1 for _, box in boxes)


def _touch(one: Bbox, other: Bbox) -> bool:
    """By more than the air in a line of letters."""
    return min(one.x1, other.x1) - max(one.x0, other.x0) > 0.5 and min(one.y1, other.y1) - max(one.y0, other.y0) > 2


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_same_explanation_gives_the_same_bytes(horrible: Explanation, losses: Panels, format: str) -> None:
    assert picture.image([horrible, losses], format) == picture.image([horrible, losses], format)


def test_a_users_matplotlibrc_neither_changes_the_picture_nor_is_changed(horrible: Explanation) -> None:
    plain = picture.image([horrible], "png", dpi=50)
    with matplotlib.rc_context(
        {"text.usetex": True, "font.size": 30, "axes.facecolor": "red", "savefig.bbox": "tight"}
    ):
        assert picture.image([horrible], "png", dpi=50) == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_the_metadata_describe_the_picture_and_hold_no_date(horrible: Explanation) -> None:
    info = Image.open(io.BytesIO(picture.image([horrible], "png", dpi=50))).info
    assert info["Description"] == (
        f"predicted “negative” (91.3%); token scores for “negative” in log-odds, {horrible.token_scores.verdict}"
    )
    assert "Software" not in info


def test_pyplot_is_never_imported() -> None:
    code = "import sys; from attribkit.render import picture; print('matplotlib.pyplot' in sys.modules)"
    assert printed(code) == "False"


def test_bad_calls_are_refused_with_the_cure(horrible: Explanation) -> None:
    with pytest.raises(ValueError, match="`format` must be one of png, svg, pdf, got 'gif'"):
        picture.image([horrible], "gif")
    with pytest.raises(ValueError, match="`dpi` must lie between 20 and 1200, got 0"):
        picture.image([horrible], "png", dpi=0)
    with pytest.raises(ValueError, match="at least one explanation to draw, got an empty list"):
        picture.figure([])
