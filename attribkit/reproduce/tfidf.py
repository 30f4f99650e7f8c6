"""The classical reference: TF-IDF and logistic regression, by scikit-learn."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from attribkit.evaluation.metrics import Metrics


def tfidf_reference(train: pd.DataFrame, test: pd.DataFrame, labels: Sequence[str], min_df: int = 3) -> Metrics:
    """Counts of a logistic regression (C = 10) on words and pairs of words that stand in `min_df` texts or more.

    It needs no validation texts to stop by, so `train` should hold those too. Nothing in it is random.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=min_df)
    regression = LogisticRegression(C=10, max_iter=1_000)
    regression.fit(words.fit_transform(train["text"]), train["label"])
    predicted = regression.predict(words.transform(test["text"]))
    place = {label: number for number, label in enumerate(labels)}
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (test["label"].map(place).to_numpy(), [place[label] for label in predicted]), 1)
    return Metrics(tuple(labels), confusion)
