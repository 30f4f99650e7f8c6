"""The result of `faithfulness`: every figure between its references, as numbers, a table and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.readable import Skipped
from attribkit.errors import InputError
from attribkit.evaluation.cells import in_words
from attribkit.evaluation.faithfulness.measures import AT_BINS, OTHERS, RANKED
from attribkit.evaluation.faithfulness.panels import BEST, BOUND, MASKED, panels
from attribkit.evaluation.scores import RANDOM
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.plurals import number_of
from attribkit.results.panels import Convergence, Panel
from attribkit.results.panels.convergence import by_method
from attribkit.results.result import Result
from attribkit.task import Task

Numbers = NDArray[np.float64]
_BY_WAY = ("best_removed", "best_kept", "bound_removed", "bound_kept", "masked")


@dataclass(frozen=True, eq=False, repr=False)
class Faithfulness(Result):
    """The faithfulness of M methods on N texts, the last method being the random scores.

    Attributes:
        model: its name.
        methods: (M,) their names; the last is "random".
        removals: (R,) how tokens were removed.
        tokens: (N,) how many tokens each text has.
        whole: (N,) log p of the predicted class, or of a predicted label, in nats.
        removed: (M, R, N, 13) the same with the top share (`measures.PERCENTS`) of the tokens removed.
        kept: (M, R, N, 13) the same with that share alone kept.
        best_removed: (R, N, 5) the smallest of those found at `measures.BINS`, by any ranking; NaN for texts that were
            not searched.
        best_kept: (R, N, 5) the largest of those found, likewise.
        bound_removed: (R, N, 5) what no removal can go below; proved, for PAD and a text CNN; NaN elsewhere.
        bound_kept: (R, N, 5) what no choice of kept tokens can exceed, likewise.
        log_odds: (N,) of the predicted class against the runner-up, or of a label that holds by itself.
        removed_log_odds: (M, R, N, 13) the same with the top share of the tokens removed.
        masked: (R, N, 5) its exact mean if each token is masked with probability k / T; NaN where `bound_removed` is.
        exact: (N,) whether all subsets were tried; otherwise the best found is only a lower bound of the best.
        tau: (M, R, N) Kendall's τ-b of the scores with leave-one-out; NaN if not computed, or if either is constant.
        infidelity: (M, N), NaN where it was not computed (Yeh et al., NeurIPS 2019).
        max_sensitivity: (M, N), NaN where it was not computed (the same).
        convergence: of each method by its name, how many of the texts' scores converged.
        seed: of the draws.
        labels: (N,) the label that is followed: each text's predicted class; with several labels a text each of those
            predicted, as a text of its own.
        task: of the model.
        notes: sentences a reader must know.
        skipped: the rows left out.
        provenance: the model, the data and the number of texts.
    """

    about = "Faithfulness of explanations"

    model: str
    methods: tuple[str, ...]
    removals: tuple[str, ...]
    tokens: NDArray[np.int64]
    whole: Numbers
    removed: Numbers
    kept: Numbers
    best_removed: Numbers
    best_kept: Numbers
    bound_removed: Numbers
    bound_kept: Numbers
    log_odds: Numbers
    removed_log_odds: Numbers
    masked: Numbers
    exact: NDArray[np.bool_]
    tau: Numbers
    infidelity: Numbers
    max_sensitivity: Numbers
    convergence: Mapping[str, Convergence]
    seed: int
    labels: tuple[str, ...] = ()
    task: Task = "multiclass"
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def values(self, measure: str, method: str, removal: str = "delete") -> Numbers:
        """One measure of one method for each text.

        Args:
            measure: one of `measures.RANKED` or `measures.OTHERS`.
            method: one of `methods`; for a measure that has a best, also "best found" or "proved bound"; for the
                log-odds drop, "random masking".
            removal: how tokens are removed; infidelity and max-sensitivity do not depend on it.

        Returns:
            (N,) float64; NaN where it was not computed.

        Raises:
            ValueError: for a name that is none of these.
        """
        if measure in ("infidelity", "max_sensitivity"):
            values: Numbers = getattr(self, measure)[_place(method, self.methods, "method")]
            return values
        way = _place(removal, self.removals, "removal")
        if measure == "tau":
            values = self.tau[_place(method, self.methods, "method"), way]
            return values
        if measure not in RANKED:
            raise InputError(f"`measure` must be one of {', '.join([*RANKED, *OTHERS])}, got {measure!r}")
        if method in (BEST, BOUND, MASKED):
            return self._at_bins(measure, method, way)
        place = _place(method, self.methods, "method")
        if RANKED[measure].log_odds:
            removed = self.removed_log_odds[place, way]
            return RANKED[measure].of(self.log_odds[:, np.newaxis], removed, removed)
        return RANKED[measure].of(self.whole[:, np.newaxis], self.removed[place, way], self.kept[place, way])

    def estimate(self, measure: str, method: str, removal: str = "delete", over: str | None = None) -> Estimate:
        """The mean of `values`, or of their difference from those of the method `over`, with its 95 % interval.

        Args:
            measure: as `values` takes it.
            method: as `values` takes it.
            removal: as `values` takes it.
            over: a method to compare with; None for none.

        Raises:
            ValueError: as `values`.
        """
        values = self.values(measure, method, removal)
        if over is not None:
            values = values - self.values(measure, over, removal)
        return estimate(values, self.seed)

    def of_label(self, label: str) -> "Faithfulness":
        """The figures of the texts in which this label is followed.

        Args:
            label: one of `labels`.

        Raises:
            ValueError: for a label that no text is predicted to have.
        """
        rows = np.array([name == label for name in self.labels], dtype=bool)
        if not rows.any():
            raise InputError(
                f"no text measured is predicted to be {label!r}, but {', '.join(sorted(set(self.labels)))}"
            )
        first = {name: getattr(self, name)[rows] for name in ("tokens", "whole", "log_odds", "exact")}
        second = {name: getattr(self, name)[:, rows] for name in ("infidelity", "max_sensitivity", *_BY_WAY)}
        third = {name: getattr(self, name)[:, :, rows] for name in ("removed", "kept", "removed_log_odds", "tau")}
        notes = (*self.notes, f"only of {label!r}; the convergence is that of all labels")
        own = tuple(name for name in self.labels if name == label)
        return replace(self, **first, **second, **third, labels=own, notes=notes)

    def share_of_best(
        self, method: str, removal: str = "delete", measure: str = "comprehensiveness", *, exact: bool = False
    ) -> float | None:
        """The share of the best possible mean that a method reaches, on the texts that were searched.

        Args:
            method: as `values` takes it.
            removal: as `values` takes it.
            measure: comprehensiveness or the log-probability drop.
            exact: only on texts of at most 12 tokens, whose best is known and not only bounded.

        Returns:
            None if there is no such text, or the best is not above 0.

        Raises:
            ValueError: as `values`.
        """
        best, own = self.values(measure, BEST, removal), self.values(measure, method, removal)
        rows = ~np.isnan(best) & (self.exact if exact else True)
        if not rows.any() or best[rows].mean() <= 0:
            return None
        return float(own[rows].mean() / best[rows].mean())

    def bracket(self, measure: str = "comprehensiveness") -> tuple[float, float] | None:
        """The two numbers between which the mean of the best removal by PAD lies: the best found, and the proved bound.

        Args:
            measure: comprehensiveness, sufficiency or the log-probability drop.

        Returns:
            None if nothing is proved: for a network that is no text CNN, or without removal by PAD.

        Raises:
            ValueError: as `values`.
        """
        if "pad" not in self.removals:
            return None
        best, bound = (self.values(measure, name, "pad") for name in (BEST, BOUND))
        rows = ~np.isnan(bound)
        return (float(best[rows].mean()), float(bound[rows].mean())) if rows.any() else None

    def _at_bins(self, measure: str, name: str, way: int) -> Numbers:
        """The measure with the best found, or what is proved, at every bin; what is read off a whole curve has none."""
        known = name == MASKED if RANKED[measure].log_odds else name != MASKED and not measure.endswith("_area")
        if not known:
            return np.full(len(self.whole), np.nan)
        if name == MASKED:
            drop: Numbers = (self.log_odds[:, np.newaxis] - self.masked[way]).mean(1)
            return drop
        removed, kept = self.removed[0, way].copy(), self.kept[0, way].copy()
        best = (self.best_removed, self.best_kept) if name == BEST else (self.bound_removed, self.bound_kept)
        removed[:, AT_BINS], kept[:, AT_BINS] = best[0][way], best[1][way]
        return RANKED[measure].of(self.whole[:, np.newaxis], removed, kept)

    def to_frame(self) -> pd.DataFrame:
        """One row per measure, removal and method, with random scores, the best found and what is proved.

        Columns: measure, better ("higher" or "lower"), removal (None if it does not matter), method, mean, low and high
        (95 % interval), texts (their number), over_random with over_random_low and over_random_high (mean − random's,
        on the same texts), of_best (share of the best possible, or of its lower bound). Its `attrs` hold `convergence`.
        """
        rows = []
        for measure in (*RANKED, *OTHERS):
            free = measure in ("infidelity", "max_sensitivity")
            for removal in self.removals[:1] if free else self.removals:
                for method in (*self.methods, *(() if measure in OTHERS else (BEST, BOUND, MASKED))):
                    estimate = self.estimate(measure, method, removal)
                    if estimate.known:
                        rows.append(self._row(measure, None if free else removal, method, estimate))
        table = pd.DataFrame(rows)
        table.attrs["convergence"] = {name: convergence.to_json() for name, convergence in self.convergence.items()}
        return table

    def panels(self) -> tuple[Panel, ...]:
        """Tables with intervals, and the mean probability along each ranking as charts."""
        return panels(self)

    def answer(self) -> str:
        """How much more the answer rests on the words that the first method names than on random ones."""
        way, method = self.removals[0], next(name for name in self.methods if name != RANDOM)
        over = self.estimate("comprehensiveness", method, way, over=RANDOM)
        if not over.known:
            return f"Too few texts were tested to say whether explanations by {method} are faithful."
        verdict = "are faithful" if over.low > 0 else "were not shown to be faithful"
        return (
            f"Explanations by {method} {verdict}: without the words that they call important the answer’s probability "
            f"falls by {in_words(over, 2)} more than without random ones."
        )

    def summary(self) -> str:
        """Each method's comprehensiveness and sufficiency, what the best possible is, and how many converged."""
        way = self.removals[0]
        lines = [
            f"faithfulness to {self.model} on {number_of(len(self.whole), 'text')}, tokens taken away by {way!r}: "
            "higher "
            "comprehensiveness is better, and lower sufficiency"
        ]
        for method in self.methods:
            comprehensiveness, sufficiency = (
                self.estimate(name, method, way) for name in ("comprehensiveness", "sufficiency")
            )
            lines.append(
                f"{method}: comprehensiveness {in_words(comprehensiveness)}, sufficiency {in_words(sufficiency)}"
            )
            if method != RANDOM:
                above = self.estimate("comprehensiveness", method, way, over=RANDOM)
                lines[-1] += f"; comprehensiveness above that of random scores {in_words(above)}"
        bracket = self.bracket()
        best = (
            "" if bracket is None else f"best comprehensiveness by PAD {bracket[0]:.3f} to {bracket[1]:.3f}, proved; "
        )
        return "\n".join([*lines, f"{best}{by_method(self.convergence)}"])

    def _row(self, measure: str, removal: str | None, method: str, estimate: Estimate) -> dict[str, Any]:
        way = removal or self.removals[0]
        over = None if method in (RANDOM, BEST, BOUND, MASKED) else self.estimate(measure, method, way, over=RANDOM)
        shares = measure in ("comprehensiveness", "log_probability_drop") and method not in (BEST, BOUND)
        return {
            "measure": measure,
            "better": RANKED[measure].better if measure in RANKED else OTHERS[measure][1],
            "removal": removal,
            "method": method,
            **estimate.columns(over),
            "of_best": self.share_of_best(method, way, measure) if shares else None,
        }


def _place(name: str, names: Sequence[str], what: str) -> int:
    if name not in names:
        raise InputError(f"`{what}` must be one of {', '.join(names)}, got {name!r}")
    return list(names).index(name)
