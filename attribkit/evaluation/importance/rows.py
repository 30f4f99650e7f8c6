"""Word and phrase importance as tables: a row for each class and word or phrase."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attribkit.evaluation.importance.occurrences import Occurrences
from attribkit.evaluation.importance.phrases import Ngrams

_MIRRORED = (("share_for", "share_against"), ("example_for", "example_against"))


def word_rows(tokens: Occurrences, words: Ngrams, label: str, replicates: int, seed: int) -> pd.DataFrame:
    """One class's rows of what `WordImportance.words` names, from the occurrences that count for it.

    Args:
        tokens: every token of the class's texts.
        words: the words that recur.
        label: the class.
        replicates: the number of bootstrap samples.
        seed: of the bootstrap.
    """
    groups = words.groups
    scores, mean = groups.scores, groups.means
    low, high = groups.intervals(replicates, seed)
    counts = [np.bincount(groups.group[side], minlength=groups.size) for side in (scores > 0, scores < 0)]
    sums = [np.bincount(groups.group, part, groups.size) for part in (scores.clip(min=0), scores.clip(max=0))]
    places = {
        "example": groups.nearest(mean),
        "example_for": groups.nearest(np.full(groups.size, scores.max(initial=0))),
        "example_against": groups.nearest(np.full(groups.size, scores.min(initial=0))),
    }
    return pd.DataFrame(
        {
            "label": label,
            "word": [tokens.words[place] for place in words.words[:, 0]],
            "score": mean,
            "low": low,
            "high": high,
            "occurrences": groups.count,
            "texts": groups.text_count,
            "share_for": counts[0] / groups.count,
            "share_against": counts[1] / groups.count,
            "when_for": sums[0] / np.maximum(counts[0], 1),
            "when_against": sums[1] / np.maximum(counts[1], 1),
            **{name: [tokens.place(words.first[place]) for place in ones] for name, ones in places.items()},
        }
    )


def phrase_rows(tokens: Occurrences, runs: Ngrams, label: str, replicates: int, seed: int) -> pd.DataFrame:
    """One class's rows of what `WordImportance.phrases` names, of runs of one length.

    Args:
        tokens: every token of the class's texts.
        runs: the runs that recur.
        label: the class.
        replicates: the number of bootstrap samples.
        seed: of the bootstrap.
    """
    groups, length = runs.groups, runs.words.shape[1]
    low, high = groups.intervals(replicates, seed)
    return pd.DataFrame(
        {
            "label": label,
            "phrase": [" ".join(tokens.words[place] for place in row) for row in runs.words],
            "score": groups.means,
            "low": low,
            "high": high,
            "occurrences": groups.count,
            "texts": groups.text_count,
            "alone": runs.alone,
            "tells": runs.tells,
            "example": [tokens.place(runs.first[place], length) for place in groups.nearest(groups.means)],
        }
    )


def in_order(tables: Sequence[pd.DataFrame], labels: Sequence[str], two: bool) -> pd.DataFrame:
    """The tables of all classes as one; of `two` classes the second was measured, and the first is its negative.

    They are ordered by class, then by the end of the interval nearer to zero: those that surely speak for it first.
    """
    table = pd.concat(tables)
    if two:
        table = pd.concat([_mirrored(table, labels[0]), table])
    places = {label: place for place, label in enumerate(labels)}
    sure = table["low"].clip(lower=0) + table["high"].clip(upper=0)
    order = table.assign(place=table["label"].map(places), sure=sure)
    order = order.sort_values(["place", "sure", "score"], ascending=[True, False, False], kind="stable")
    return order.drop(columns=["place", "sure"]).reset_index(drop=True)


def _mirrored(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """The same rows for the other of two classes."""
    turned = table.assign(label=label, score=-table["score"], low=-table["high"], high=-table["low"])
    if "alone" in table:
        turned["alone"] = -table["alone"]
    if "when_for" in table:
        turned["when_for"], turned["when_against"] = -table["when_against"], -table["when_for"]
        for column, other in _MIRRORED:
            turned[column], turned[other] = table[other], table[column]
    return turned
