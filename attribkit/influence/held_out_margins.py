"""How sure models are of each row's label that never saw the row: the last layer, and a linear model of its words.

The network has been trained on the rows, wrong labels among them, so that its features may remember them; the last
layer alone is cross-validated. A linear model of words and pairs of words is cross-validated as a whole: it is less
good, but has nothing to remember a row by. Their mean ranks better than either.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from attribkit.data.split_record import text_hashes
from attribkit.last_layer.features import Features
from attribkit.last_layer.softmax_regression import SoftmaxRegression, fit
from attribkit.progress import Progress, counted, silent

_INVERSE_L2 = 3.0  # of the model of words, as scikit-learn counts it


def folds(texts: Sequence[str], labels: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """(N,) a fold for each row, stratified by label; copies of a text share theirs, or one would tell of another.

    Args:
        texts: (N,).
        labels: (N,).
        count: how many folds.
        seed: draws them.
    """
    _, firsts, copies = np.unique(text_hashes(texts), return_index=True, return_inverse=True)
    random = np.random.default_rng(seed)
    of_text = np.zeros(len(firsts), dtype=np.int64)
    begin = 0
    for label in np.unique(labels[firsts]):
        rows = np.flatnonzero(labels[firsts] == label)
        of_text[random.permutation(rows)] = (begin + np.arange(len(rows))) % count
        begin += len(rows)
    chosen: NDArray[np.int64] = of_text[copies]
    return chosen


def layer_logits(
    features: Features, regression: SoftmaxRegression, fold: NDArray[np.int64], progress: Progress = silent
) -> NDArray[np.float64]:
    """(N, C) each row's logits by the last layer refitted without the row's fold; λ falls with the rows.

    Args:
        features: of the N rows.
        regression: fitted on all of them.
        fold: (N,).
        progress: called as `attribkit.progress.Progress` says.
    """
    logits = np.zeros((len(fold), regression.classes))
    for number in counted(np.unique(fold).tolist(), progress, "cross-validating the last layer"):
        counts = (fold != number).astype(float)
        penalty = regression.penalty * float(counts.mean())
        without = fit(
            features, regression.labels, regression.classes, 0.0,
            weight_of=counts, penalty=penalty, start=regression.weights,
        )  # fmt: skip
        for rows, block in features.blocks():
            held = fold[rows] == number
            logits[rows][held] = without.logits(block[held])
    return logits


def word_logits(
    texts: Sequence[str], labels: NDArray[np.int64], classes: int, fold: NDArray[np.int64], progress: Progress = silent
) -> NDArray[np.float64]:
    """(N, C) each row's log-probabilities by a linear model of words and pairs of words trained without its fold.

    The words are weighted by tf-idf, as Wang & Manning, "Baselines and bigrams" (ACL 2012), found hard to beat.

    Args:
        texts: (N,).
        labels: (N,).
        classes: C.
        fold: (N,).
        progress: called as `attribkit.progress.Progress` says.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+").fit_transform(texts)
    logits = np.full((len(fold), classes), np.log(1e-9))
    for number in counted(np.unique(fold).tolist(), progress, "cross-validating a model of words"):
        held = np.flatnonzero(fold == number)
        rest = np.flatnonzero(fold != number)
        if len(np.unique(labels[rest])) < 2:  # nothing can be learned of one class, so nothing is said
            logits[held] = -np.log(classes)
            continue
        model = LogisticRegression(C=_INVERSE_L2, max_iter=300).fit(words[rest], labels[rest])
        logits[np.ix_(held, model.classes_)] = np.log(np.maximum(model.predict_proba(words[held]), 1e-9))
    return logits
