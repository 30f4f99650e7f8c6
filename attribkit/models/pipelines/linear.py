"""What each token adds to the decision values of a linear model of n-grams, in closed form.

A linear model's decision value for a text is z = b + Σ_j w_j x_j: features x_j, one for each n-gram that the
vectorizers count, weights w_j and an intercept b. So the n-gram j adds w_j x_j to it, and each of its n_j occurrences
w_j x_j / n_j, which its words share equally (the characters of an n-gram of characters likewise, those that lie in
words). A token's score is the sum of its shares, and all scores of a text sum to z − b, which is the model's answer
less its answer to the empty text.

**What is held fixed.** z is linear in the features as the classifier reads them. Those are the counts times inverse
document frequencies *divided by the norm of the text at hand*, and, with `sublinear_tf`, of a logarithm of the count. A
score is the word's part in the answer to this text, with this text's norm. It is not how the answer would change
without the word: then the norm would change too, and with it what every other word adds; the method "leave_one_out"
tells that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attribkit.models.pipelines.calibrated import parts_of
from attribkit.models.pipelines.features import Counted, Features
from attribkit.models.pipelines.occurrences import Block, NgramReader, TextNgrams
from attribkit.text.encoded import Encoded

_MOST_KEPT = 2**24  # numbers about the texts that were read last
_ROUNDING = 1e-9
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contributions:
    """What the tokens of N texts add to D decision values.

    Attributes:
        of_texts: for each text (T, D).
        intercepts: (D,) the decision values of the empty text.
        hidden: for each text why it is not known, as a clause; None if it is.
        rounding: how far from the pipeline's own decision values they may end, relative to those.
    """

    of_texts: tuple[Numbers, ...]
    intercepts: Numbers
    hidden: tuple[str | None, ...]
    rounding: float


class LinearForm:
    """The n-grams of a pipeline with a linear model behind them.

    Args:
        features: the steps up to the classifier.
        classifier: the fitted linear model, whose weights are read whenever they are needed.
    """

    def __init__(self, features: Features, classifier: Any) -> None:
        self.features, self.classifier = features, classifier
        self.read = NgramReader([branch.vectorizer for branch in features.branches])
        self._kept: dict[str, TextNgrams] = {}

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's tokens."""
        return [ngrams.encoded for ngrams in self.ngrams(texts)]

    def ngrams(self, texts: Sequence[str]) -> list[TextNgrams]:
        """Each text's n-grams; those of the last texts are kept from one call to the next."""
        known = {text: ngrams for text in texts if (ngrams := self._kept.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            fresh = dict(zip(new, self.read(new), strict=True))
            known |= fresh
            if sum(map(_size, fresh.values())) + sum(map(_size, self._kept.copy().values())) > _MOST_KEPT:
                self._kept.clear()
            self._kept.update(fresh)
        return [known[text] for text in texts]

    def contributions(self, texts: Sequence[str]) -> Contributions:
        """What each token of N texts adds to the decision values."""
        weights, intercepts = weights_of(self.classifier)
        ngrams = self.ngrams(texts)
        shown = [number for number, of_text in enumerate(ngrams) if of_text.hidden is None]
        of_texts = [np.zeros((len(of_text.encoded.starts), len(weights))) for of_text in ngrams]
        if shown:
            bounds = np.cumsum([0, *(len(of_texts[number]) for number in shown)])
            flat = self._of_tokens([ngrams[number] for number in shown], bounds, weights)
            for place, number in enumerate(shown):
                of_texts[number] = flat[bounds[place] : bounds[place + 1]]
        kept = [weights.dtype, *(np.dtype(branch.vectorizer.dtype) for branch in self.features.branches)]
        rounding = max(_ROUNDING, *(64 * float(np.finfo(kind).eps) for kind in kept if kind.kind == "f"))
        return Contributions(tuple(of_texts), intercepts, tuple(of_text.hidden for of_text in ngrams), rounding)

    def _of_tokens(self, ngrams: Sequence[TextNgrams], bounds: NDArray[np.int64], weights: Numbers) -> Numbers:
        """(Σ T, D) of texts whose tokens begin at `bounds`."""
        several = [
            _Occurrences.of([of_text.blocks[place] for of_text in ngrams], bounds)
            for place in range(len(self.features.branches))
        ]
        counted = [
            Counted.of(each.rows, each.columns, each.signs, (len(ngrams), branch.width))
            for each, branch in zip(several, self.features.branches, strict=True)
        ]
        features = self.features.of_counts(counted)
        counts = np.concatenate([counts.data for counts, _ in counted])
        worth = np.zeros((len(weights), len(counts)))  # 0 where a step drops the feature
        worth[:, features.numbers.data - 1] = features.values.data * weights[:, features.values.indices]
        np.divide(worth, counts, out=worth, where=counts != 0)
        tokens = np.zeros((bounds[-1], len(weights)))
        before = 0
        for each, (own, entries) in zip(several, counted, strict=True):
            each.add(tokens, worth[:, entries + before])
            before += own.nnz
        return tokens


class _Occurrences(NamedTuple):
    """All occurrences of one vectorizer's n-grams in several texts: the columns of their `Block`s, one behind another.

    Attributes:
        rows: (K,) the text of each.
        columns: (K,) its feature.
        signs: (K,) or None, as in a block.
        firsts: (K,) its first unit, of those of all blocks.
        lasts: (K,) its last.
        tokens: (U,) the token that each unit lies in, of those of all texts.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    signs: NDArray[np.int64] | None
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    tokens: NDArray[np.int64]

    @staticmethod
    def of(blocks: Sequence[Sequence[Block]], bounds: NDArray[np.int64]) -> "_Occurrences":
        """Of texts whose tokens begin at `bounds`."""
        every = [block for of_text in blocks for block in of_text]
        text = np.repeat(np.arange(len(blocks)), [len(of_text) for of_text in blocks])
        lengths = [len(block.columns) for block in every]
        units = np.repeat(np.cumsum([0, *(len(block.tokens) for block in every)])[:-1], lengths)
        columns, firsts, lasts = (
            np.concatenate(each) for each in zip(*((b.columns, b.firsts, b.lasts) for b in every), strict=True)
        )
        tokens = [block.tokens + start for block, start in zip(every, bounds[text].tolist(), strict=True)]
        signs = [block.signs for block in every if block.signs is not None]
        return _Occurrences(
            np.repeat(text, lengths),
            columns,
            np.concatenate(signs) if signs else None,
            firsts + units,
            lasts + units,
            np.concatenate(tokens),
        )

    def add(self, tokens: Numbers, worth: Numbers) -> None:
        """Add to tokens (Σ T, D) what each occurrence is worth (D, K), shared by its units."""
        extents = self.lasts - self.firsts
        worth = worth / (extents + 1)
        if self.signs is not None:
            worth *= self.signs
        for step in range(int(extents.max(initial=-1)) + 1):
            own = np.flatnonzero(extents >= step)
            token_of = self.tokens[self.firsts[own] + step]
            for place, shares in enumerate(worth):
                tokens[:, place] += np.bincount(token_of, shares[own], len(tokens))


def _size(ngrams: TextNgrams) -> int:
    return sum(3 * len(block.columns) + len(block.tokens) for blocks in ngrams.blocks for block in blocks)


def weights_of(classifier: Any) -> tuple[Numbers, Numbers]:
    """Weights (D, V) and intercepts (D,) of a linear classifier, of naive Bayes, or of several under one another."""
    name = type(classifier).__name__
    if name == "CalibratedClassifierCV":
        several = [weights_of(part.estimator) for part in parts_of(classifier)]
        return np.concatenate([weights for weights, _ in several]), np.concatenate([start for _, start in several])
    if name == "BernoulliNB":
        absent = np.log(1 - np.exp(classifier.feature_log_prob_))
        return classifier.feature_log_prob_ - absent, classifier.class_log_prior_ + absent.sum(1)
    if name == "MultinomialNB":
        return classifier.feature_log_prob_, classifier.class_log_prior_
    if name == "ComplementNB":
        return classifier.feature_log_prob_, np.zeros(len(classifier.classes_))
    weights = classifier.coef_ if isinstance(classifier.coef_, np.ndarray) else classifier.coef_.toarray()
    return np.atleast_2d(weights), np.broadcast_to(np.atleast_1d(classifier.intercept_), (len(np.atleast_2d(weights)),))
