"""Where an attention network looked while it made its prediction, and beside it what moved that prediction.

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
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit import batches
from attribkit.classifier import Classifier
from attribkit.panels import Heatmap, HeatmapRow, TokenScores
from attribkit.text import Encoded
from attribkit.views.agreement import agree, in_words
from attribkit.views.attribution import Attribution
from attribkit.views.borrow import borrowed
from attribkit.views.reading import Reading
from attribkit.views.targets import TargetName

TITLE = "Where the network looked"
_OFF = 1e-4
"""Farther from 1 than the sum of a float32 softmax of thousands of tokens is."""


@dataclass(frozen=True)
class Attention:
    """Settings of the view; call it with a classifier and the texts it has read.

    Attributes:
        compare: whether integrated gradients and leave-one-out are set beside the attention, on the same tokens.
        target, output, tolerance, seed: of those two, as in `Attribution`; with several targets a panel for each.
        baseline: of the integrated gradients (of several the first); leave-one-out always replaces a token by PAD.
        batch_size: most texts at once; None chooses by length.
    """

    compare: bool = False
    target: TargetName | None = None
    output: str = "log_odds"
    baseline: str | Sequence[str] = "pad"
    tolerance: float = 1e-4
    batch_size: int | None = None
    seed: int = 0

    needs = "a network with attention, one that has `attend(ids, mask)`"

    def supports(self, classifier: Classifier) -> bool:
        """Whether the network can say where it looked."""
        return classifier.has_attention

    def __call__(self, classifier: Classifier, reading: Reading) -> list[list[Heatmap]]:
        """For each text a heatmap; with `compare`, one for each target. The model is given back as it was found.

        Raises: RuntimeError if the weights that the network gives are none: not (B, T), below 0, or not summing to 1.
        """
        weights: list[NDArray[np.float64]] = [np.empty(0)] * len(reading.texts)
        for rows, found in self._weights(classifier, reading):
            for row, one in zip(rows, found, strict=True):
                weights[row] = one
        if not self.compare:
            return [[_heatmap(one, row)] for one, row in zip(reading.encoded, weights, strict=True)]
        gradients, erasures = self._companions(classifier, reading)
        return [
            [_beside(one, row, *pair) for pair in zip(moved, lost, strict=True)]
            for one, row, moved, lost in zip(reading.encoded, weights, gradients, erasures, strict=True)
        ]

    def _weights(
        self, classifier: Classifier, reading: Reading
    ) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.float64]]]]:
        """Rows of texts and each one's weights (T,), from one forward pass of the network itself."""
        ids_of = [one.ids for one in reading.encoded]
        equal = getattr(classifier.network, "equal_lengths", False)
        with borrowed(classifier.network), torch.no_grad():
            for rows in batches.by_length([len(ids) for ids in ids_of], self.batch_size, equal=equal):
                ids, mask = classifier.batch([ids_of[row] for row in rows])
                _, weights = classifier.network.attend(ids, mask)
                _check(weights, mask)
                every = weights.double().cpu().numpy()
                yield rows, [every[place, : len(ids_of[row])] for place, row in enumerate(rows)]

    def _companions(
        self, classifier: Classifier, reading: Reading
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
            )(classifier, reading)
            for method, base in ((None, baseline), ("leave_one_out", "pad"))
        )
        return gradients, erasures


def _check(weights: torch.Tensor, mask: torch.Tensor) -> None:
    """Refuse what a network of the user's own may return in place of attention."""
    if weights.shape != mask.shape:
        raise RuntimeError(
            f"the network's `attend` must return weights of the mask's shape {tuple(mask.shape)}, got "
            f"{tuple(weights.shape)}; average its heads"
        )
    if bool((weights[~mask] != 0).any()):
        raise RuntimeError("the network's attention must be exactly 0 at padding, it is not; mask its softmax")
    sums, limit = weights.double().sum(1), max(_OFF, 8 * torch.finfo(weights.dtype).eps)
    if not bool(((sums - 1).abs() <= limit).all() and (weights >= 0).all()):
        worst = float(sums[(sums - 1).abs().argmax()])
        raise RuntimeError(
            f"each text's attention must be at least 0 and sum to 1, got a sum of {worst:g}; return its softmax"
        )


def _heatmap(
    one: Encoded,
    weights: NDArray[np.float64],
    others: Sequence[HeatmapRow] = (),
    title: str = TITLE,
    notes: Sequence[str] = (),
) -> Heatmap:
    rows = (HeatmapRow("attention", weights, "weight"), *others)
    return Heatmap(
        title=title,
        starts=one.starts,
        ends=one.ends,
        tokens=one.tokens,
        known=one.known,
        rows=rows,
        agreements=agree(rows),
        tokens_total=one.total,
        notes=tuple(notes),
    )


def _beside(one: Encoded, weights: NDArray[np.float64], moved: TokenScores, lost: TokenScores) -> Heatmap:
    """Attention over what moved one target."""
    others = (
        HeatmapRow("integrated gradients", moved.scores, moved.unit),
        HeatmapRow("leave-one-out", lost.scores, lost.unit),
    )
    title = f"{TITLE}, and what moved the {moved.unit} of {moved.target}"
    plain = _heatmap(one, weights, others)
    notes = [in_words(plain.agreements[0])]  # attention and integrated gradients
    if moved.converged is False:
        notes.append(f"integrated gradients {moved.verdict}")
    notes += moved.notes
    if moved.baseline != "pad":
        notes.append(f"integrated gradients start from the baseline {moved.baseline!r}, leave-one-out puts PAD")
    return _heatmap(one, weights, others, title, notes)
