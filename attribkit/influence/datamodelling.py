r"""Is it right? The linear datamodelling score of what training rows are said to do.

Effects that are true should predict what a model would answer had it been trained on other rows: those of a random half
S, say. For each text the predictions Σ_{i ∈ S} τ_i over many halves are compared with the answers F_S of models trained
on them, by Spearman's rank correlation; the score is its mean over the texts. 1: the halves are ranked as their models'
answers are; 0: as by chance. (Park et al., "TRAK: attributing model behavior at scale", ICML 2023.)

Two kinds of models are trained on a half: the last layer refitted on the same features, in which the effects are exact
but for their adding up; and, on request, the whole network, whose features then are others too. The second says how
much of what the network learnt the last layer can tell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.intake import all_rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.influence.knn_shapley import knn_shapley
from attribkit.last_layer.features import Features, with_bias
from attribkit.last_layer.refitted_layer import RefittedLayer
from attribkit.last_layer.representer import representer_values
from attribkit.last_layer.softmax_regression import fit
from attribkit.last_layer.targets import Answer
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.progress import Progress, counted, shown
from attribkit.rank_correlation import spearman
from attribkit.results.panels import Panel, Table
from attribkit.results.result import Result

METHODS = ("leave-one-out", "representer", "KNN-Shapley", "random")
Retrain = Callable[[pd.DataFrame, int], Classifier]
"""Trains a whole network on rows with a seed."""


@dataclass(frozen=True, eq=False, repr=False)
class DatamodellingScore(Result):
    """How well effects of training rows predict what models trained on halves of them answer.

    Attributes:
        model: its name.
        against: what was trained on the halves: "last layer" or "whole network".
        correlations: by method, (Q,) each text's rank correlation over the halves.
        subsets: how many halves.
        seed: draws them.
        notes: sentences that a reader must know.
    """

    model: str
    against: str
    correlations: dict[str, NDArray[np.float64]]
    subsets: int
    seed: int
    notes: tuple[str, ...] = ()

    def score(self, method: str) -> Estimate:
        """The mean of a method's correlations over the texts, with its 95 % interval.

        Raises:
            ValueError: for another method.
        """
        if method not in self.correlations:
            raise InputError(f"`method` must be one of {', '.join(self.correlations)}, got {method!r}")
        return estimate(self.correlations[method], self.seed)

    def to_frame(self) -> pd.DataFrame:
        """One row per method: method, score, low and high (its 95 % interval), and the number of texts."""
        rows = [(name, self.score(name)) for name in self.correlations]
        return pd.DataFrame(
            [(name, score.mean, score.low, score.high, score.texts) for name, score in rows],
            columns=["method", "score", "low", "high", "texts"],
        )

    def panels(self) -> tuple[Panel, ...]:
        """One table, a row per method."""
        cells = tuple(
            tuple(None if pd.isna(cell) else cell for cell in row) for row in self.to_frame().itertuples(index=False)
        )
        title = f"Linear datamodelling score against the {self.against} trained on {self.subsets:,} halves"
        return (Table(title, ("method", "score", "low", "high", "texts"), cells, self.notes),)

    def summary(self) -> str:
        """Each method's score with its interval."""
        lines = [f"linear datamodelling score against the {self.against} trained on {self.subsets:,} halves"]
        for row in self.to_frame().itertuples():
            lines.append(f"{row.method}: {row.score:.3f} (95 % interval {row.low:.3f} to {row.high:.3f})")
        return "\n".join([*lines, *self.notes])


def datamodelling_score(
    layer: RefittedLayer,
    texts: Data,
    *,
    subsets: int = 40,
    retrain: Retrain | None = None,
    repeats: int = 1,
    more: Mapping[str, NDArray[np.float64]] | None = None,
    neighbours: int = 5,
    seed: int = 0,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> DatamodellingScore:
    """Measure whether what training rows are said to do predicts what models trained on halves of them answer.

    Beside leave-one-out and representer values stand two references: random numbers, and the exact Shapley values of a
    nearest-neighbour classifier on the same features.

    Args:
        layer: the model's last layer, refitted on its training rows.
        texts: whose answers are predicted, best not among those rows; their predicted label is asked for.
        subsets: how many halves of the rows.
        retrain: trains a whole network on a table of rows with a seed, for each half; None refits the last layer alone.
        repeats: how many networks are trained on each half, with other seeds; their answers are averaged, for two
            networks trained on the same rows differ.
        more: effects by other methods, such as TRAK, each (Q, N): for the texts asked and the layer's rows.
        neighbours: of the nearest-neighbour classifier.
        seed: draws the halves and the random numbers.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Raises:
        ValueError: for fewer than three halves, which rank nothing; for effects of another shape.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.influence import RefittedLayer, datamodelling_score
        >>> data = ak.load_dataset("demo").sample(100)
        >>> model = ak.load("imdb-cnn")
        >>> layer = RefittedLayer.of(model, data, other_rows=True, checked=0)
        >>> score = datamodelling_score(layer, data.test["text"][:10].tolist(), subsets=8)
        >>> score.to_frame()["method"].tolist()
        ['leave-one-out', 'representer', 'KNN-Shapley', 'random']
    """
    if subsets < 3:
        raise InputError(f"`subsets` must be at least 3 halves, got {subsets}")
    if repeats < 1 or (repeats > 1 and retrain is None):
        raise InputError(
            f"`repeats` must be at least 1 network for each half, and needs `retrain`, got {repeats}: a last layer "
            "refitted twice is the same"
        )
    rows = all_rows(layer.model, texts, text=text, label=label, encoding=encoding)
    asked = rows.texts
    features = layer.read(asked)
    targets = [Answer.of(None, layer.model.labels, logits) for logits in features.logits]
    count = len(layer.rows.labels)
    random = np.random.default_rng(seed)
    halves = np.zeros((subsets, count), dtype=bool)
    for half in halves:
        half[random.choice(count, count // 2, replace=False)] = True
    with shown(progress) as tell:
        effects = {
            **all_effects(layer, features, targets, neighbours, seed),
            **_checked(more or {}, (len(asked), count)),
        }
        answers = np.zeros((repeats, subsets, len(asked)))
        for number in counted(range(repeats * subsets), tell, "training on halves"):
            repeat, subset = divmod(number, subsets)
            logits = _answers(layer, features, asked, halves[subset], number if retrain else None, retrain)
            odds = [answer.log_odds(logits[place : place + 1])[0] for place, answer in enumerate(targets)]
            answers[repeat, subset] = odds
    return DatamodellingScore(
        layer.model.name,
        "last layer" if retrain is None else "whole network",
        {name: correlations(values, halves, answers.mean(0)) for name, values in effects.items()},
        subsets,
        seed,
        (layer.distance_sentence, *likeness_of_repeats(answers), *rows.reading),
    )


def likeness_of_repeats(answers: NDArray[np.float64]) -> tuple[str, ...]:
    """How alike networks trained on the same halves are, and so how high a score can be; nothing of a single one.

    With a mean rank correlation r of two of them over the halves, the mean of n correlates with what the rows alone do
    by √(n r / (1 + (n − 1) r)), by Spearman and Brown.

    Args:
        answers: (n, M, Q) of n networks for each of M halves, to Q texts.
    """
    count = len(answers)
    if count < 2:
        return ()
    pairs = [
        spearman(answers[first, :, place], answers[second, :, place])
        for first, second in combinations(range(count), 2)
        for place in range(answers.shape[2])
    ]
    alike = max(float(np.nanmean(pairs)), 0.0)
    most = np.sqrt(count * alike / (1 + (count - 1) * alike))
    return (
        f"two networks trained on the same half agree by {alike:.2f}, so that the mean of {count} lets no method score "
        f"above {most:.2f}",
    )


def _checked(more: Mapping[str, NDArray[np.float64]], shape: tuple[int, int]) -> Mapping[str, NDArray[np.float64]]:
    for name, values in more.items():
        if np.shape(values) != shape:
            raise InputError(
                f"effects of {number_of(shape[0], 'text')} and {number_of(shape[1], 'row')} were expected of "
                f"{name!r}, got {np.shape(values)}"
            )
    return more


def all_effects(
    layer: RefittedLayer, features: Features, targets: list[Answer], neighbours: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """By method, (Q, N) what each training row is said to do to the answer to each text."""
    count, random = len(layer.rows.labels), np.random.default_rng(seed)
    effects = {name: np.zeros((len(targets), count)) for name in METHODS}
    for place, answer in enumerate(targets):
        own = with_bias(features.values[place : place + 1])[0]
        before = layer.regression.logits(own[None])
        changes = layer.leave_one_out.changes(layer.features, own)
        effects["leave-one-out"][place] = answer.log_odds(before) - answer.log_odds(before + changes)
        direction = answer.direction(len(layer.model.labels))
        effects["representer"][place] = representer_values(layer.features, layer.regression, direction, own)
        distances = np.zeros(count)
        for rows, block in layer.features.blocks():
            distances[rows] = ((block - own) ** 2).sum(1)
        effects["KNN-Shapley"][place] = knn_shapley(distances, layer.rows.labels, answer.label, neighbours)
        effects["random"][place] = random.normal(size=count)
    return effects


def correlations(
    effects: NDArray[np.float64], halves: NDArray[np.bool_], answers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(Q,) for each text the rank correlation, over halves (M, N), of Σ effects (Q, N) and the answers (M, Q)."""
    predicted = halves.astype(float) @ effects.T
    return np.array([spearman(predicted[:, place], answers[:, place]) for place in range(len(effects))])


def _answers(
    layer: RefittedLayer,
    features: Features,
    texts: list[str],
    half: NDArray[np.bool_],
    seed: int | None,
    retrain: Retrain | None,
) -> NDArray[np.float64]:
    """(Q, C) the texts' logits by what is trained on a half of the rows."""
    if retrain is not None and seed is not None:
        table = layer.rows.table.loc[layer.rows.rows[half]].reset_index(drop=True)
        model = retrain(table, seed)
        if model.labels != layer.model.labels:
            raise InputError(f"`retrain` must give models of the labels {layer.model.labels}, got {model.labels}")
        return model.logits(model.ids(texts))
    regression = layer.regression
    refitted = fit(
        layer.features, regression.labels, regression.classes, 0.0,
        weight_of=half.astype(float), penalty=regression.penalty, start=regression.weights,
    )  # fmt: skip
    return refitted.logits(with_bias(features.values))
