"""What plausibility() gives: how far scores agree with rationales, by method, measure and level."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.readable import Skipped
from attribkit.errors import InputError
from attribkit.evaluation.cells import in_words, interval, number
from attribkit.evaluation.plausibility.levels import LEVELS
from attribkit.evaluation.scores import RANDOM
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.plurals import number_of
from attribkit.results.panels import Convergence, Panel, Table
from attribkit.results.panels.convergence import by_method
from attribkit.results.result import Result

MEASURES = {
    "auprc": "AUPRC ↑",
    "token_f1": "token F1 ↑",
    "iou_f1": "IoU F1 ↑",
    "average_precision": "average precision ↑",
}


@dataclass(frozen=True, eq=False, repr=False)
class Plausibility(Result):
    """The agreement of M methods' scores with the rationales of N texts, the last method being the random scores.

    Source: DeYoung et al., "ERASER", ACL 2020.

    Attributes:
        model: its name.
        methods: (M,) their names; the last is "random".
        figures: (4, 3, M, N) each measure of `MEASURES` at each level of `LEVELS`, 0 to 1.
        convergence: of each method by its name, how many of the texts' scores converged.
        seed: of the random scores and the intervals.
        notes: sentences a reader must know.
        skipped: the rows left out.
        provenance: the model, the data and the number of texts.
    """

    about = "Plausibility of explanations"

    model: str
    methods: tuple[str, ...]
    figures: NDArray[np.float64]
    convergence: Mapping[str, Convergence]
    seed: int
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def auprc(self) -> NDArray[np.float64]:
        """(M, N) area under the precision-recall curve of the tokens in the rationale, by their own scores."""
        return self._values("auprc", "token")

    @property
    def token_f1(self) -> NDArray[np.float64]:
        """(M, N) F1 of the tokens, by their own scores."""
        return self._values("token_f1", "token")

    @property
    def iou_f1(self) -> NDArray[np.float64]:
        """(M, N) F1 of runs of tokens that share at least half of their union, by their own scores."""
        return self._values("iou_f1", "token")

    def estimate(
        self,
        measure: str,
        method: str,
        over: str | None = None,
        *,
        level: str = "token",
        over_level: str | None = None,
    ) -> Estimate:
        """The mean of a measure, or of its difference from that of the method `over`, with its 95 % interval.

        Args:
            measure: "auprc", "token_f1", "iou_f1" or "average_precision".
            method: one of `methods`.
            over: a method to compare with; None for none.
            level: "token", "sentence" or "passage".
            over_level: the level of `over`; None for `level`.

        Raises:
            ValueError: for another measure, method or level.
        """
        for name, value, known in (
            ("measure", measure, MEASURES),
            ("method", method, self.methods),
            ("over", over, self.methods),
            ("level", level, LEVELS),
            ("over_level", over_level, LEVELS),
        ):
            if value not in known and not (value is None and name.startswith("over")):
                raise InputError(f"`{name}` must be one of {', '.join(known)}, got {value!r}")
        values = self._values(measure, level)[self.methods.index(method)]
        if over is not None:
            values = values - self._values(measure, over_level or level)[self.methods.index(over)]
        return estimate(values, self.seed)

    def _values(self, measure: str, level: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = self.figures[list(MEASURES).index(measure), list(LEVELS).index(level)]
        return values

    def to_frame(self) -> pd.DataFrame:
        """One row per level, measure and method: measure, method, mean, low, high, texts, the same over random, level.

        Its `attrs` hold `convergence`.
        """
        rows = []
        for level in LEVELS:
            for measure in MEASURES:
                for method in self.methods:
                    own = self.estimate(measure, method, level=level)
                    over = None if method == RANDOM else self.estimate(measure, method, over=RANDOM, level=level)
                    rows.append({"measure": measure, "method": method, **own.columns(over), "level": level})
        table = pd.DataFrame(rows)
        table.attrs["convergence"] = {name: convergence.to_json() for name, convergence in self.convergence.items()}
        return table

    def panels(self) -> tuple[Panel, ...]:
        """A table for each level, a row per method."""
        meaning = "against the rationales that come with the texts; ↑ higher is better"
        columns = [name for title in MEASURES.values() for name in (title, f"95 % interval of {title[:-2]}")]
        tables = []
        for level, plural in LEVELS.items():
            rows = []
            for method in self.methods:
                estimates = [self.estimate(measure, method, level=level) for measure in MEASURES]
                cells = (cell for estimate in estimates for cell in (number(estimate.mean), interval(estimate)))
                rows.append((method, *cells))
            own = level == "token"
            title = "Plausibility" if own else f"Plausibility of {plural}"
            notes = (
                (meaning, by_method(self.convergence), *self.notes) if own else (f"each token has its {level}'s mean",)
            )
            tables.append(Table(title, ("method", *columns), tuple(rows), notes))
        return tuple(tables)

    def answer(self) -> str:
        """How well the best method's scores agree with the rationales, beside random scores."""
        best = max(self.methods[:-1], key=lambda method: self.estimate("auprc", method).mean)
        own, chance = (in_words(self.estimate("auprc", method)) for method in (best, RANDOM))
        over = self.estimate("auprc", best, over=RANDOM)
        figures = f"AUPRC {own}, of random scores {chance}"
        if over.low <= 0:
            return f"No scores were shown to agree with the rationales better than random ones: by {best}, {figures}."
        others = [name for name in self.methods[:-1] if name != best]
        alone = all(self.estimate("auprc", best, over=name).low > 0 for name in others)
        agree = "agree best with the rationales" if others and alone else "agree with the rationales"
        also = "" if alone else ", no better than others’ for certain"
        return f"Scores by {best} {agree}, better than random ones{also}: {figures}."

    def summary(self) -> str:
        """Each method's figures with their intervals, and how many explanations converged."""
        lines = [
            f"plausibility of explanations of {self.model}: agreement with the rationales of "
            f"{number_of(self.texts, 'text')}"
        ]
        for method in self.methods:
            figures = [f"{title[:-2]} {in_words(self.estimate(name, method))}" for name, title in MEASURES.items()]
            for level, plural in list(LEVELS.items())[1:]:
                figures.append(f"of {plural} {in_words(self.estimate('average_precision', method, level=level))}")
            lines.append(f"{method}: {', '.join(figures)}")
        return "\n".join([*lines, by_method(self.convergence)])

    @property
    def texts(self) -> int:
        """N, the texts measured."""
        return int(self.figures.shape[-1])
