"""Whether scores tell what the model does: take away what they call important and watch the prediction.

Every figure stands between two references computed on the same texts: random scores, and the best removal that could be
found. `measures` says what each figure is; `removal` what taking away means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.intake import Rows
from attribkit.data.readable import Skipped
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.evaluation.faithfulness import stability
from attribkit.evaluation.faithfulness.ablation import REMOVALS, check_removals
from attribkit.evaluation.faithfulness.curves import Curves
from attribkit.evaluation.faithfulness.measures import AT_BINS, OTHERS, RANKED
from attribkit.evaluation.faithfulness.panels import BEST, panels
from attribkit.evaluation.faithfulness.search import OracleSearch
from attribkit.evaluation.readable import Readable
from attribkit.evaluation.scores import RANDOM, check_methods, token_scores
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, counted, shown
from attribkit.results.panels import Convergence, Panel
from attribkit.results.panels.convergence import by_method
from attribkit.results.result import Result

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Faithfulness(Result):
    """How faithful M methods are on N texts, the last method being the random reference.

    Attributes:
        model: its name.
        methods: (M,) their names; the last is "random".
        removals: (R,) how tokens were taken away.
        tokens: (N,) how many tokens each text has.
        whole: (N,) log p of the predicted class.
        removed, kept: (M, R, N, 13) the same with the top share (`measures.PERCENTS`) of the tokens removed, and with
            it alone kept.
        best_removed, best_kept: (R, N, 5) the smallest and the largest of those that were found at `measures.BINS`, by
            any ranking; NaN for texts that were not searched.
        exact: (N,) whether all subsets were tried; otherwise the best found is only a lower bound of the best.
        tau: (M, R, N) Kendall's τ-b of the scores with leave-one-out, NaN where not taken or nothing is ranked.
        infidelity, max_sensitivity: (M, N), NaN where not taken.
        convergence: of each method by its name, how many of the texts' scores converged.
        seed: of the draws.
        notes: sentences a reader must know.
        skipped: the rows left out.
    """

    model: str
    methods: tuple[str, ...]
    removals: tuple[str, ...]
    tokens: NDArray[np.int64]
    whole: Numbers
    removed: Numbers
    kept: Numbers
    best_removed: Numbers
    best_kept: Numbers
    exact: NDArray[np.bool_]
    tau: Numbers
    infidelity: Numbers
    max_sensitivity: Numbers
    convergence: Mapping[str, Convergence]
    seed: int
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def values(self, measure: str, method: str, removal: str = "delete") -> Numbers:
        """(N,) one measure of one method for each text; NaN where it was not taken.

        Args:
            measure: one of `measures.RANKED` or `measures.OTHERS`.
            method: one of `methods`, or "best possible" where the measure has a best.
            removal: how tokens are taken away; infidelity and max-sensitivity do not depend on it.

        Raises:
            ValueError: for a name that is none of these.
        """
        way = _place(removal, self.removals, "removal")
        if measure in OTHERS:
            values: Numbers = getattr(self, measure)[_place(method, self.methods, "method")]
            return values[way] if measure == "tau" else values
        if measure not in RANKED:
            raise InputError(f"`measure` must be one of {', '.join([*RANKED, *OTHERS])}, got {measure!r}")
        if method == BEST:
            return self._best(measure, way)
        place = _place(method, self.methods, "method")
        return RANKED[measure].of(self.whole[:, np.newaxis], self.removed[place, way], self.kept[place, way])

    def estimate(self, measure: str, method: str, removal: str = "delete", over: str | None = None) -> Estimate:
        """The mean of `values`, or of their difference from those of the method `over`, with its 95 % interval."""
        values = self.values(measure, method, removal)
        if over is not None:
            values = values - self.values(measure, over, removal)
        return estimate(values, self.seed)

    def share_of_best(
        self, method: str, removal: str = "delete", measure: str = "comprehensiveness", *, exact: bool = False
    ) -> float | None:
        """What share of the best possible mean a method reaches, on the texts that were searched.

        Args:
            method, removal: as `values`.
            measure: comprehensiveness or the log-probability drop.
            exact: only on texts of at most 12 tokens, where the best is known and not only bounded.

        Returns:
            None if there is no such text, or the best is not above 0.
        """
        best, own = self.values(measure, BEST, removal), self.values(measure, method, removal)
        rows = ~np.isnan(best) & (self.exact if exact else True)
        if not rows.any() or best[rows].mean() <= 0:
            return None
        return float(own[rows].mean() / best[rows].mean())

    def _best(self, measure: str, way: int) -> Numbers:
        """The measure with the best found at every bin; what is read off a whole curve has none."""
        if measure.endswith("_area"):
            return np.full(len(self.whole), np.nan)
        removed, kept = self.removed[0, way].copy(), self.kept[0, way].copy()
        removed[:, AT_BINS], kept[:, AT_BINS] = self.best_removed[way], self.best_kept[way]
        return RANKED[measure].of(self.whole[:, np.newaxis], removed, kept)

    def to_frame(self) -> pd.DataFrame:
        """One row per measure, removal and method, random and best possible included.

        Columns: measure, better ("higher" or "lower"), removal (None where it plays no part), method, mean, low and
        high (95 % interval), texts (how many it was taken on), over_random with over_random_low and over_random_high
        (mean − random's, on the same texts), of_best (share of the best possible, or of its lower bound). Its `attrs`
        hold `convergence`.
        """
        rows = []
        for measure in (*RANKED, *OTHERS):
            free = measure in ("infidelity", "max_sensitivity")
            for removal in self.removals[:1] if free else self.removals:
                for method in (*self.methods, *(() if measure in OTHERS else (BEST,))):
                    estimate = self.estimate(measure, method, removal)
                    if estimate.known:
                        rows.append(self._row(measure, None if free else removal, method, estimate))
        table = pd.DataFrame(rows)
        table.attrs["convergence"] = {name: convergence.to_json() for name, convergence in self.convergence.items()}
        return table

    def panels(self) -> tuple[Panel, ...]:
        """Tables with intervals, and the mean probability along each ranking as charts."""
        return panels(self)

    def summary(self) -> str:
        """What was measured, on how many texts, and how many explanations converged."""
        return f"Faithfulness({self.model}, {len(self.whole):,} texts; {by_method(self.convergence)})"

    def _row(self, measure: str, removal: str | None, method: str, estimate: Estimate) -> dict[str, Any]:
        way = removal or self.removals[0]
        over = None if method in (RANDOM, BEST) else self.estimate(measure, method, way, over=RANDOM)
        shares = measure in ("comprehensiveness", "log_probability_drop") and method != BEST
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


def faithfulness(
    model: Classifier,
    data: Data,
    methods: Sequence[str] | str | None = None,
    *,
    removals: Sequence[str] | str = REMOVALS,
    oracle_texts: int | None = None,
    perturbed: int = 20,
    seed: int = 0,
    batch_size: int | None = None,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    progress: bool | Progress | None = None,
) -> Faithfulness:
    """Measure how faithful methods are to a model on some texts; the model is left exactly as it was.

    The class is each text's predicted one. Texts that cannot be read are counted and listed, not refused.

    Args:
        model: any classifier.
        data: N texts, as `attribkit.project` takes them; some hundreds give narrow intervals.
        methods: names as `explain(method=…)` takes them, and "attention"; None for the model's integrated gradients,
            two gradients, and attention where there is any. Random scores always come with them.
        removals: "delete", "pad" or both: how a token is taken away.
        oracle_texts: for how many texts leave-one-out and the best removal are sought, drawn by the seed; None for all
            where a shortcut makes that cheap (a text CNN), else for 50.
        perturbed: for how many texts infidelity and max-sensitivity are taken, drawn by the seed; they cost most. 0
            leaves them out.
        seed: of the random reference, the draws and the intervals.
        batch_size: most texts in a batch.
        split: of a table, data set or file, "train", "validation", "test", or "all" for every row; None for the test
            split, or all rows, without those that the model was trained on.
        text, label: the columns of a table or file; guessed from their names if not given.
        progress: a function of what is done, the total and what is being done; True for a bar, False for none; None
            for a bar on a terminal and in a notebook.

    Raises:
        TypeError: for data of the wrong kind.
        ValueError: for a method or removal that is none or does not fit the model; if no text can be read.

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
        >>> result = ak.faithfulness(model, reviews, "saliency", oracle_texts=2, perturbed=0)
        >>> result.methods
        ('saliency', 'random')
    """
    names, ways = (*check_methods(model, methods), RANDOM), check_removals(removals)
    measured = Rows.of(model, data, split=split, text=text, label=label)
    readable = Readable.of(model, measured.texts, batch_size, measured.numbers)
    batch = readable.batch
    order = np.random.default_rng(seed).permutation(len(batch.texts))
    with shown(progress) as tell:
        scored = {
            name: token_scores(model, batch, name, seed=seed, batch_size=batch_size)
            for name in counted(names, tell, "scoring")
        }
        scores = [of_method.scores for of_method in scored.values()]
        curves = Curves.of(model, batch, scores, ways, batch_size, tell)
        search = OracleSearch.of(model, batch, scores, curves, ways, order, oracle_texts, tell)
        some = np.sort(order[:perturbed])
        infidelity, sensitivity = stability.measure(model, batch, names, scores, some, seed, tell)
    notes = [*readable.notes, *measured.notes]
    if search.texts < len(order):
        notes.append(
            f"leave-one-out and the best removal were sought for {search.texts:,} of the texts, drawn with seed {seed}"
        )
    if perturbed and perturbed < len(order):
        notes.append(f"infidelity and max-sensitivity were taken on {perturbed:,} of the texts, drawn with seed {seed}")
    return Faithfulness(
        model=model.name,
        methods=names,
        removals=ways,
        tokens=np.array([len(encoded.ids) for encoded in batch.encoded]),
        whole=curves.whole,
        removed=curves.removed,
        kept=curves.kept,
        best_removed=search.removed,
        best_kept=search.kept,
        exact=search.exact,
        tau=search.tau,
        infidelity=infidelity,
        max_sensitivity=sensitivity,
        convergence={name: of_method.convergence for name, of_method in scored.items()},
        seed=seed,
        notes=tuple(notes),
        skipped=readable.skipped,
    )
