"""What `sanity` gives back: what is left of scores when layers are randomised, and what changes that should not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.attribution.registry import METHODS
from attribkit.data.readable import Skipped
from attribkit.errors import InputError
from attribkit.evaluation.cells import in_words, interval, number
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.plurals import number_of
from attribkit.results.panels import Chart, Convergence, Panel, Series, Table
from attribkit.results.panels.table import Cell
from attribkit.results.result import Result

SCHEMES = ("top_down", "independent")
"""Randomising ever more layers from the answer downwards, or one layer at a time."""
INVARIANCES = ("padding", "batch order", "dtype")
_LITTLE = 0.3  # of a correlation, up to which scores are taken to have gone with the weights
ROUGH = 1e-2
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
        provenance: the model, the data and the number of texts.
    """

    about = "Sanity check of explanations"

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
    provenance: Mapping[str, Any] = field(default_factory=dict)

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
        named = zip(("with all above", "by itself"), np.nan_to_num(np.array(lines)), strict=True)
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
            "randomised by itself",
            "95 % interval of that",
            "sizes only, with all above",
        )
        notes = (
            f"Spearman's correlation of {self.method} with the trained model's own, mean over "
            f"{number_of(self.draws, 'draw')} per text; it should fall towards 0",
            "with all above: this layer and those after it are drawn anew, up to the output; by itself: this one alone",
            f"with randomised layers {self.randomised.sentence}, to a tolerance of {ROUGH:g}",
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
            promise = "does not promise that its scores sum to the model’s output"
            drawn = "draws its scores: that they sum to the model’s output proves nothing"
            notes.append(
                f"{self.method} {drawn if self.method in METHODS and METHODS[self.method].sampled else promise}"
            )
        return Table("Invariance checks", ("check", "median", "largest"), tuple(rows), tuple(notes))

    def answer(self) -> str:
        """Whether the explanations depend on what the model has learned."""
        left = self.estimate("top_down", self.layers[-1])
        if not left.known:
            return f"Too few texts were tested to say whether explanations by {self.method} depend on the model."
        depend = "depend on what the model has learned" if abs(left.mean) < _LITTLE else "survive a model made random"
        return (
            f"Explanations by {self.method} {depend}: with every layer randomised their correlation with the trained "
            f"model’s is {in_words(left, 2)}."
        )

    def summary(self) -> str:
        """How much of the scores is left with random layers, what changes that should not, and how many converged."""
        alone = {layer: self.estimate("independent", layer) for layer in self.layers}
        most = max(alone, key=lambda layer: np.nan_to_num(alone[layer].mean, nan=-1.0))
        changes = (f"{name} {values.max():.1e}" for name, values in zip(INVARIANCES, self.invariance, strict=True))
        return "\n".join(
            [
                f"sanity of {self.method} for {self.model} on {number_of(self.invariance.shape[1], 'text')}: "
                "Spearman's "
                "correlation with the trained model's scores, which should fall towards 0",
                f"with every layer randomised: {in_words(self.estimate('top_down', self.layers[-1]))}",
                f"with one layer alone randomised, at most: {in_words(alone[most])}, for {most}",
                f"largest change of a token's score, relative to the sum of the scores' sizes: {', '.join(changes)}",
                self.convergence.sentence,
            ]
        )
