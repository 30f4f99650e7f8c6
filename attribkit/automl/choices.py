"""Which network, and which settings, for how many and how long texts: the defaults of a quickstart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.automl.guess import WITHOUT_SPACES
from attribkit.data import Dataset

_FEW, _MANY = 5_000, 50_000
"""Training texts up to which a higher learning rate and rare words help; from which on few epochs do."""

_STEPS = 4_000
"""Steps that a training should at least be allowed, for it stops by itself."""

_BATCH = 64


@dataclass(frozen=True)
class Choice:
    """The network and the options of `attribkit.train`, with sentences that say why.

    Attributes:
        architecture: the network's name.
        options: what differs from the usual.
        sentences: why.
    """

    architecture: str
    options: dict[str, Any]
    sentences: tuple[str, ...]


def choose(data: Dataset, vectors: str | Path | None, language: str | None) -> Choice:
    """Choose by the number of training texts, their length, the labels' shares and what vectors there are.

    Args:
        data: split and cleaned.
        vectors: a file of word vectors, if there is one.
        language: as `guess.language_of` names it.
    """
    rows = len(data.train)
    words = data.train["text"].str.count(r"\S+")
    median, longest = int(words.median()), int(words.quantile(0.95))
    epochs = int(min(60, max(8, -(-_STEPS * _BATCH // rows))))
    options: dict[str, Any] = {"epochs": epochs, "patience": 5 if rows <= _FEW else 3 if rows <= _MANY else 2}
    sentences = [
        f"{rows:,} training texts of {median:,} words: a CNN, which is exact to explain, for at most {epochs} epochs"
    ]
    if rows <= _FEW:
        options |= {"learning_rate": 0.003, "word_dropout": 0.1, "averaging": 0.98}
        sentences.append(
            "few texts: a larger learning rate, a tenth of the words blanked, and an average of the weights"
        )
    elif rows <= _MANY:
        options |= {"word_dropout": 0.1, "averaging": 0.99}
    if longest > 400:
        options["max_train_length"] = min(1_000, longest)
    counts = data.train["label"].value_counts()
    if counts.min() * 5 < counts.mean():
        options["class_weights"] = "balanced"
        sentences.append(f"rare labels ({counts.index[-1]!r} has {counts.min():,} texts): they are weighted up")
    if language in WITHOUT_SPACES:
        options["level"] = "character"
        sentences.append(f"{language} is written without spaces: read character by character")
    if vectors is not None:
        options |= {"glove": vectors, "freeze_epochs": 2}
        sentences.append("word vectors: kept fixed for two epochs, then trained along")
    return Choice("cnn", options, tuple(sentences))


def longer(choice: Choice, trained: int) -> Choice | None:
    """The same with twice the epochs, for a training whose last epoch was still the best; None beyond reason."""
    if trained >= 120:
        return None
    options = choice.options | {"epochs": 2 * trained}
    return Choice(
        choice.architecture,
        options,
        (*choice.sentences, f"the last of {trained} epochs was still the best: {2 * trained} epochs"),
    )


def unfit(table: pd.DataFrame) -> str | None:
    """Why a table cannot teach a classifier, in a sentence; None if it can."""
    labels = table["label"].dropna()
    if len(table) < 20:
        return f"at least 20 labelled rows are needed to train and to measure, got {len(table):,}; label more of them"
    counts = labels.value_counts()
    if len(counts) < 2:
        return f"at least two labels are needed, the data has only {counts.index.tolist()}; add texts of another one"
    if len(counts) > 0.34 * len(labels):
        return (
            f"the labels look like names of rows: {len(counts):,} different ones in {len(labels):,} rows; name another "
            "column with `label`"
        )
    return None
