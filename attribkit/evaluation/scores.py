"""The scores of a method, by its name, for many texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.choice import choose
from attribkit.attribution.label_index import Index
from attribkit.attribution.registry import METHODS
from attribkit.errors import InputError, did_you_mean
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.feeding import gradient_fault
from attribkit.progress import Progress, silent
from attribkit.results.panels import Convergence, Heatmap
from attribkit.views.attention import Attention
from attribkit.views.attribution import Attribution

ATTENTION, RANDOM = "attention", "random"
Scores = list[NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class MethodScores:
    """A method's scores on N texts.

    Attributes:
        scores: each text's (T,).
        converged: (N,) whether they converged; None without completeness.
        errors: (N,) relative completeness errors; NaN for a method that does not promise completeness.
    """

    scores: Scores
    converged: tuple[bool | None, ...]
    errors: NDArray[np.float64]

    @property
    def convergence(self) -> Convergence:
        """How many of the texts' scores converged."""
        return Convergence.counted(zip(self.converged, self.errors.tolist(), strict=True))


def default_methods(model: Classifier) -> tuple[str, ...]:
    """The network's best integrated gradients, two gradients, and attention if it has any."""
    attention = (ATTENTION,) if model.capabilities.attention else ()
    gradients = () if gradient_fault(model.network) is not None else ("input_x_gradient", "saliency")
    return (choose(None, model.network), *gradients, *attention)


def check_methods(model: Classifier, methods: Sequence[str] | str | None) -> tuple[str, ...]:
    """The methods' names without "random", which is always measured too.

    Raises:
        ValueError: for a name that is unknown or that this model does not allow.
    """
    if methods is None:
        return default_methods(model)
    names = [methods] if isinstance(methods, str) else list(dict.fromkeys(methods))
    known = (*METHODS, ATTENTION)
    for name in names:
        if name not in known:
            raise InputError(f"`methods` must be among {', '.join(known)}, got {name!r}{did_you_mean(name, known)}")
        if name == ATTENTION and not model.capabilities.attention:
            raise model.capabilities.refusal("method 'attention'", "attention", f"take {choose(None, model.network)!r}")
        if name in METHODS:
            choose(name, model.network)
    names = [name for name in names if name != RANDOM]
    if not names:
        raise InputError("`methods` must name at least one method besides the random reference, got none")
    return tuple(names)


def token_scores(
    model: Classifier,
    batch: EncodedBatch,
    method: str,
    *,
    target: int | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    tolerance: float = 1e-4,
    progress: Progress = silent,
) -> MethodScores:
    """Each text's scores for a class: the predicted one, or `target`; attention has the same for every class.

    Args:
        model: any classifier.
        batch: N texts.
        method: a name as `explain(method=…)` takes it, "attention" or "random".
        target: the number of a class; None for each text's predicted one.
        seed: of the methods that are sampled.
        batch_size: the most texts at once; None chooses by their length.
        tolerance: the largest relative completeness error that counts as converged.
        progress: called as `attribkit.progress.Progress` says.
    """
    if method == ATTENTION:
        looked = Attention(batch_size=batch_size, progress=progress)(model, batch)
        heatmaps = [panel for panels in looked for panel in panels if isinstance(panel, Heatmap)]
        # of heads in layers the first row is their mean; one layer's heads have a row each
        rows = [panel.rows[: 1 if len(panels) > 1 else None] for panel, panels in zip(heatmaps, looked, strict=True)]
        scores = [np.mean([row.values for row in each], axis=0) for each in rows]
        return MethodScores(scores, (None,) * len(scores), np.full(len(scores), np.nan))
    view = Attribution(
        method=method,
        target=None if target is None else Index(target),
        seed=seed,
        batch_size=batch_size,
        tolerance=tolerance,
        details=False,
        progress=progress,
    )
    panels = [panel for (panel,) in view(model, batch)]
    return MethodScores(
        [panel.model_scores for panel in panels],
        tuple(panel.converged for panel in panels),
        np.array([panel.relative_error for panel in panels]),
    )


def scores_for(
    model: Classifier,
    batch: EncodedBatch,
    targets: NDArray[np.int64],
    method: str,
    *,
    seed: int = 0,
    batch_size: int | None = None,
    tolerance: float = 1e-4,
) -> MethodScores:
    """Each text's scores for its own class of `targets` (N,), whatever the model predicts.

    Args:
        model: any classifier.
        batch: N texts.
        targets: (N,) int64, the number of each text's class.
        method: as `token_scores` takes it.
        seed: of the methods that are sampled.
        batch_size: the most texts at once; None chooses by their length.
        tolerance: the largest relative completeness error that counts as converged.
    """
    of_texts: Scores = [np.zeros(0)] * len(batch.texts)
    converged: list[bool | None] = [None] * len(batch.texts)
    errors = np.full(len(batch.texts), np.nan)
    for target in np.unique(targets).tolist():
        rows = np.flatnonzero(targets == target)
        scored = token_scores(
            model, batch.part(rows), method, target=target, seed=seed, batch_size=batch_size, tolerance=tolerance
        )
        errors[rows] = scored.errors
        for row, scores, verdict in zip(rows, scored.scores, scored.converged, strict=True):
            of_texts[row], converged[row] = scores, verdict
    return MethodScores(of_texts, tuple(converged), errors)
