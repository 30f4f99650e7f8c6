"""Measures that need an output for every single token: leave-one-out, and the search for the best removal."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.choice import why_not_exact
from attribkit.attribution.cnn.ablation import WindowAblation
from attribkit.evaluation.faithfulness import oracle
from attribkit.evaluation.faithfulness.ablation import AblatedText
from attribkit.evaluation.faithfulness.bounds import RemovalBounds
from attribkit.evaluation.faithfulness.curves import Curves
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.evaluation.faithfulness.measures import AT_BINS, BINS, counts_of
from attribkit.evaluation.scores import Scores
from attribkit.models import registry
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, counted, silent
from attribkit.rank_correlation import kendall

MOST = 50
"""Texts that are searched where each token takes a run of the network."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OracleSearch:
    """The best removals that were found; NaN for texts that were not searched.

    Attributes:
        removed: (R, N, 5) the smallest log p with so many tokens removed, in nats.
        kept: (R, N, 5) the largest log p with so many tokens kept, in nats.
        exact: (N,) whether all subsets of the text were tried.
        bound_removed: (R, N, 5) the proved lower bound of `removed`; NaN where nothing is proved.
        bound_kept: (R, N, 5) the proved upper bound of `kept`, likewise.
        masked: (R, N, 5) the mean log-odds with so many tokens masked at random; NaN likewise.
        tau: (M, R, N) Kendall's τ-b of signed scores with signed leave-one-out; NaN also if either is constant.
        texts: how many were searched.
    """

    removed: Numbers
    kept: Numbers
    exact: NDArray[np.bool_]
    bound_removed: Numbers
    bound_kept: Numbers
    masked: Numbers
    tau: Numbers
    texts: int

    @staticmethod
    def of(
        model: Classifier,
        batch: EncodedBatch,
        followed: FollowedLabels,
        scores: Sequence[Scores],
        curves: Curves,
        removals: Sequence[str],
        order: NDArray[np.int64],
        most: int | None,
        progress: Progress = silent,
    ) -> "OracleSearch":
        """Search the first `most` texts of an order (N,); None for all or, without a shortcut, for 50.

        Args:
            model: the classifier.
            batch: N texts.
            followed: the label of each.
            scores: of each of M methods, each text's (T,).
            curves: the outputs along the methods' rankings, which the search may only improve on.
            removals: "delete", "pad" or both.
            order: (N,) the texts' numbers.
            most: how many texts, from the first of the order.
            progress: called as `attribkit.progress.Progress` says.
        """
        fits = why_not_exact(model.network) is None
        windows = _windows(model, batch, int(order[0])) if fits else None
        rows = order[: (len(order) if windows else MOST) if most is None else most].tolist()
        removed, kept, bound_removed, bound_kept, masked = np.full((5, len(removals), len(order), len(BINS)), np.nan)
        # a network of ours keeps nothing from one run to the next, so that copies of it may run at once
        side_by_side = registry.is_builtin(model.network)
        tau, exact = np.full((len(scores), len(removals), len(order)), np.nan), np.zeros(len(order), dtype=bool)

        def search(row: int) -> None:
            own = (
                model.copy(share_weights=True) if side_by_side else model.beside(batch.also and batch.also.rows([row]))
            )
            ids, label = batch.encoded[row].ids, followed.rows(np.array([row]))
            counts, shortcut = counts_of(len(ids), BINS), _windows(model, batch, row) if fits else None
            exact[row] = len(ids) <= oracle.EXACT
            for number, way in enumerate(removals):
                text = AblatedText(own, ids, label, way, shortcut)
                lost = -text.each(np.ones((1, len(ids)), dtype=bool))[0]
                tau[:, number, row] = [kendall(method_scores[row], lost) for method_scores in scores]
                removed[number, row] = oracle.best_removed(text, counts)
                kept[number, row] = oracle.best_kept(text, counts)
                if shortcut is None or way != "pad":
                    continue
                bounds = RemovalBounds.of(own.network, ids, own.tokenizer.pad_id, label, counts)
                if bounds is not None:
                    bound_removed[number, row], bound_kept[number, row] = bounds.removed, bounds.kept
                    masked[number, row] = bounds.masked

        what = "seeking the best removal"
        if side_by_side:
            with _a_thread_per_text() as pool:
                for future in counted([pool.submit(search, row) for row in rows], progress, what):
                    future.result()
        else:
            for row in counted(rows, progress, what):
                search(row)
        # a method's own ranking that does better than the search is the better bound; NaN stays NaN
        removed = np.minimum(removed, curves.removed[0][..., AT_BINS].min(0))
        kept = np.maximum(kept, curves.kept[0][..., AT_BINS].max(0))
        texts = int((~np.isnan(removed[0, :, 0])).sum())
        return OracleSearch(removed, kept, exact, bound_removed, bound_kept, masked, tau, texts)


def _windows(model: Classifier, batch: EncodedBatch, row: int) -> WindowAblation | None:
    return WindowAblation.of(model.network, batch.encoded[row].ids, model.tokenizer.pad_id, batch.logits[row])


@contextmanager
def _a_thread_per_text() -> Iterator[ThreadPoolExecutor]:
    """As many texts at once as torch has threads, one thread each: their operations are too small for several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)
