"""Whether scores depend on what the model learned, and on nothing else.

An explanation that stays the same when the weights are replaced by random ones explains the text, not the model: its
rank correlation with the true one must fall (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018). One that
changes with padding, with the order of a batch or with the numbers' precision explains the computer.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.attribution.registry import METHODS
from attribkit.data.intake import Rows
from attribkit.data.readable import Skipped
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.cells import interval, number
from attribkit.evaluation.readable import ReadableTexts
from attribkit.evaluation.sanity.randomised import correlations, layers_top_down, randomised
from attribkit.evaluation.scores import Scores, check_methods, scores_for, token_scores
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, counted, shown
from attribkit.results.panels import Chart, Convergence, Panel, Series, Table
from attribkit.results.panels.table import Cell
from attribkit.results.result import Result

SCHEMES = ("top_down", "independent")
"""Randomising ever more layers from the answer downwards, or one layer at a time."""
INVARIANCES = ("padding", "batch order", "dtype")
_ROUGH = 1e-2
"""Tolerance of integrals whose order alone is looked at."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Sanity(Result):
    """The rank correlations of a method's scores on N texts with those of randomised models, and other checks.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Attributes:
        model: the model's name.
        method: the method's name.
        layers: (L,) the layers that own weights, the one nearest to the output first.
        correlation: (2, L, N) Spearman's correlation of the signed scores with the model's own, for the class that the
            model itself predicts: with the first l layers randomised ("top_down"), with layer l alone ("independent");
            the mean of several draws, NaN if either is constant.
        size_correlation: (2, L, N) the same of the scores' sizes, signs left out.
        completeness: (N,) relative completeness error; None for a method that does not promise completeness.
        converged: (N,) bool, whether it is within the tolerance; None likewise.
        randomised: how many explanations of the randomised models converged, to the rough tolerance that suffices for
            their order.
        invariance: (3, N) the largest change of a token's score relative to Σ|scores|: alone or among longer texts,
            batched in the opposite order, computed in float64 (`INVARIANCES`).
        draws: how often each layer was randomised.
        seed: of those draws.
        notes: sentences a reader must know.
        skipped: the rows left out.
    """

    model: str
    method: str
    layers: tuple[str, ...]
    correlation: Numbers
    size_correlation: Numbers
    completeness: Numbers | None
    converged: NDArray[np.bool_] | None
    randomised: Convergence
    invariance: Numbers
    draws: int
    seed: int
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def convergence(self) -> Convergence:
        """How many of the texts' scores converged."""
        if self.converged is None or self.completeness is None:
            return Convergence(not_applicable=self.invariance.shape[1])
        return Convergence.counted(zip(self.converged.tolist(), self.completeness.tolist(), strict=True))

    def estimate(self, scheme: str, layer: str, *, sizes: bool = False) -> Estimate:
        """The mean correlation with its 95 % interval.

        Args:
            scheme: "top_down", down to this layer, or "independent", this layer alone.
            layer: one of `layers`.
            sizes: whether of the scores' sizes, signs left out.

        Raises:
            ValueError: for another scheme or layer.
        """
        for name, names, what in ((scheme, SCHEMES, "scheme"), (layer, self.layers, "layer")):
            if name not in names:
                raise InputError(f"`{what}` must be one of {', '.join(names)}, got {name!r}")
        values = self.size_correlation if sizes else self.correlation
        return estimate(values[SCHEMES.index(scheme), self.layers.index(layer)], self.seed)

    def to_frame(self) -> pd.DataFrame:
        """One row per scheme and layer: scheme, layer, correlation with low and high, and the same of the sizes.

        Its `attrs` hold `convergence` and `randomised`.
        """
        rows = []
        for scheme in SCHEMES:
            for layer in self.layers:
                signed, sizes = (self.estimate(scheme, layer, sizes=which) for which in (False, True))
                rows.append(
                    {
                        "scheme": scheme,
                        "layer": layer,
                        "correlation": signed.mean,
                        "low": signed.low,
                        "high": signed.high,
                        "size_correlation": sizes.mean,
                        "size_low": sizes.low,
                        "size_high": sizes.high,
                    }
                )
        table = pd.DataFrame(rows)
        table.attrs |= {"convergence": self.convergence.to_json(), "randomised": self.randomised.to_json()}
        return table

    def panels(self) -> tuple[Panel, ...]:
        """A chart of the correlations as layers are randomised, their table, and the other checks."""
        steps = np.arange(len(self.layers) + 1, dtype=float)
        lines = [[1.0, *(self.estimate(scheme, layer).mean for layer in self.layers)] for scheme in SCHEMES]
        named = zip(("with all above", "alone"), np.nan_to_num(np.array(lines)), strict=True)
        chart = Chart(
            f"What is left of {self.method} when layers are randomised",
            "layers from the answer downwards",
            "Spearman's correlation with the trained model's scores",
            tuple(Series(name, steps, values) for name, values in named),
            tuple((layer, float(place)) for place, layer in enumerate(self.layers, 1)),
        )
        return (chart, self._layers_table(), self._checks_table())

    def _layers_table(self) -> Table:
        rows = []
        for layer in self.layers:
            both = [self.estimate(scheme, layer) for scheme in SCHEMES]
            sizes = self.estimate("top_down", layer, sizes=True)
            rows.append(
                (
                    layer,
                    *(cell for estimate in both for cell in (number(estimate.mean), interval(estimate))),
                    number(sizes.mean),
                )
            )
        columns = (
            "layer",
            "randomised with all above",
            "95 % interval",
            "alone",
            "95 % interval of that",
            "sizes only, with all above",
        )
        notes = (
            f"Spearman's correlation of {self.method} with the trained model's own, mean over {self.draws} "
            f"{'draw' if self.draws == 1 else 'draws'} per text; it should fall towards 0",
            f"with randomised layers {self.randomised.sentence}, to a tolerance of {_ROUGH:g}",
            *self.notes,
        )
        return Table("Model-parameter randomisation", columns, tuple(rows), notes)

    def _checks_table(self) -> Table:
        rows: list[tuple[Cell, ...]] = []
        for name, values in zip(INVARIANCES, self.invariance, strict=True):
            rows.append((f"change with {name}", number(float(np.median(values)), 12), number(float(values.max()), 12)))
        notes = ["changes: of any token's score, relative to the sum of the scores' sizes", self.convergence.sentence]
        if self.completeness is not None:
            sizes = (float(np.median(self.completeness)), float(self.completeness.max()))
            rows.append(("completeness error", *(number(size, 12) for size in sizes)))
        else:
            promise = "does not promise that its scores add up"
            drawn = "draws its scores: that they add up proves nothing"
            notes.append(
                f"{self.method} {drawn if self.method in METHODS and METHODS[self.method].sampled else promise}"
            )
        return Table("Invariance checks", ("check", "median", "largest"), tuple(rows), tuple(notes))

    def summary(self) -> str:
        """What was measured, on how many texts, and how many explanations converged."""
        texts = self.invariance.shape[1]
        return f"Sanity({self.model}, {self.method}, {texts:,} texts; {self.convergence.sentence})"


def sanity(
    model: Classifier,
    data: Data,
    method: str | None = None,
    *,
    draws: int = 3,
    seed: int = 0,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    progress: bool | Progress | None = None,
) -> Sanity:
    """Check that a method's scores depend on the model's weights, and not on padding, batch order or number type.

    All changes are made to copies; the model is left exactly as it was.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Args:
        model: any classifier.
        data: N texts in any form that `attribkit.project` takes; some dozens are enough.
        method: a name as `explain(method=…)` takes it, or "attention"; None for the model's integrated gradients.
        draws: how often each layer is randomised.
        seed: of the draws.
        split: the rows to use: "train", "validation", "test" or "all"; None for the test split, or for all rows of data
            without splits, minus the rows that the model is known to have been trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        progress: a function that is called with what is done, the total and the current step; True for a bar, False for
            none; None for a bar in a terminal and in a notebook.

    Returns:
        rank correlations of the true scores with those of each randomised layer, and what changed with padding, batch
        order and number type.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for a method that does not exist or does not fit the model; if no text can be read.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> reviews = pd.DataFrame(
        ...     {
        ...         "text": ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"],
        ...         "label": ["pos", "pos", "neg", "neg"],
        ...     }
        ... )
        >>> result = ak.sanity(model, reviews, draws=1)
        >>> result.to_frame()["layer"].unique().tolist()
        ['output', 'convolutions.2', 'convolutions.1', 'convolutions.0', 'embedding']
    """
    if draws < 1:
        raise InputError(f"`draws` must be at least 1, got {draws}")
    method = check_methods(model, method)[0]
    measured = Rows.of(model, data, split=split, text=text, label=label, progress=progress)
    readable = ReadableTexts.of(model, measured.texts, numbers=measured.numbers)
    batch = readable.batch
    targets = batch.logits.argmax(1)
    scored = token_scores(model, batch, method, seed=seed)
    own, convergence = scored.scores, Convergence()
    layers = layers_top_down(model)
    correlation, sizes = np.zeros((2, 2, len(layers), len(targets)))
    steps = list(product(range(len(layers)), range(len(SCHEMES)), range(draws)))
    with shown(progress) as tell:
        for place, scheme, draw in counted(steps, tell, "randomising layers"):
            names = (layers[: place + 1], layers[place : place + 1])[scheme]
            changed = randomised(model, names, seed + draw)
            again = EncodedBatch.of(changed, batch.texts)
            scores = scores_for(changed, again, targets, method, seed=seed, tolerance=_ROUGH)
            convergence += scores.convergence
            correlation[scheme, place] += correlations(own, scores.scores) / draws
            sizes[scheme, place] += correlations(own, scores.scores, sizes=True) / draws
    judged = None not in scored.converged
    return Sanity(
        model.name,
        method,
        layers,
        correlation,
        sizes,
        scored.errors if judged else None,
        np.array(scored.converged, dtype=bool) if judged else None,
        convergence,
        _invariance(model, batch, method, own, seed),
        draws,
        seed,
        (*readable.notes, *measured.notes),
        readable.skipped,
    )


def _invariance(model: Classifier, batch: EncodedBatch, method: str, own: Scores, seed: int) -> Numbers:
    """(3, N) changes of scores under changes that must have no effect."""
    backwards = np.arange(len(own))[::-1]
    double = model.copy()
    double.network.double()
    versions = (
        token_scores(model, batch, method, seed=seed, batch_size=1).scores,
        token_scores(model, batch.part(backwards), method, seed=seed).scores[::-1],
        token_scores(double, EncodedBatch.of(double, batch.texts), method, seed=seed).scores,
    )
    return np.array([[_change(a, b) for a, b in zip(own, version, strict=True)] for version in versions])


def _change(own: Numbers, other: Numbers) -> float:
    size = float(np.abs(own).sum())
    change = float(np.abs(own - other).max())
    return change / size if size else change
