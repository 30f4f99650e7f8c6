"""Several targets of one text: every format tells them by their probability, the predicted label first."""

from collections.abc import Callable

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.text import Text
from rich.console import Console

import attribkit as ak
from attribkit.render import latex, picture, terminal
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Prediction

LABELS = ("red", "green", "blue")


def test_targets_stand_by_probability_in_pictures_terminal_and_latex(explained: Callable[..., Explanation]) -> None:
    panels = [explained("a good film", target=label).token_scores for label in LABELS]
    why = Explanation("a good film", Prediction("green", LABELS, (0.1, 0.6, 0.3)), panels, {})
    console = Console(width=400)
    with console.capture() as captured:
        console.print(terminal.renderable(why))
    drawn = "\n".join(t.get_text() for t in picture.figure([why]).findobj(Text) if isinstance(t, Text))
    for shown, mark in ((drawn, "target “{}”"), (captured.get(), "target “{}”"), (latex.fragment([why]), "for ``{}''")):
        places = [shown.index(mark.format(label)) for label in ("green", "blue", "red")]
        assert places == sorted(places)


def test_a_line_parts_texts_and_never_a_text_from_its_attention() -> None:
    model = ak.load("imdb-attention-rnn", "cpu")
    figure = ak.explain(model, ["A horrible film", "Best show ever"]).figure()
    lines = [line for line in figure.findobj(Line2D) if isinstance(line, Line2D)]
    ends = [(np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)) for line in lines]
    rules = sorted(float(y[0]) for x, y in ends if np.ptp(x) > 400)
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    heads = sorted(float(text.get_position()[1]) for text in texts if text.get_text() == "Where the network looked")
    words = [float(text.get_position()[1]) for text in texts if text.get_label() == "token 0"]
    assert len(rules) == len(heads) == len(words) == 2
    assert words[0] < heads[0] < rules[0] < words[1] < heads[1] < rules[1]
