"""compare(): two explanations of one text, by two methods, two models or two epochs."""

from typing import Any

from attribkit.errors import InputError, InputTypeError
from attribkit.results.comparison import Comparison
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Convergence, Heatmap, HeatmapRow, Table
from attribkit.results.panels.difference import align
from attribkit.views.agreement import agree, in_words

_WAYS = {
    "integrated gradients follow one straight path from the baseline to the text": ("exact", "quadrature", "captum"),
    "Shapley values average over all orders in which the words may come in": (
        "shapley",
        "shapley_sampling",
        "kernel_shap",
    ),
    "Banzhaf values average over all coalitions of the other words": ("banzhaf",),
    "leave-one-out takes each word from the whole text": ("leave_one_out",),
}
"""What methods do that all compare a text with a baseline, and yet part."""


def compare(a: Explanation, b: Explanation, names: tuple[str, str] | None = None) -> Comparison:
    """Compare two explanations of one text: each token's scores, their difference, and the rank correlation.

    If the two models split the text differently, tokens are summed until both have a boundary at the same place. `a -
    b` is the difference alone.

    Args:
        a: an explanation with token scores.
        b: another one of the same text, in the same unit and of the same target.
        names: what to call them; by default what they differ in: model, method or baseline.

    Returns:
        a heatmap with the rows a, b and a − b, with Kendall's τ of the sizes of the scores and both verdicts on
        completeness; and a table, the largest difference first. Its provenance holds the `convergence` of each.

    Raises:
        TypeError: for anything but explanations.
        ValueError: for different texts, units or targets, or without token scores; the sentence says the cure.

    Example:
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> exact, occlusion = (ak.explain(model, "A horrible movie", method=name) for name in ("exact", "occlusion"))
        >>> heatmap, differences = ak.compare(exact, occlusion).panels()
        >>> [row.name for row in heatmap.rows]
        ['exact', 'occlusion', 'difference']
    """
    for explanation in (a, b):
        if not isinstance(explanation, Explanation):
            raise InputTypeError(
                f"two explanations were expected, got {type(explanation).__name__}; make them with explain()"
            )
    change = (a - b).token_scores
    aligned = align(a.token_scores, b.token_scores)
    first, second = names or _names(a, b)
    if first == second:
        raise InputError(f"`names` must be two different names, got {first!r} twice")
    rows = (
        HeatmapRow(first, aligned.first, change.unit),
        HeatmapRow(second, aligned.second, change.unit),
        HeatmapRow("difference", change.scores, change.unit),
    )
    pair = agree(rows[:2])
    heatmap = Heatmap(
        title=f"{first} and {second}, for “{change.target}”",
        starts=aligned.starts,
        ends=aligned.ends,
        tokens=aligned.tokens,
        known=aligned.known,
        rows=rows,
        agreements=pair,
        tokens_total=change.tokens_total,
        notes=(
            *(in_words(agreement, rows[0].opposite_signs(rows[1])) for agreement in pair),
            *_notes_on_methods(a.token_scores.method, b.token_scores.method),
            *(f"{name}: {_answered(explanation)}" for name, explanation in ((first, a), (second, b))),
            *change.notes,
        ),
    )
    order = sorted(range(len(aligned.tokens)), key=lambda place: -abs(change.scores[place]))
    table = Table(
        "Token by token, the largest difference first",
        ("token", first, second, "difference", "position"),
        tuple(
            (aligned.tokens[i], float(aligned.first[i]), float(aligned.second[i]), float(change.scores[i]), i + 1)
            for i in order
        ),
    )
    provenance = {name: {**each.provenance, "convergence": _counted(each)} for name, each in ((first, a), (second, b))}
    return Comparison(a.text, change.target, change.unit, heatmap, table, provenance)


def _notes_on_methods(first: str, second: str) -> tuple[str, ...]:
    """One sentence where two methods ask different questions of one text."""
    ways = [way for method in (first, second) for way, methods in _WAYS.items() if method in methods]
    if len(set(ways)) < 2:
        return ()
    return (f"{ways[0]}, {ways[1]}: they part where words act together",)


def _answered(explanation: Explanation) -> str:
    """The prediction, and how far the scores can be trusted."""
    verdict = explanation.token_scores.verdict
    prediction = explanation.prediction
    return f"predicted {prediction.in_words}; {verdict}" if prediction is not None else verdict


def _counted(explanation: Explanation) -> dict[str, Any]:
    return Convergence.of([explanation.token_scores]).to_json()


def _names(a: Explanation, b: Explanation) -> tuple[str, str]:
    """What the two differ in, in the fewest words."""
    first, second = a.token_scores, b.token_scores
    parts = [
        (str(a.provenance.get("model", "a")), str(b.provenance.get("model", "b"))),
        (first.method, second.method),
        (first.baseline, second.baseline),
    ]
    different = [pair for pair in parts if pair[0] != pair[1]]
    if not different:
        return "a", "b"
    return ", ".join(pair[0] for pair in different), ", ".join(pair[1] for pair in different)
