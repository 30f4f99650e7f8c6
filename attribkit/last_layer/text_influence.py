"""What every training row did to the answer to one text, and the table of those that did most."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.leave_one_out import EXACT, LeaveOneOut
from attribkit.last_layer.likeness import likeness_weights
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.representer import representer_values
from attribkit.last_layer.second_step import second_steps
from attribkit.last_layer.targets import Answer
from attribkit.results.panels import Bar, Table, relative_to_size
from attribkit.text.encoded import shortened

_EXCERPT = 80
TOLERANCE = 1e-6
"""The largest relative error of the representer values' sum that counts as adding up."""


@dataclass(frozen=True, eq=False)
class TextInfluence:
    """What every training row did to one answer.

    Attributes:
        text: that was asked about.
        target: the label, or "a − b".
        answer: the network's log-odds.
        refitted: those of the refitted layer.
        effects: (N,) how much each row raised the refitted layer's log-odds: without the row they would be lower by so
            much. By one Newton step, and by two where one may be far from a true refit.
        values: (N,) what each row adds to the layer's margin; they sum to it.
        margin: the margin, from the layer's own weights.
        largest_error: (N,) how far each effect by one Newton step may lie from that of a true refit.
        shown: (M,) the places of the rows that are shown: those that raised the answer most, then those that lowered it
            most.
        likeness: (M,) how like the text they are: 1 for a copy of it.
    """

    text: str
    target: str
    answer: float
    refitted: float
    effects: NDArray[np.float64]
    values: NDArray[np.float64]
    margin: float
    largest_error: NDArray[np.float64]
    shown: NDArray[np.int64]
    likeness: NDArray[np.float64]

    @property
    def shown_effects(self) -> NDArray[np.float64]:
        """(M,) those of the rows that are shown."""
        return self.effects[self.shown]

    @property
    def relative_error(self) -> float:
        """|Σ values − margin| / Σ|values|."""
        return relative_to_size(abs(float(self.values.sum()) - self.margin), self.values)

    @property
    def verdict(self) -> str:
        """Whether the values add up, in words."""
        passed = self.relative_error <= TOLERANCE
        what = "the rows' values sum to the layer's margin" if passed else "the rows' values do NOT sum to the margin"
        return f"{what} (relative error {self.relative_error:.1e}{'' if passed else f', above {TOLERANCE:.0e}'})"


def influence_on(
    layer: RefittedLayer,
    loo: LeaveOneOut,
    text: str,
    features: Features,
    place: int,
    answer: Answer,
    most: int,
) -> TextInfluence:
    """What every training row did to the answer to one text.

    Args:
        layer: the model's, refitted.
        loo: its rows left out; those shown get their second step here if it has none for them and they need it.
        text: that is asked about.
        features: of the texts asked about.
        place: the text's among them.
        answer: what is asked about: a label, or a pair.
        most: rows shown that raised the answer, and that lowered it.
    """
    regression, own = layer.regression, with_bias(features.values[place : place + 1])[0]
    logits = features.logits[place : place + 1]
    before = regression.logits(own[None])
    changes, largest = loo.changes(layer.features, own), loo.error_bounds(own)
    effects = answer.log_odds(before)[0] - answer.log_odds(before + changes)
    order = np.argsort(-effects, kind="stable")
    count = min(most, len(order) // 2)
    chosen = np.concatenate((order[:count], order[::-1][:count]))
    far = chosen[(largest[chosen] > EXACT) & ~np.isin(chosen, loo.second_rows)]
    if len(far):
        changes[far] += (second_steps(layer.features, regression, far) @ own) @ regression.basis.T
        effects[far] = answer.log_odds(before)[0] - answer.log_odds(before + changes[far])
    direction = answer.direction(len(layer.model.labels))
    weights = likeness_weights(regression, own, answer.gradient(before[0]))
    return TextInfluence(
        text=text,
        target=answer.name(layer.model.labels),
        answer=float(answer.log_odds(logits)[0]),
        refitted=float(answer.log_odds(before)[0]),
        effects=effects,
        values=representer_values(layer.features, regression, direction, own),
        margin=float(before[0] @ direction),
        largest_error=largest,
        shown=chosen,
        likeness=with_bias(layer.features.values[chosen]) @ weights,
    )


def table_of(layer: RefittedLayer, influence: TextInfluence) -> Table:
    """The rows that are shown of one text."""
    rows = layer.rows
    return rows_table(
        influence,
        rows.rows[influence.shown].tolist(),
        [layer.model.labels[label] for label in rows.labels[influence.shown].tolist()],
        [shortened(rows.texts[place], _EXCERPT) for place in influence.shown.tolist()],
        shortened(influence.text),
    )


def rows_table(
    influence: TextInfluence, rows: Sequence[int], labels: Sequence[str], excerpts: Sequence[str], shown: str
) -> Table:
    """The rows shown of one text: number, label, effect, value, likeness, how each begins.

    Args:
        influence: what every row did.
        rows: (M,) their numbers in the table.
        labels: (M,) their labels.
        excerpts: (M,) how each begins.
        shown: the text as it is named.
    """
    effects = influence.shown_effects.tolist()
    values = influence.values[influence.shown].tolist()
    cells = zip(rows, labels, effects, values, influence.likeness.tolist(), excerpts, strict=True)
    return Table(
        f"Training rows that raised and lowered {influence.target} for “{shown}”",
        ("row", "label", "effect (log-odds)", "value", "alike", "text"),
        tuple(tuple(row) for row in cells),
        (
            "effect: how much the row raised the log-odds; left out of the training, they would be lower by so much",
            "value: what the row adds to the last layer's margin; alike: 1 for a copy of the text",
            f"the network's log-odds are {influence.answer:+.2f}, the refitted layer's {influence.refitted:+.2f}",
            influence.verdict,
        ),
        bars=tuple(Bar(effect) for effect in effects),
    )
