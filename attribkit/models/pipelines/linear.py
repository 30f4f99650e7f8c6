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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.models.pipelines.features import Features
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
        features = self.features.of_texts([of_text.blocks for of_text in ngrams])
        worth = features.values.astype(float)
        counted = features.counts.data
        worth.data = np.divide(worth.data, counted, out=np.zeros(len(counted)), where=counted != 0)
        column_of = np.full(self.features.offsets[-1], -1)
        column_of[features.kept] = np.arange(len(features.kept))
        tokens = np.zeros((bounds[-1], len(weights)))
        for number, offset in enumerate(self.features.offsets[:-1]):
            for blocks in _by_size([of_text.blocks[number] for of_text in ngrams]):
                _add(tokens, blocks, bounds, worth, column_of[offset:], weights)
        return tokens


def _by_size(blocks: Sequence[Sequence[Block]]) -> list[list[Block]]:
    """[size][text] from [text][size]."""
    return [list(of_size) for of_size in zip(*blocks, strict=True)]


def _add(
    tokens: Numbers,
    blocks: Sequence[Block],
    bounds: NDArray[np.int64],
    worth: Any,
    column_of: NDArray[np.int64],
    weights: Numbers,
) -> None:
    """Add the shares of one block of n-grams of each text to its tokens."""
    lengths = [len(block.columns) for block in blocks]
    rows = np.repeat(np.arange(len(blocks)), lengths)
    columns = column_of[np.concatenate([block.columns for block in blocks])]
    used = np.flatnonzero(columns >= 0)
    rows, columns = rows[used], columns[used]
    each = np.asarray(worth[rows, columns]).reshape(-1)
    if blocks[0].signs is not None:
        each = each * np.concatenate([block.signs for block in blocks if block.signs is not None])[used]
    units = np.cumsum([0, *(len(block.tokens) for block in blocks)])[:-1]
    firsts = np.concatenate([block.firsts for block in blocks])[used] + units[rows]
    lasts = np.concatenate([block.lasts for block in blocks])[used] + units[rows]
    token_of = np.concatenate([block.tokens + start for block, start in zip(blocks, bounds[:-1].tolist(), strict=True)])
    each = each / (lasts - firsts + 1)
    longest = int((lasts - firsts).max(initial=-1)) + 1
    for place, of_value in enumerate(weights):
        shares = each * of_value[columns]
        for step in range(longest):
            own = firsts + step <= lasts
            tokens[:, place] += np.bincount(
                token_of[(firsts + step)[own]], shares if bool(own.all()) else shares[own], len(tokens)
            )


def _size(ngrams: TextNgrams) -> int:
    return sum(3 * len(block.columns) + len(block.tokens) for blocks in ngrams.blocks for block in blocks)


def weights_of(classifier: Any) -> tuple[Numbers, Numbers]:
    """Weights (D, V) and intercepts (D,) of a linear classifier or of naive Bayes."""
    name = type(classifier).__name__
    if name == "BernoulliNB":
        absent = np.log(1 - np.exp(classifier.feature_log_prob_))
        return classifier.feature_log_prob_ - absent, classifier.class_log_prior_ + absent.sum(1)
    if name == "MultinomialNB":
        return classifier.feature_log_prob_, classifier.class_log_prior_
    if name == "ComplementNB":
        return classifier.feature_log_prob_, np.zeros(len(classifier.classes_))
    weights = classifier.coef_ if isinstance(classifier.coef_, np.ndarray) else classifier.coef_.toarray()
    return np.atleast_2d(weights), np.broadcast_to(np.atleast_1d(classifier.intercept_), (len(np.atleast_2d(weights)),))
