"""Infidelity and max-sensitivity of a method's scores on single texts."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.sensitivity import infidelity, max_sensitivity
from attribkit.evaluation.faithfulness.ablation import finite_logits, left
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.evaluation.scores import Scores, token_scores
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, counted, silent
from attribkit.text.encoded import Encoded
from attribkit.text.text_pair import SECOND


def measure(
    model: Classifier,
    batch: EncodedBatch,
    followed: FollowedLabels,
    methods: Sequence[str],
    scores: Sequence[Scores],
    rows: NDArray[np.int64],
    seed: int,
    progress: Progress = silent,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Infidelity and max-sensitivity (M, N) of the texts `rows`, NaN elsewhere; of a label's log-odds.

    A network whose words pass through no embedding layer has no max-sensitivity: it cannot be asked about points that
    are no words.

    Args:
        model: the classifier.
        batch: N texts.
        followed: the label of each.
        methods: (M,) names.
        scores: of each method, each text's (T,).
        rows: the numbers of the texts to measure.
        seed: of the draws.
        progress: called as `attribkit.progress.Progress` says.
    """
    infidelities, sensitivities = np.full((2, len(methods), len(batch.texts)), np.nan)
    perturbed = _PerturbedModel(model) if model.capabilities.gradients else None
    for row in counted(rows.tolist(), progress, "perturbing texts"):
        encoded, label = batch.encoded[row], int(followed.labels[row])
        value = _gated(model.beside(batch.also and batch.also.rows([row])), encoded.ids, followed, row)
        for number, method in enumerate(methods):
            own = torch.from_numpy(scores[number][row].copy())
            infidelities[number, row] = infidelity(value, own, seed)
            if perturbed is None:
                continue
            explain = perturbed.explaining(batch.part(np.array([row])), method, label, seed)
            sensitivities[number, row] = max_sensitivity(explain, perturbed.embedded(encoded), seed)
    return infidelities, sensitivities


def _gated(model: Classifier, ids: NDArray[np.int64], followed: FollowedLabels, row: int) -> Callable[[Tensor], Tensor]:
    """Log-odds (N,) of a text's label for gates (N, T): 1 leaves a token, 0 replaces it by PAD."""

    def value(gates: Tensor) -> Tensor:
        variants = [left(ids, keep, "pad", model.tokenizer.pad_id) for keep in gates.numpy() > 0.5]
        logits = torch.from_numpy(finite_logits(model, variants))
        return followed.target(row, len(variants)).of(logits)

    return value


class _PerturbedModel:
    """A copy of the model whose embedding has rows of its own for the tokens of a perturbed text.

    So every method can explain points that are no words, through its own code.
    """

    def __init__(self, model: Classifier) -> None:
        self.model = model.copy()
        self.weight = model.network.embedding.weight.detach()

    def embedded(self, encoded: Encoded) -> Tensor:
        """(T, E)."""
        vectors: Tensor = self.weight[torch.from_numpy(encoded.ids % SECOND).to(self.weight.device)]
        return vectors

    def explaining(self, batch: EncodedBatch, method: str, label: int, seed: int) -> Callable[[Tensor], Tensor]:
        """A function of embedded versions (N, T, E) of the one text of `batch`: their scores (N, T)."""
        (original,) = batch.encoded

        def explain(points: Tensor) -> Tensor:
            count, length = points.shape[:2]
            embedding = self.model.network.embedding
            embedding.weight = torch.nn.Parameter(torch.cat((self.weight, points.flatten(0, 1))), requires_grad=False)
            marks = original.ids - original.ids % SECOND  # which say what is a pair's second text
            ids = len(self.weight) + np.arange(count * length).reshape(count, length) + marks
            encoded = tuple(replace(original, ids=row) for row in ids)
            logits = self.model.beside(batch.also).logits(list(ids))
            also = batch.also and batch.also.rows([0] * count)
            several = EncodedBatch(batch.texts * count, encoded, logits, also)
            explained = token_scores(self.model, several, method, target=label, seed=seed)
            return torch.from_numpy(np.array(explained.scores))

        return explain
