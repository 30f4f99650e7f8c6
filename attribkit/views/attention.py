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

**In every layer.** A transformer's layers attend many times over, each place of the text to every other. What the place
that the head reads took from a word is then summed up in several ways, none of which is the truth: the mean of the
weights; their product through the layers (rollout); the lengths of the vectors that are taken rather than the weights
alone; and what a layer's output loses without a word's vectors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from attribkit.attribution.targets import TargetName
from attribkit.errors import NetworkError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.self_attention import AttentionStack, SelfAttention
from attribkit.models.state import preserve_state
from attribkit.progress import Progress, silent
from attribkit.results.panels import AttentionHeads, Heatmap, HeatmapRow, TokenScores
from attribkit.text import batching
from attribkit.text.encoded import Encoded
from attribkit.views.agreement import agree, in_words
from attribkit.views.attention_weights import checked_weights
from attribkit.views.attribution import Attribution
from attribkit.views.layers_of_attention import head_panels, meanings, word_measures

TITLE = "Where the network looked"
_APART = 1e-2
"""Farther from each other, of the largest logit, than two runs of one network are, TF32 in one of them."""

GRADIENTS = "integrated gradients"


@dataclass(frozen=True)
class _Seen:
    """The attention of one text as it is shown.

    Attributes:
        encoded: the words that have a share each.
        rows: the shares.
        heads: all heads of all layers, where the network has attention in its layers.
        notes: what a reader must know of them.
    """

    encoded: Encoded
    rows: tuple[HeatmapRow, ...]
    heads: tuple[AttentionHeads, ...] = ()
    notes: tuple[str, ...] = ()


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
        return classifier.capabilities.attention or classifier.capabilities.self_attention

    def __call__(self, classifier: Classifier, batch: EncodedBatch) -> list[list[Heatmap | AttentionHeads]]:
        """For each text a heatmap; with `compare`, one for each target. The model is left exactly as it was.

        A network with several heads has a row for each of them. One with attention in every layer, as transformers
        have, has a row for each way of summing the layers up, of which value zeroing takes as long as leave-one-out and
        so comes with `compare`; a panel of all heads of all layers follows, of a text in windows one for each window.

        Raises:
            RuntimeError: if the network's weights are not attention weights: neither (B, T) nor (B, heads, T) nor (B,
                layers, heads, T, T), not finite, below 0, or not summing to 1; if its logits with them differ from
                those without.
        """
        seen = self._seen(classifier, batch)
        if not self.compare:
            return [[_heatmap(each), *each.heads] for each in seen]
        gradients, erasures = self._companions(classifier, batch)
        return [
            [*(_beside(each, *pair) for pair in zip(moved, lost, strict=True)), *each.heads]
            for each, moved, lost in zip(seen, gradients, erasures, strict=True)
        ]

    def _seen(self, classifier: Classifier, batch: EncodedBatch) -> list[_Seen]:
        """What each text's attention is shown as, from one forward pass of the network itself."""
        seen: dict[int, _Seen] = {}
        with preserve_state(classifier.network), torch.no_grad():
            for rows, attentions in self._read(classifier, batch):
                seen |= {row: each for row, each in zip(rows, attentions, strict=True)}
                self.progress(len(seen), len(batch.texts), "attention")
        return [seen[row] for row in range(len(batch.texts))]

    def _read(self, classifier: Classifier, batch: EncodedBatch) -> Iterator[tuple[list[int], list[_Seen]]]:
        ids_of = [encoded.ids for encoded in batch.encoded]
        if classifier.capabilities.self_attention:
            for row, words in enumerate(ids_of):
                windows = self._windows(classifier, torch.from_numpy(words).to(classifier.device))
                logits = np.mean([attention.logits for attention in windows.values()], axis=0)
                _check_logits(logits[None], batch.logits[row : row + 1])
                yield [row], [_in_layers(windows, batch.encoded[row])]
            return
        equal = classifier.capabilities.equal_lengths
        for rows in batching.by_length([len(ids) for ids in ids_of], self.batch_size, equal=equal):
            ids, mask = classifier.batch([ids_of[row] for row in rows])
            logits, weights = classifier.network.attend(ids, mask)
            weights = checked_weights(weights, mask, rows).double().cpu().numpy()
            logits = logits.double().cpu().numpy()
            _check_logits(logits, batch.logits[rows])
            yield (
                rows.tolist(),
                [_shown(weights[place], logits[place], batch.encoded[row]) for place, row in enumerate(rows.tolist())],
            )

    def _windows(self, classifier: Classifier, ids: torch.Tensor) -> dict[int, SelfAttention]:
        """The attention of each window of a text's ids (T,), by its first token; mostly the text is one."""
        spans = classifier.capabilities.long_texts.spans(len(ids))
        network = classifier.network
        return {start: network.self_attention(ids[start:end], zeroing=self.compare) for start, end in spans}

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


def _check_logits(logits: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Refuse attention that was not the prediction's."""
    near = _APART * max(1.0, float(np.abs(expected).max()))
    if logits.shape != expected.shape or not np.allclose(logits, expected, rtol=0, atol=near, equal_nan=True):
        raise NetworkError(
            "the network's `attend` must return the logits that its forward pass returns, it returns others; let both "
            "compute the same"
        )


def _shown(weights: NDArray[np.float64], logits: NDArray[np.float64], encoded: Encoded) -> _Seen:
    """Of the weights (heads, T) or (layers, heads, T, T) of one text, padded."""
    length = len(encoded.ids)
    if weights.ndim == 4:
        stack = AttentionStack("", weights[:, :, :length, :length].astype(np.float32))
        everywhere = np.full(length, 1 / length)
        whole = SelfAttention(logits, ("",) * length, np.arange(length), everywhere, (stack,))
        return _in_layers({0: whole}, encoded)
    names = ["attention"] if len(weights) == 1 else [f"head {number}" for number in range(1, len(weights) + 1)]
    rows = (HeatmapRow(name, row[:length], "weight") for name, row in zip(names, weights, strict=True))
    return _Seen(encoded, tuple(rows))


def _in_layers(windows: Mapping[int, SelfAttention], encoded: Encoded) -> _Seen:
    rows = word_measures(windows, encoded)
    return _Seen(encoded.by_word(), rows, head_panels(windows, encoded), meanings(windows, rows))


def _heatmap(seen: _Seen, others: Sequence[HeatmapRow] = ()) -> Heatmap:
    encoded, rows = seen.encoded, (*seen.rows, *others)
    pairs = agree(rows)
    if others and seen.heads:  # ways of summing up the same weights, of which only what moved the prediction is news
        pairs = tuple(pair for pair in pairs if pair.second in {row.name for row in others})
    return Heatmap(
        title=TITLE,
        starts=encoded.starts,
        ends=encoded.ends,
        tokens=encoded.tokens,
        known=encoded.known,
        rows=rows,
        agreements=pairs,
        tokens_total=encoded.total,
        notes=seen.notes,
    )


def _beside(seen: _Seen, moved: TokenScores, lost: TokenScores) -> Heatmap:
    """Attention over what moved one target."""
    others = (
        HeatmapRow(GRADIENTS, moved.scores, moved.unit),
        HeatmapRow("leave-one-out", lost.scores, lost.unit),
    )
    title = f"{TITLE}, and what moved the {moved.unit} of {moved.target}"
    plain = _heatmap(seen, others)
    notes = [in_words(pair) for pair in plain.agreements if pair.second == GRADIENTS]  # of attention, or of each head
    if moved.converged is False:
        notes.append(f"{GRADIENTS} {moved.verdict}")
    notes += moved.notes
    if moved.baseline != lost.baseline:
        notes.append(
            f"{GRADIENTS} start from the baseline {moved.baseline!r}, leave-one-out puts {lost.baseline.upper()}"
        )
    return replace(plain, title=title, notes=(*notes, *seen.notes))
