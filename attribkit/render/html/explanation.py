"""One explanation, wherever it stands: a line that sums it up, the text once, its strongest words, the rest folded.

The parts of the component, each drawn only where the explanation has it, from top to bottom: the summary line (label,
probability, verdict), the chips of the classes, the text, its legend, the strongest words, and the folds. A page, a
notebook's cell and a row of a list show the same component.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from attribkit.render.html.attention import Weights, weights_of
from attribkit.render.html.token_scores import group, groups
from attribkit.render.preparation import palette
from attribkit.render.preparation.captions import verdict_of
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.numbers import percent
from attribkit.render.preparation.prediction import agreement, bars, detail, headline, true_words
from attribkit.render.preparation.provenance import flat
from attribkit.render.preparation.scales import Scale
from attribkit.render.preparation.spans import words
from attribkit.render.preparation.unicode import is_right_to_left, quoted, shorten
from attribkit.results.panels import AttentionHeads, Drawable, Heatmap, Pairs, Prediction, Scatter, TokenScores

Draw = Mapping[str, Callable[[Any, PanelContext], dict[str, Any]]]

FOLDS = {
    Heatmap.kind: "Attention",
    AttentionHeads.kind: "Attention of each head",
    Pairs.kind: "Interactions",
    Scatter.kind: "Map",
}
"""What the folds of some kinds of panel are called; those of the others bear the panel's title."""


def is_explained(drawable: Drawable) -> bool:
    """Whether the component shows it: a text whose tokens have scores."""
    return drawable.text is not None and any(isinstance(panel, TokenScores) for panel in drawable.panels())


def explanation(drawable: Drawable, colour_scales: Mapping[int, Scale], draw: Draw) -> dict[str, Any]:
    """The template's data for one explanation that `is_explained`.

    Args:
        drawable: a text with token scores and whatever else explains it.
        colour_scales: by panel, as `scales` makes them.
        draw: how panels of other kinds are drawn inside their folds.
    """
    text, prediction = drawable.text or "", drawable.prediction
    panels = drawable.panels()
    context = PanelContext(text, prediction, colour_scales, heads=heads_among(panels))
    by_target = groups([panel for panel in panels if isinstance(panel, TokenScores)], prediction)
    first = by_target[0][0]
    attention = next((weights for panel in panels if (weights := weights_of(panel, first))), None)
    scored = [group(several, context, attention if number == 0 else None) for number, several in enumerate(by_target)]
    folds = [
        _fold(panel, context, draw, attention is not None) for panel in panels if not isinstance(panel, TokenScores)
    ]
    scripts = [fold["script"] for fold in folds if fold.get("script")]
    return {
        "kind": "explanation",
        "verdict": verdict_of(first),
        "prediction": prediction and prediction_line(prediction),
        "chips": _chips(prediction, by_target[0]),
        "attention": attention and _attention(attention, words(text, first)),
        "groups": scored,
        "folds": folds,
        "provenance": flat(drawable.provenance),
        "model": drawable.provenance.get("model"),
        "leftwards": is_right_to_left(text),
        "scripts": [*scripts, _script()] if _moves(scored) else scripts,
    }


@cache
def _script() -> str:
    source = (Path(__file__).parent / "templates" / "explanation.js").read_text(encoding="utf-8")
    return source.replace("__STEPS__", str(palette.STEPS))


def _moves(scored: Sequence[Mapping[str, Any]]) -> bool:
    """Whether anything can be chosen or jumped to, for which alone the script is needed."""
    return any(each["choices"] or each["sentences"] for each in scored)


def _attention(weights: Weights, written: Sequence[str]) -> dict[str, Any]:
    """What is said of the second line under the words."""
    strongest = [(shorten(written[i], 40), weights.mark(i)[1]) for i in weights.strongest(5)]
    return {"name": weights.name, "end": weights.end, "strongest": strongest}


def _fold(panel: Any, context: PanelContext, draw: Draw, underlined: bool) -> dict[str, Any]:
    """A panel as it stands in a fold: attention that is drawn under the words is not drawn again."""
    drawn = {"kind": panel.kind, **draw[panel.kind](panel, context)}
    name = FOLDS.get(panel.kind, panel.title)
    if isinstance(panel, AttentionHeads) and context.heads > 1:
        name = panel.title
    elif isinstance(panel, Heatmap):
        drawn |= {"texts": [], "columns": drawn["columns"] if len(panel.rows) > 1 or not underlined else []}
    elif isinstance(panel, Scatter) and len(drawn["placed"]) == 1 and drawn["placed"][0]["tally"]:
        name = f"Map: the nearest texts are {drawn['placed'][0]['tally']}"
    elif isinstance(panel, Pairs) and drawn["strongest"]:
        pair = drawn["strongest"][0]
        name = f"Interactions: most {quoted(pair['first'])} with {quoted(pair['second'])}, {pair['value']}"
    return {**drawn, "fold": name}


def heads_among(panels: Sequence[Any]) -> int:
    """How many panels of attention heads there are; at least 1, for the room of a page is parted by it."""
    return max(1, sum(isinstance(panel, AttentionHeads) for panel in panels))


def prediction_line(prediction: Prediction) -> dict[str, Any]:
    """What is predicted, how likely it is, and whether it is right."""
    predicted = headline(prediction)
    wrong = f"✗ said {predicted}, is {true_words(prediction)}"
    return {
        "label": predicted,
        "detail": detail(prediction),
        "tone": {True: "good", False: "bad", None: ""}[prediction.right],
        "outcome": {True: "✓ right", False: wrong, None: agreement(prediction)}[prediction.right],
    }


def _chips(prediction: Prediction | None, panels: Sequence[TokenScores]) -> dict[str, Any]:
    """The classes with their probabilities; those whose scores are there can be chosen."""
    explained = {panel.target: place for place, panel in enumerate(panels)}
    chosen: dict[str, Any] = {"chips": [], "rest": None, "choice": len(panels) > 1, "others": []}
    if prediction is None:
        return {**chosen, "chips": [_chip(name, None, place) for name, place in explained.items()]}
    shown, rest = bars(prediction)
    if len(panels) > 1:
        shown = sorted(shown, key=lambda pair: -pair[1])
    chips = [_chip(label, p, explained.get(label)) for label, p in shown]
    listed = {label for label, _ in shown}
    own = [_chip(name, None, place) for name, place in explained.items() if name not in prediction.labels]
    others = [(name, place) for name, place in explained.items() if name in prediction.labels and name not in listed]
    return {**chosen, "chips": [*chips, *own], "rest": rest, "others": others}


def _chip(label: str, probability: float | None, place: int | None) -> dict[str, Any]:
    share = None if probability is None else f"{100 * max(0.0, min(1.0, probability)):.1f}%"
    percentage = None if probability is None else percent(probability)
    return {"label": label, "percent": percentage, "width": share, "place": place, "quoted": quoted(label)}
