"""Words that matter for a class and hardly occur on one side of it in the training texts: opinions, or shortcuts."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier

SCARCE = 0.1
"""A word is one-sided where its rarer side has it less than this often, as a share of the other side's texts."""


def one_sided(model: Classifier, words: pd.DataFrame, numbers: Mapping[str, int], train: pd.DataFrame) -> pd.DataFrame:
    """Words that matter for a class and hardly occur on one side of it in the training texts, the strongest first.

    A word is listed for a class if the interval of its mean score does not hold 0, and if it hardly occurs on the side
    that it speaks against: a word that speaks for the class, if the share of the other classes' training texts that
    hold it is less than a tenth of that of its own; one that speaks against it, the other way round.

    Args:
        model: whose tokens are counted.
        words: as `WordImportance.words`.
        numbers: each word's number in the vocabulary.
        train: the training texts, with the columns `text` and `label`.

    Returns:
        the columns that `WordImportance.one_sided` names.

    Raises:
        ValueError: for a table without those columns, or without any of the model's labels.
    """
    if not {"text", "label"} <= set(train):
        raise InputError(f"`train` must have the columns 'text' and 'label', got {', '.join(map(str, train.columns))}")
    places = {label: place for place, label in enumerate(model.labels)}
    known = train[train["label"].astype(str).isin(places) & train["text"].notna()]
    if known.empty:
        raise InputError(f"no label of `train` is one of the model's {', '.join(map(repr, places))}; relabel its rows")
    truth = known["label"].astype(str).map(places).to_numpy(dtype=np.int64)
    holding = _text_counts(model, known["text"].tolist(), truth, numbers)
    sizes = np.bincount(truth, minlength=len(places))
    tables = []
    for label, place in places.items():
        table = words[(words["label"] == label) & ((words["low"] > 0) | (words["high"] < 0))]
        ids = table["word"].map(numbers).to_numpy(dtype=np.int64)
        inside, outside = holding[place, ids], holding[:, ids].sum(0) - holding[place, ids]
        rates = np.stack([inside / max(sizes[place], 1), outside / max(sizes.sum() - sizes[place], 1)])
        table = table[["label", "word", "score", "texts"]].assign(inside=inside, outside=outside)
        ahead, behind = np.where(table["score"] > 0, rates, rates[::-1])  # of the side it speaks for, of the other
        table = table[behind < SCARCE * ahead]
        tables.append(table.sort_values("score", key=abs, ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)


def _text_counts(
    model: Classifier, texts: list[str], truth: NDArray[np.int64], numbers: Mapping[str, int]
) -> NDArray[np.int64]:
    """(C, V) how many texts of each class hold each id of the vocabulary; without one, each word of `numbers`."""
    own_spans = model.capabilities.own_spans
    classes, size = len(model.labels), max(numbers.values(), default=0) + 1 if own_spans else model.vocabulary_size
    counts = np.zeros(classes * size, dtype=np.int64)
    read = tokenise(model.tokenizer, texts, spans=own_spans)
    ids_of = read.ids
    if own_spans:
        ids_of = tuple(np.array([numbers[t] for t in e.tokens if t in numbers], dtype=np.int64) for e in read.encoded)
    for place, ids in zip(truth[read.places], ids_of, strict=True):
        counts[place * size + np.unique(ids)] += 1
    return counts.reshape(classes, size)
