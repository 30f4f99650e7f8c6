"""Several targets of one text: every format tells them by their probability, the predicted label first."""

from collections.abc import Callable

from matplotlib.text import Text
from rich.console import Console

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
