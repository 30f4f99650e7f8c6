"""The view of attention: the weights of each text and, to compare, what moved the prediction.

**Which attention this is.** *Soft* and *global*: every real token gets a weight, the weights are a softmax over the
whole text, and the prediction is made from the weighted mean of all steps. (Bahdanau, Cho & Bengio, ICLR 2015, brought
it to translation; Luong, Pham & Manning, EMNLP 2015, named it global; Yang et al., NAACL 2016, replaced the decoder's
query by one learned vector, which is the form a text classifier uses.) It is not *hard* attention, which picks one step
by chance and is trained by sampling (Xu et al., ICML 2015); not *local*, which looks at a window around one place
(Luong et al.); and not *self*-attention, where every token looks at every other one, so that there is a matrix instead
of a row (Vaswani et al., NeurIPS 2017).

**What it can be read as.** As what it is: the share of each step's vector in the mean that the last layers see. It is
no measure of what a *word* did. A recurrent step has already read its neighbours, so weight on a step is not weight on
its token; a weight has no sign, so it cannot tell for from against; and other weights could often have given the same
answer. Jain & Wallace ("Attention is not Explanation", NAACL 2019) find it weakly correlated with gradients and
leave-one-out, and replaceable; Serrano & Smith ("Is Attention Interpretable?", ACL 2019) find that leaving out the
highest weights often changes nothing; Wiegreffe & Pinter ("Attention is not not Explanation", EMNLP 2019) answer
that replaceable is not meaningless: whether it explains depends on the task and on what is asked of an explanation.
Hence `compare`, which measures it for the text at hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.targets import TargetName
from attribkit.errors import NetworkError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.state import preserve_state
from attribkit.progress import Progress, silent
from attribkit.results.panels import Heatmap, HeatmapRow, TokenScores
from attribkit.text import batching
from attribkit.text.encoded import Encoded
from attribkit.views.agreement import agree, in_words
from attribkit.views.attribution import Attribution

TITLE = "Where the network looked"
_OFF = 1e-4
"""Farther from 1 than the sum of a float32 softmax of thousands of tokens is."""

_APART = 1e-2
"""Farther from each other, of the largest logit, than two runs of one network are, TF32 in one of them."""

GRADIENTS = "integrated gradients"


@dataclass(frozen=True)
class Attention:
    """The attention weights of each text. Call it with a classifier and the texts it has read.

    Attributes:
        compare: whether integrated gradients and leave-one-out are shown beside the attention, on the same tokens.
        target: of those two, as in `Attribution`; with several a panel for each.
        output: of those two, as in `Attribution`.
        tolerance: of those two, as in `Attribution`.
        seed: of those two, as in `Attribution`.
        baseline: of the integrated gradients (of several the first); leave-one-out always replaces a token by PAD.
        batch_size: the most texts at once; None chooses by their length.
        progress: is called with the number of texts that are done.
    """

    compare: bool = False
    target: TargetName | None = None
    output: str | None = None
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0
    progress: Progress = field(default=silent, repr=False, compare=False)

    needs = "a network with attention, one that has `attend(ids, mask)`"

    def supports(self, classifier: Classifier) -> bool:
        """Whether the network has attention weights."""
        return classifier.capabilities.attention

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> list[list[Heatmap]]:
        """For each text a heatmap; with `compare`, one for each target. The model is left exactly as it was.

        A network with several heads has a row for each of them.

        Raises:
            RuntimeError: if the network's weights are not attention weights: neither (B, T) nor (B, heads, T), not
                finite, below 0, or not summing to 1; if its logits with them differ from those without.
        """
        weights: list[NDArray[np.float64]] = [np.empty((0, 0))] * len(batch.texts)
        done = 0
        for rows, of_rows in self._weights(classifier, batch):
            done += len(rows)
            self.progress(done, len(batch.texts), "attention")
            for row, weights_of_text in zip(rows, of_rows, strict=True):
                weights[row] = weights_of_text
        if not self.compare:
            return [[_heatmap(encoded, row)] for encoded, row in zip(batch.encoded, weights, strict=True)]
        gradients, erasures = self._companions(classifier, batch)
        return [
            [_beside(encoded, row, *pair) for pair in zip(moved, lost, strict=True)]
            for encoded, row, moved, lost in zip(batch.encoded, weights, gradients, erasures, strict=True)
        ]

    def _weights(
        self, classifier: Classifier, batch: EncodedBatch
    ) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.float64]]]]:
        """Rows of texts and each one's weights (heads, T), from one forward pass of the network itself."""
        ids_of = [encoded.ids for encoded in batch.encoded]
        equal = classifier.capabilities.equal_lengths
        with preserve_state(classifier.network), torch.no_grad():
            for rows in batching.by_length([len(ids) for ids in ids_of], self.batch_size, equal=equal):
                ids, mask = classifier.batch([ids_of[row] for row in rows])
                logits, weights = classifier.network.attend(ids, mask)
                checked = _checked(weights, mask, rows).double().cpu().numpy()
                _check_logits(logits.double().cpu().numpy(), batch.logits[rows])
                yield rows, [checked[place, :, : len(ids_of[row])] for place, row in enumerate(rows)]

    def _companions(
        self, classifier: Classifier, batch: EncodedBatch
    ) -> tuple[list[list[TokenScores]], list[list[TokenScores]]]:
        """Each text's integrated gradients and leave-one-out, a panel for each target."""
        baseline = self.baseline if isinstance(self.baseline, str) else self.baseline[0]
        gradients, erasures = (
            Attribution(
                target=self.target,
                output=self.output,
                method=method,
                baseline=base,
                tolerance=self.tolerance,
                batch_size=self.batch_size,
                seed=self.seed,
                details=False,
                progress=self.progress,
            )(classifier, batch)
            for method, base in ((None, baseline), ("leave_one_out", "pad"))
        )
        return gradients, erasures


def _checked(weights: torch.Tensor, mask: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
    """Weights (B, heads, T) of the texts `rows`; refuses what a user's own network may return in their place."""
    texts, tokens = mask.shape
    if weights.ndim not in (2, 3) or (weights.shape[0], weights.shape[-1]) != (texts, tokens):
        raise NetworkError(
            f"the network's `attend` must return weights of the mask's shape ({texts}, {tokens}), or of ({texts}, "
            f"heads, {tokens}), got {tuple(weights.shape)}; return a row for each text, or for each of its heads"
        )
    weights = weights.unsqueeze(1) if weights.ndim == 2 else weights
    wrong = ~weights.isfinite().flatten(1).all(1).cpu().numpy()
    if wrong.any():
        raise NetworkError(
            f"the attention of text {rows[wrong].min()} is not finite; check the model's weights for NaN"
        )
    if bool((weights.transpose(1, 2)[~mask] != 0).any()):
        raise NetworkError("the network's attention must be exactly 0 at padding, it is not; mask its softmax")
    sums, limit = weights.double().sum(2), max(_OFF, 8 * torch.finfo(weights.dtype).eps)
    if not bool(((sums - 1).abs() <= limit).all() and (weights >= 0).all()):
        worst = float(sums.flatten()[(sums - 1).abs().argmax()])
        raise NetworkError(
            f"each text's attention must be at least 0 and sum to 1, got a sum of {worst:g}; return its softmax"
        )
    return weights


def _check_logits(logits: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Refuse attention that was not the prediction's."""
    near = _APART * max(1.0, float(np.abs(expected).max()))
    if logits.shape != expected.shape or not np.allclose(logits, expected, rtol=0, atol=near, equal_nan=True):
        raise NetworkError(
            "the network's `attend` must return the logits that its forward pass returns, it returns others; let both "
            "compute the same"
        )


def _heatmap(
    encoded: Encoded,
    weights: NDArray[np.float64],
    others: Sequence[HeatmapRow] = (),
) -> Heatmap:
    names = ["attention"] if len(weights) == 1 else [f"head {number}" for number in range(1, len(weights) + 1)]
    rows = (*(HeatmapRow(name, row, "weight") for name, row in zip(names, weights, strict=True)), *others)
    return Heatmap(
        title=TITLE,
        starts=encoded.starts,
        ends=encoded.ends,
        tokens=encoded.tokens,
        known=encoded.known,
        rows=rows,
        agreements=agree(rows),
        tokens_total=encoded.total,
    )


def _beside(encoded: Encoded, weights: NDArray[np.float64], moved: TokenScores, lost: TokenScores) -> Heatmap:
    """Attention over what moved one target."""
    others = (
        HeatmapRow(GRADIENTS, moved.scores, moved.unit),
        HeatmapRow("leave-one-out", lost.scores, lost.unit),
    )
    title = f"{TITLE}, and what moved the {moved.unit} of {moved.target}"
    plain = _heatmap(encoded, weights, others)
    notes = [in_words(pair) for pair in plain.agreements if pair.second == GRADIENTS]  # of attention, or of each head
    if moved.converged is False:
        notes.append(f"{GRADIENTS} {moved.verdict}")
    notes += moved.notes
    if moved.baseline != "pad":
        notes.append(f"{GRADIENTS} start from the baseline {moved.baseline!r}, leave-one-out puts PAD")
    return replace(plain, title=title, notes=tuple(notes))
